"""Figures that say how good scores are, as plain functions of scores and outcomes."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TINY = 1e-12


def auc(scores: Floats, labels: Floats) -> float | None:
    """Chance that a buyer is ranked above a non-buyer, ties counting half; None: one outcome only.

    Notes
    -----
    The Mann-Whitney statistic: (R - P (P + 1) / 2) / (P N), R the sum of the buyers' mean ranks.
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    ranks = mean_ranks(scores)
    return float(ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (
        positives * negatives
    )


def lift(scores: Floats, labels: Floats, share: float = 0.1) -> float | None:
    """Buying rate among the best ``share`` of rows over the overall rate; None: no buyers.

    Rows tied at the border count with the mean outcome of their tie, so that the order of the
    rows does not matter.
    """
    top = max(1, int(np.floor(len(labels) * share)))
    if not labels.sum():
        return None
    order = np.argsort(-scores, kind="stable")
    border = scores[order[top - 1]]
    above, tied = scores > border, scores == border
    bought = labels[above].sum() + labels[tied].mean() * (top - above.sum())
    return float(bought / top / labels.mean())


def brier(probabilities: Floats, labels: Floats) -> float:
    """Mean squared distance between probability and outcome."""
    return float(np.mean((probabilities - labels) ** 2))


def log_loss(probabilities: Floats, labels: Floats) -> float:
    """Mean negative log likelihood, in nats."""
    p = np.clip(probabilities, _TINY, 1 - _TINY)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log1p(-p)))


def sigmoid(logits: Floats) -> Floats:
    """Turn log odds into probabilities."""
    bounded = np.clip(logits, -500, 500)
    result: Floats = 1.0 / (1.0 + np.exp(-bounded))
    return result


def log_odds(probability: float) -> float:
    """Turn a probability into log odds, kept finite at 0 and 1."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(p / (1 - p)))


def mean_ranks(values: Floats) -> Floats:
    """Rank ascending from 1; equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    result: Floats = (last - (counts - 1) / 2.0)[inverse]
    return result
