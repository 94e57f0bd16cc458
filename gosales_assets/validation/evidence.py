"""The evidence before the gate: as-of scores of closed cutoffs with their outcomes, and figures.

A model is judged by its recipe (code and settings): at each closed cutoff by the scores that the
model of that cutoff gave, which never learned from that cutoff's outcomes.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from gosales_assets.validation import metrics
from gosales_assets.validation.tallies import (
    INTERVAL,
    Floats,
    Ranking,
    Tally,
    draws,
    exact,
    resampled,
)

TENTH = 0.10
# Two comparisons with the champion are made: each gets half of the 2.5 % that chance is allowed.
STRICT = (0.0125, 0.9875)
COLUMNS = ["cutoff", "customer_id", "label", "model", "naive", "champion"]


@dataclass(frozen=True)
class Figures:
    """What one division's scores show, means over cutoffs weighted by buyers.

    ``level`` is the sum of the probabilities per buyer; ``calibration_error`` pools the cutoffs.
    A figure that does not exist (no buyers, or nobody else) is NaN.
    """

    rows: int
    positives: int
    auc: float
    lift_10: float
    calibration_error: float
    level: float
    naive_auc: float


@dataclass(frozen=True)
class Comparison:
    """A paired difference, ours less theirs: the figure and its bounds by bootstrap.

    ``low`` and ``high`` are the 95 % interval, ``at_least`` and ``at_most`` a wider one (97.5 %).
    """

    gain: float
    low: float
    high: float
    at_least: float
    at_most: float


def figures(rows: pl.DataFrame) -> Figures:
    """Measure one division's scores.

    Parameters
    ----------
    rows
        One row per closed cutoff and customer: see ``COLUMNS``; ``champion`` may be null.
    """
    label, model = rows["label"].to_numpy() == 1, rows["model"].to_numpy()
    buyers = int(label.sum())
    pooled = exact(_ranking(np.arange(label.size), model, label))
    by_cutoff = list(_by_cutoff(rows))
    return Figures(
        rows=rows.height,
        positives=buyers,
        auc=_point(by_cutoff, "model", metrics.auc),
        lift_10=_point(by_cutoff, "model", _lift_10),
        calibration_error=float(metrics.calibration_error(pooled)[0]) if label.size else math.nan,
        level=float(model.sum() / buyers) if buyers else math.nan,
        naive_auc=_point(by_cutoff, "naive", metrics.auc),
    )


def compare_ranking(rows: pl.DataFrame, theirs: str, replicates: int, seed: int) -> Comparison:
    """Compare AUCs, ours with those of ``theirs`` ("naive" or "champion"), as pairs.

    Customers are resampled, each with its rows at all cutoffs, the same for both rankings.
    """
    numbered = rows.with_columns(_number=pl.col("customer_id").rank("dense") - 1)
    customers = numbered["customer_id"].n_unique()
    by_cutoff = list(_by_cutoff(numbered))
    batches = [
        _mean(by_cutoff, "model", metrics.auc, weights)
        - _mean(by_cutoff, theirs, metrics.auc, weights)
        for weights in draws(customers, replicates, (seed, customers))
    ]
    gain = _point(by_cutoff, "model", metrics.auc) - _point(by_cutoff, theirs, metrics.auc)
    return _comparison(gain, np.concatenate(batches))


def compare_probabilities(
    rows: pl.DataFrame, theirs: str, replicates: int, seed: int
) -> Comparison:
    """Compare log losses, ours less than ``theirs`` being a gain, as pairs of customers."""
    label = rows["label"].to_numpy() == 1
    saved = _loss(rows[theirs].to_numpy(), label) - _loss(rows["model"].to_numpy(), label)
    number = (rows["customer_id"].rank("dense") - 1).to_numpy().astype(np.int64)
    per_customer = np.bincount(number, saved)
    counts = np.bincount(number).astype(np.float64)
    batches = [
        (per_customer @ weights.astype(np.float64)) / (counts @ weights.astype(np.float64))
        for weights in draws(counts.size, replicates, (seed, counts.size))
    ]
    return _comparison(float(saved.mean()), np.concatenate(batches))


def _comparison(gain: float, replicated: Floats) -> Comparison:
    finite = replicated[np.isfinite(replicated)]
    if not finite.size or not math.isfinite(gain):
        return Comparison(*[math.nan] * 5)
    return Comparison(gain, *(float(end) for end in np.quantile(finite, (*INTERVAL, *STRICT))))


def _by_cutoff(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield from rows.sort("cutoff", "customer_id").partition_by("cutoff", maintain_order=True)


def _point(by_cutoff: list[pl.DataFrame], ranking: str, metric: Callable[[Tally], Floats]) -> float:
    return float(_mean(by_cutoff, ranking, metric, None)[0])


def _mean(
    by_cutoff: list[pl.DataFrame],
    ranking: str,
    metric: Callable[[Tally], Floats],
    weights: np.ndarray | None,
) -> Floats:
    """Mean of a metric over cutoffs by buyers; cutoffs where it does not exist are left out."""
    total = np.zeros(1 if weights is None else weights.shape[1])
    share = total.copy()
    for part in by_cutoff:
        label = part["label"].to_numpy() == 1
        number = (
            part["_number"].to_numpy().astype(np.int64)
            if weights is not None
            else np.arange(label.size)
        )
        rows = _ranking(number, part[ranking].to_numpy(), label)
        found = metric(exact(rows) if weights is None else resampled(rows, weights))
        known = np.isfinite(found)
        total += np.where(known, found, 0.0) * label.sum()
        share += known * label.sum()
    return np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)


def _ranking(number: np.ndarray, scores: Floats, label: np.ndarray) -> Ranking:
    return Ranking(number, scores, label, label.astype(np.float64))


def _lift_10(tally: Tally) -> Floats:
    return metrics.lift(tally, TENTH)


def _loss(p: Floats, label: np.ndarray) -> Floats:
    kept = np.clip(p, metrics.EPSILON, 1 - metrics.EPSILON)
    return np.where(label, -np.log(kept), -np.log1p(-kept))
