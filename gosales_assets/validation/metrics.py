"""Metrics of a ranking, computed from its `Tally`, one figure per resample.

A metric that does not exist (no buyers, nothing but buyers, no money) is NaN here and null in the
tables. Ties share: AUC goes by mid-ranks, and a cut through a group takes the expected part of it.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from gosales_assets.validation.tallies import Floats, Tally

# Probabilities are kept this far from 0 and 1 in log loss, as scikit-learn does for doubles.
EPSILON = float(np.finfo(np.float64).eps)


def auc(tally: Tally) -> Floats:
    """Area under the ROC curve: chance that a buyer stands above a non-buyer, ties half."""
    negatives_down = tally.rows_down - tally.positives_down
    below = negatives_down[-1:] - negatives_down
    wins = _sum(tally.positives, below + tally.negatives / 2)
    return _ratio(wins, tally.positives.sum(axis=0) * tally.negatives.sum(axis=0))


def pr_auc(tally: Tally) -> Floats:
    """Average precision: mean over the buyers of the precision at each one's score."""
    precision = tally.positives_down / np.maximum(tally.rows_down, 1)
    return _ratio(_sum(tally.positives, precision), tally.positives.sum(axis=0))


def capture(tally: Tally, share: float) -> Floats:
    """Share of the buyers in the best ``share`` of the rows."""
    return _captured(tally, tally.positives, tally.positives_down, share)


def lift(tally: Tally, share: float) -> Floats:
    """Buyers in the best ``share`` of the rows, relative to a random order."""
    return capture(tally, share) / share


def value_lift(tally: Tally, share: float) -> Floats:
    """Money in the best ``share`` of the rows, relative to a random order."""
    return _captured(tally, tally.values, tally.values_down, share) / share


def brier(tally: Tally) -> Floats:
    """Mean squared difference of probability and outcome."""
    return _mean_loss(tally, (1 - tally.scores) ** 2, tally.scores**2)


def log_loss(tally: Tally) -> Floats:
    """Mean negative log likelihood of the outcomes."""
    p = np.clip(tally.scores, EPSILON, 1 - EPSILON)
    return _mean_loss(tally, -np.log(p), -np.log1p(-p))


def calibration_error(tally: Tally) -> Floats:
    """Mean distance of mean probability and buying rate over ten quantile bins, by count."""
    if not tally.bins.size:
        return np.full(tally.rows.shape[1], np.nan)
    gap = tally.rows * tally.scores[:, None] - tally.positives
    starts = np.flatnonzero(np.r_[True, tally.bins[1:] != tally.bins[:-1]])
    per_bin = np.add.reduceat(gap, starts, axis=0)
    return _ratio(np.abs(per_bin).sum(axis=0), tally.rows.sum(axis=0))


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


def _captured(tally: Tally, amounts: Floats, down: Floats, share: float) -> Floats:
    """Part of the amounts in the best ``share`` of the rows; of the group that is cut, its share.

    ``down`` are the amounts added up along the ranking.
    """
    if not tally.bins.size:
        return np.full(tally.rows.shape[1], np.nan)
    room = share * tally.rows_down[-1]
    column = np.arange(room.size)
    cut = np.minimum((tally.rows_down <= room).sum(axis=0), len(down) - 1)
    rows = tally.rows[cut, column]
    left = room - (tally.rows_down[cut, column] - rows)
    taken = np.clip(left / np.maximum(rows, 1), 0, 1)
    before = down[cut, column] - amounts[cut, column]
    return _ratio(before + taken * amounts[cut, column], down[-1])


def _mean_loss(tally: Tally, of_positive: Floats, of_negative: Floats) -> Floats:
    losses = np.einsum("g,gr->r", of_positive, tally.positives) + np.einsum(
        "g,gr->r", of_negative, tally.negatives
    )
    return _ratio(losses, tally.rows.sum(axis=0))


def _sum(amounts: Floats, factors: Floats) -> Floats:
    """Sums of the products down each column."""
    return np.einsum("gr,gr->r", amounts, factors)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
