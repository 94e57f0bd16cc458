"""The slow truth of what is fitted: the papers' formulas in plain Python, on stored parameters."""

import math
from collections.abc import Sequence

from gosales_assets.division_names import division_identity
from gosales_assets_tests.features.oracle_past import DAYS_PER_MONTH, Past, Truth, ratio


def of_fitted(past: Past, customer: str, target: str) -> Truth:
    """Rate, mix and likeness of a customer and target."""
    return (
        _rate(past, customer, target)
        | _mix(past, customer, target)
        | _alike(past, customer, target)
    )


def of_lifetime(past: Past, customer: str) -> Truth:
    """BG/NBD (Fader, Hardie, Lee 2005): chance to be alive, and orders in the window ahead."""
    days = sorted({row["order_date"] for row in past.of(customer) if not row["is_return"]})
    x = len(days) - 1
    recency, age = ((day - days[0]).days / 7 for day in (days[-1], past.cutoff))
    ahead = past.settings.window_months * DAYS_PER_MONTH / 7
    r, alpha, a, b = (past.fitted["lifetime"][name] for name in ("r", "alpha", "a", "b"))
    gone = a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x) if x else 0.0
    alive = 1 / (1 + gone)
    series = _hypergeometric(r + x, b + x, a + b + x - 1, ahead / (alpha + age + ahead))
    lost = ((alpha + age) / (alpha + age + ahead)) ** (r + x) * series
    return {
        "lifetime__all__p_alive__ever": alive,
        "lifetime__all__expected_orders__ever": (a + b + x - 1) / (a - 1) * (1 - lost) * alive,
    }


def _hypergeometric(a: float, b: float, c: float, z: float) -> float:
    """Gauss's series, term by term."""
    term = total = 1.0
    n = 0
    while abs(term) > 1e-15 * abs(total) or n < 50:
        term *= (a + n) * (b + n) / (c + n) / (n + 1) * z
        total += term
        n += 1
    return total


def _rate(past: Past, customer: str, target: str) -> Truth:
    shape, rate = past.fitted["purchase_rate"][target]
    months, time = past.months(customer, target), exposure(past, customer)
    return {"rate__div__order_months__24m": (shape + months) / (rate + time)}


def exposure(past: Past, customer: str) -> float:
    """Months in which a customer could have bought: at most 24, at least a day."""
    first = min(row["order_date"] for row in past.of(customer) if not row["is_return"])
    known = (past.cutoff - first).days / DAYS_PER_MONTH
    return min(max(known, 1 / DAYS_PER_MONTH), 24)


def _mix(past: Past, customer: str, target: str) -> Truth:
    market, strength = past.fitted["mix"][target]
    total = sum(past.value(customer, division) for division in past.divisions)
    orders = sum(past.orders(customer, division) for division in past.divisions)
    share = ratio(past.value(customer, target), total)
    eased = market if share is None else (orders * share + strength * market) / (orders + strength)
    return {"mix__div__value_share__12m": share, "mix__div__shrunk_value_share__12m": eased}


def _alike(past: Past, customer: str, target: str) -> Truth:
    months = [past.months(customer, item) for item in past.fitted["similarity"]["items"]]
    near = neighbours(past, target)
    held = sum(c for item, c in near.items() if past.months(customer, item))
    return {
        "similarity__div__neighbour__24m": ratio(held, sum(near.values())),
        "similarity__div__als__24m": _als(past, months, target),
    }


def neighbours(past: Past, target: str) -> dict[str, float]:
    """The twenty divisions nearest to a target, by the cosine of who bought them in 24 months."""
    own = {target, *past.own_divisions(target)}
    found = {item: _cosine(past, item, target) for item in past.divisions if item not in own}
    ranked = sorted(found, key=lambda item: (-found[item], division_identity(item), item))
    return {item: found[item] for item in ranked[:20]}


def _cosine(past: Past, one: str, other: str) -> float:
    of_one, of_other = (past.buyers_of_two_years[item] for item in (one, other))
    size = math.sqrt(len(of_one) * len(of_other))
    return len(of_one & of_other) / size if size else 0.0


def _als(past: Past, months: Sequence[int], target: str) -> float | None:
    """Hu, Koren, Volinsky (2008), equation 4, then the dot product with the target's factors."""
    learned = past.fitted["similarity"]
    factors = learned["factors"]
    if factors is None:
        return None
    size = len(factors[0])
    left = [
        [
            sum((1.0 + m) * y[i] * y[j] for y, m in zip(factors, months, strict=True))
            + (learned["regularization"] if i == j else 0.0)
            for j in range(size)
        ]
        for i in range(size)
    ]
    right = [
        sum((1.0 + m) * y[i] for y, m in zip(factors, months, strict=True) if m)
        for i in range(size)
    ]
    own = _solved(left, right)
    return sum(a * b for a, b in zip(own, factors[learned["items"].index(target)], strict=True))


def _solved(left: list[list[float]], right: list[float]) -> list[float]:
    """Gauss's elimination; the matrix is positive definite, so no pivoting is needed."""
    rows = [[*row, value] for row, value in zip(left, right, strict=True)]
    for i, pivot in enumerate(rows):
        rows[i] = pivot = [value / pivot[i] for value in pivot]
        for k, row in enumerate(rows):
            if k != i:
                rows[k] = [value - row[i] * p for value, p in zip(row, pivot, strict=True)]
    return [row[-1] for row in rows]
