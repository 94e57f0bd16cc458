"""Distances between two samples of a score: PSI and Kolmogorov-Smirnov."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10
# An empty bin would make the index infinite; half a row keeps it finite and fair to small samples.
EMPTY_BIN_ROWS = 0.5


def psi(reference: Floats, current: Floats, bins: int = BINS) -> float:
    """Population stability index: sum of (q - p) ln(q / p) over quantile bins of the reference.

    p and q are the shares of the reference and the current sample in a bin. Equal quantiles are
    merged, so that a reference with few distinct values has fewer bins. Below .1 is usually called
    stable, above .25 a shift (Siddiqi, Credit Risk Scorecards, 2006).

    Raises
    ------
    ValueError
        When a sample is empty.
    """
    _not_empty(reference, current)
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    p, q = (_shares(sample, edges) for sample in (reference, current))
    return float(np.sum((q - p) * np.log(q / p)))


def ks(reference: Floats, current: Floats) -> float:
    """Kolmogorov-Smirnov statistic: largest distance of the two cumulative shares, 0 to 1.

    Raises
    ------
    ValueError
        When a sample is empty.
    """
    _not_empty(reference, current)
    at = np.concatenate([reference, current])
    shares = [
        np.searchsorted(np.sort(sample), at, side="right") / sample.size
        for sample in (reference, current)
    ]
    return float(np.abs(shares[0] - shares[1]).max())


def _shares(sample: Floats, edges: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(edges, sample, side="left"), minlength=edges.size + 1)
    return np.maximum(counts, EMPTY_BIN_ROWS) / sample.size


def _not_empty(reference: Floats, current: Floats) -> None:
    if not reference.size or not current.size:
        raise ValueError(
            f"two samples are needed: {reference.size} reference and {current.size} current values"
        )
