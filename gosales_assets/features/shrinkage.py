"""How far a small group's rate is to be trusted: priors estimated from the data by moments."""

import numpy as np

from gosales_assets.features.holdings import Array

WEAKEST, STRONGEST = 1.0, 10_000.0


def rate_prior(successes: Array, trials: Array) -> float:
    """Strength of a beta prior, in trials, that explains how rates differ between groups.

    Method of moments for the beta-binomial (Kleinman 1973, JASA 68, 46-54): with m the pooled
    rate and S = sum n (p - m)^2, the intra-group correlation is
    rho = (S / (m (1 - m)) - (G - 1)) / (N - sum n^2 / N - (G - 1)), the strength 1 / rho - 1.

    Parameters
    ----------
    successes, trials
        Counts per group; groups without trials are left out.

    Returns
    -------
    Pseudo-trials between 1 (groups differ freely) and 10,000 (groups do not differ).
    """
    seen = trials > 0
    n, s = trials[seen], successes[seen]
    total = float(n.sum())
    pooled = float(s.sum()) / total if total else 0.0
    room = total - float((n**2).sum()) / total - (n.size - 1) if total else 0.0
    if not 0 < pooled < 1 or room <= 0:
        return STRONGEST
    spread = float((n * (s / n - pooled) ** 2).sum()) / (pooled * (1 - pooled))
    rho = (spread - (n.size - 1)) / room
    return float(np.clip(1 / rho - 1, WEAKEST, STRONGEST)) if rho > 0 else STRONGEST


def shrunk(successes: Array, trials: Array, prior: Array | float, strength: float) -> Array:
    """Posterior mean rate: (successes + strength x prior) / (trials + strength)."""
    return np.asarray((successes + strength * prior) / (trials + strength))


def gamma_prior(counts: Array, exposure: Array) -> tuple[float, float]:
    """Shape and rate of a gamma prior on Poisson rates, by moments.

    With m the pooled rate, the between-customer variance of rates is estimated by
    V = (sum (n - m t)^2 - sum n) / sum t^2; shape = m^2 / V and rate = m / V.
    A variance that is not positive means that one rate serves all: the prior gets the weight of
    the whole sample.

    Parameters
    ----------
    counts, exposure
        Events per customer, and the time in which they fell (same unit as the rate).
    """
    time = float(exposure.sum())
    pooled = float(counts.sum()) / time if time else 0.0
    if pooled == 0.0:
        return 0.0, max(time, 1.0)
    surplus = float(((counts - pooled * exposure) ** 2).sum() - counts.sum())
    variance = surplus / float((exposure**2).sum())
    rate = min(pooled / variance, time) if variance > 0 else time
    return pooled * rate, rate
