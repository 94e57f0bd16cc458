"""Metrics of a ranking, computed from its `Tally`, one figure per resample.

A metric that does not exist (no buyers, nothing but buyers, no money) is NaN here and null in the
tables. Ties share: AUC goes by mid-ranks, and a cut through a group takes the expected part of it.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from gosales_assets.validation.tallies import BINS, Floats, Tally

# Probabilities are kept this far from 0 and 1 in log loss, as scikit-learn does for doubles.
EPSILON = float(np.finfo(np.float64).eps)


def auc(tally: Tally) -> Floats:
    """Area under the ROC curve: chance that a buyer stands above a non-buyer, ties half."""
    below = tally.negatives.sum(axis=0) - np.cumsum(tally.negatives, axis=0)
    wins = (tally.positives * (below + tally.negatives / 2)).sum(axis=0)
    return _ratio(wins, tally.positives.sum(axis=0) * tally.negatives.sum(axis=0))


def pr_auc(tally: Tally) -> Floats:
    """Average precision: mean over the buyers of the precision at each one's score."""
    found = np.cumsum(tally.positives, axis=0)
    precision = found / np.maximum(found + np.cumsum(tally.negatives, axis=0), 1)
    return _ratio((tally.positives * precision).sum(axis=0), tally.positives.sum(axis=0))


def capture(tally: Tally, share: float) -> Floats:
    """Share of the buyers in the best ``share`` of the rows."""
    return _captured(tally, tally.positives, share)


def lift(tally: Tally, share: float) -> Floats:
    """Buyers in the best ``share`` of the rows, relative to a random order."""
    return capture(tally, share) / share


def value_lift(tally: Tally, share: float) -> Floats:
    """Money in the best ``share`` of the rows, relative to a random order."""
    return _captured(tally, tally.values, share) / share


def brier(tally: Tally) -> Floats:
    """Mean squared difference of probability and outcome."""
    p = tally.scores[:, None]
    return _mean_loss(tally, (1 - p) ** 2, p**2)


def log_loss(tally: Tally) -> Floats:
    """Mean negative log likelihood of the outcomes."""
    p = np.clip(tally.scores[:, None], EPSILON, 1 - EPSILON)
    return _mean_loss(tally, -np.log(p), -np.log1p(-p))


def calibration_error(tally: Tally) -> Floats:
    """Mean distance of mean probability and buying rate over ten quantile bins, by count."""
    rows = tally.positives + tally.negatives
    gap = rows * tally.scores[:, None] - tally.positives
    per_bin = np.zeros((BINS, rows.shape[1]))
    np.add.at(per_bin, tally.bins, gap)
    return _ratio(np.abs(per_bin).sum(axis=0), rows.sum(axis=0))


RANKING_METRICS: dict[str, Callable[[Tally], Floats]] = {
    "auc": auc,
    "pr_auc": pr_auc,
    **{f"lift_{k}": partial(lift, share=k / 100) for k in (5, 10, 20)},
    **{f"capture_{k}": partial(capture, share=k / 100) for k in (5, 10, 20)},
    "value_lift_10": partial(value_lift, share=0.10),
}
PROBABILITY_METRICS: dict[str, Callable[[Tally], Floats]] = {
    "brier": brier,
    "log_loss": log_loss,
    "calibration_error": calibration_error,
}


def _captured(tally: Tally, amounts: Floats, share: float) -> Floats:
    rows = tally.positives + tally.negatives
    before = np.cumsum(rows, axis=0) - rows
    room = share * rows.sum(axis=0) - before
    taken = np.clip(room / np.maximum(rows, 1), 0, 1)
    return _ratio((taken * amounts).sum(axis=0), amounts.sum(axis=0))


def _mean_loss(tally: Tally, of_positive: Floats, of_negative: Floats) -> Floats:
    losses = tally.positives * of_positive + tally.negatives * of_negative
    return _ratio(losses.sum(axis=0), (tally.positives + tally.negatives).sum(axis=0))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
