"""BG/NBD against what was published, and against its formulas where they are elementary."""

import math

import numpy as np
import pytest

from gosales_assets.features import lifetime

CDNOW = lifetime.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
ONES = lifetime.BGNBD(1.0, 1.0, 1.0, 1.0)


def _customer(repeats: float, recency: float, age: float) -> list[np.ndarray]:
    return [np.array([value]) for value in (repeats, recency, age)]


def test_the_papers_customer_1_is_expected_to_order_1_226_times() -> None:
    # Fader, Hardie, Lee: two repeats, the last after 30.43 of 38.86 weeks; the next 39 weeks.
    seen = _customer(2, 30.43, 38.86)
    assert lifetime.expected_orders(CDNOW, *seen, weeks=39.0)[0] == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize(("x", "last", "age"), [(1, 3.0, 9.0), (2, 5.0, 5.0), (7, 10.0, 40.0)])
def test_likelihood_and_p_alive_with_all_parameters_one(x: int, last: float, age: float) -> None:
    # Equation 6 with B(1, 1 + x) = 1 / (1 + x) and B(2, x) = 1 / (x (x + 1)).
    alive = (1 + age) ** -(1 + x) / (1 + x)
    gone = (1 + last) ** -(1 + x) / (x * (x + 1))
    seen = _customer(x, last, age)
    expected = math.log(math.factorial(x) * (alive + gone))
    assert lifetime.log_likelihood(ONES, *seen) == pytest.approx(expected)
    assert lifetime.p_alive(ONES, *seen)[0] == pytest.approx(alive / (alive + gone))


def test_without_repeats_nobody_has_dropped_out() -> None:
    seen = _customer(0, 0.0, 9.0)
    assert lifetime.p_alive(ONES, *seen)[0] == 1.0
    assert lifetime.log_likelihood(ONES, *seen) == pytest.approx(-math.log(10))


@pytest.mark.parametrize(("age", "weeks"), [(0.0, 1.0), (9.0, 26.0), (200.0, 52.0)])
def test_expected_orders_where_the_hypergeometric_is_a_logarithm(age: float, weeks: float) -> None:
    # Equation 10 with 2F1(1, 1; 2; z) = -ln(1 - z) / z.
    z = weeks / (1 + age + weeks)
    expected = 2 * (1 + (1 - z) * math.log(1 - z) / z)
    model = lifetime.BGNBD(r=1.0, alpha=1.0, a=2.0, b=1.0)
    found = lifetime.expected_orders(model, *_customer(0, 0.0, age), weeks=weeks)
    assert found[0] == pytest.approx(expected)


def test_a_large_base_is_drawn_from_the_same_way_each_time() -> None:
    draw = np.random.default_rng(5)
    age = draw.uniform(20, 40, lifetime.MOST_CUSTOMERS + 500)
    repeats = draw.poisson(0.05 * age).astype(float)
    recency = np.where(repeats > 0, age * draw.random(age.size), 0.0)
    first, again = (lifetime.fit(repeats, recency, age, seed=1) for _ in range(2))
    assert first == again
    assert first != lifetime.fit(repeats, recency, age, seed=2)
