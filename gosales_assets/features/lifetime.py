"""BG/NBD: is the customer still one, and how many orders are to come.

Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2),
equations 6 (likelihood), 10 (expected purchases) and, for the chance to be alive, their note
"Computing P(alive) Using the BG/NBD Model" (2008). Time is in weeks, as in the paper.
"""

from dataclasses import dataclass

import numpy as np

from gosales_assets.features.holdings import Array

MOST_CUSTOMERS = 5_000
DAYS_PER_WEEK = 7.0
_BOUNDS = ((-6.0, 6.0), (-3.0, 9.0), (-5.0, 5.0), (-5.0, 5.0))
"""Of the logarithms of r, alpha, a and b: data without any pattern must not run off."""
_NEAR_ONE = 1e-6


@dataclass(frozen=True)
class BGNBD:
    """Fitted BG/NBD parameters: purchase rates ~ gamma(r, alpha), dropout ~ beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


def fit(repeats: Array, recency: Array, age: Array, seed: int) -> BGNBD:
    """Fit by maximum likelihood, on at most 5,000 customers drawn with ``seed``.

    Parameters
    ----------
    repeats
        Order days after the first one.
    recency, age
        Weeks from the first order to the last, and to the cutoff.
    """
    from scipy.optimize import minimize

    if len(repeats) > MOST_CUSTOMERS:
        drawn = np.random.default_rng(seed).choice(len(repeats), MOST_CUSTOMERS, replace=False)
        drawn.sort()
        repeats, recency, age = repeats[drawn], recency[drawn], age[drawn]

    def loss(logs: Array) -> float:
        model = BGNBD(*np.exp(logs))
        return -log_likelihood(model, repeats, recency, age) / len(repeats)

    start = np.log([1.0, max(float(age.mean()), 1.0) / max(float(repeats.mean()), 0.1), 1.0, 1.0])
    start = np.clip(start, *np.array(_BOUNDS).T)
    found = minimize(loss, start, method="L-BFGS-B", bounds=_BOUNDS)
    return BGNBD(*(float(value) for value in np.exp(found.x)))


def log_likelihood(model: BGNBD, repeats: Array, recency: Array, age: Array) -> float:
    """Total log-likelihood of customers under the model (equation 6)."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    common = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    alive = betaln(a, b + repeats) - (r + repeats) * np.log(alpha + age)
    repeated = repeats > 0
    gone = np.where(
        repeated,
        betaln(a + 1, b + np.maximum(repeats, 1) - 1) - (r + repeats) * np.log(alpha + recency),
        -np.inf,
    )
    return float((common + np.logaddexp(alive, gone)).sum())


def p_alive(model: BGNBD, repeats: Array, recency: Array, age: Array) -> Array:
    """Chance that a customer has not dropped out by now; 1 before any repeat."""
    odds = np.log(model.a / (model.b + np.maximum(repeats, 1) - 1)) + (model.r + repeats) * np.log(
        (model.alpha + age) / (model.alpha + recency)
    )
    return np.where(repeats > 0, 1 / (1 + np.exp(np.clip(odds, None, 700.0))), 1.0)


def expected_orders(
    model: BGNBD, repeats: Array, recency: Array, age: Array, weeks: float
) -> Array:
    """Order days expected in the coming ``weeks`` (equation 10)."""
    from scipy.special import hyp2f1

    r, a, b = model.r, model.a, model.b
    if abs(a - 1) < _NEAR_ONE:  # the formula is continuous there, but divides zero by zero
        a = 1 + _NEAR_ONE
    z = weeks / (model.alpha + age + weeks)
    # After Euler's transformation of 2F1(r + x, b + x; a + b + x - 1; z) no term grows with x.
    with np.errstate(over="ignore", invalid="ignore"):
        series = hyp2f1(a + b - 1 - r, a - 1, a + b + repeats - 1, z) * (1 - z) ** (a - 1)
    # It can only overflow where dropout is almost certain; the product's limit is 0.
    series = np.where(np.isfinite(series), series, 0.0)
    unconditional = (a + b + repeats - 1) / (a - 1) * (1 - series)
    return np.asarray(unconditional * p_alive(model, repeats, recency, age))
