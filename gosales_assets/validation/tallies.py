"""Buyers and others counted along a ranking: all that the metrics need, for many resamples at once.

Rows with equal scores form one group, since no ranking tells them apart. A `Tally` holds counts
per group, best group first, one column per resample.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10
INTERVAL = (0.025, 0.975)  # ends of the central 95 %
MAX_BLOCKS = 1000
# Weights held in memory at a time: rows x replicates.
WEIGHTS_AT_A_TIME = 8_000_000
# Resamples are kept for the next division of a cutoff while they are no more than this.
DRAWS_KEPT = 64_000_000


@dataclass(frozen=True)
class Tally:
    """Counts along a ranking, best score first.

    Attributes
    ----------
    scores
        (groups,) mean score of each group.
    bins
        (groups,) index of the quantile bin that the group's middle row is in, ascending.
    positives, negatives
        (groups, replicates) buyers and others.
    values
        (groups, replicates) money that the group's buyers brought.
    """

    scores: Floats
    bins: npt.NDArray[np.int64]
    positives: Floats
    negatives: Floats
    values: Floats

    @cached_property
    def rows(self) -> Floats:
        """(groups, replicates) buyers and others together."""
        return self.positives + self.negatives

    @cached_property
    def rows_down(self) -> Floats:
        """(groups, replicates) rows in this and all better groups."""
        return np.cumsum(self.rows, axis=0)

    @cached_property
    def positives_down(self) -> Floats:
        """(groups, replicates) buyers in this and all better groups."""
        return np.cumsum(self.positives, axis=0)

    @cached_property
    def values_down(self) -> Floats:
        """(groups, replicates) money in this and all better groups."""
        return np.cumsum(self.values, axis=0)


@dataclass(frozen=True)
class Ranking:
    """A ranking of rows and what became of them: arrays of equal length, in a fixed row order."""

    rows: npt.NDArray[np.int64]
    scores: Floats
    labels: npt.NDArray[np.bool_]
    values: Floats


def exact(ranking: Ranking) -> Tally:
    """Tally of the rows as they are: one group per distinct score, one replicate."""
    order, group = _groups(ranking.scores)
    size = int(group[-1]) + 1 if group.size else 0
    label = ranking.labels[order]
    positives = _sums(label, group, size)
    rows = np.bincount(group, minlength=size)
    values = _sums(np.where(label, ranking.values[order], 0.0), group, size)
    return Tally(
        scores=_means(ranking.scores[order], group, rows),
        bins=_pieces(_middles(rows), BINS),
        positives=positives[:, None],
        negatives=rows[:, None] - positives[:, None],
        values=values[:, None],
    )


def resampled(ranking: Ranking, weights: npt.NDArray[np.float32]) -> Tally:
    """Tallies of many resamples at once.

    Neighbouring groups are gathered into at most 1,000 blocks, finest at the top of the ranking,
    which the metrics then treat as ties: an interval needs no more detail than that.

    Parameters
    ----------
    weights
        (all rows, replicates) how often each row was drawn; ``ranking.rows`` says which are ours.
    """
    from scipy.sparse import csr_matrix

    order, group = _groups(ranking.scores)
    # The square root makes blocks near the top smaller.
    places = _pieces(np.sqrt(_middles(np.bincount(group))), MAX_BLOCKS)
    block = np.unique(places[group], return_inverse=True)[1]
    rows = np.bincount(block)
    label = ranking.labels[order]
    drawn = ranking.rows[order]

    def total(keep: npt.NDArray[np.bool_], amount: Floats) -> Floats:
        entries = (amount[keep].astype(np.float32), (block[keep], drawn[keep]))
        return (csr_matrix(entries, shape=(rows.size, len(weights))) @ weights).astype(np.float64)

    ones = np.ones(len(order))
    return Tally(
        scores=_means(ranking.scores[order], block, rows),
        bins=_pieces(_middles(rows), BINS),
        positives=total(label, ones),
        negatives=total(~label, ones),
        values=total(label, ranking.values[order]),
    )


def draws(rows: int, replicates: int, seed: tuple[int, ...]) -> Iterator[npt.NDArray[np.float32]]:
    """Bootstrap resamples: how often each row is drawn, in batches of (rows, replicates).

    The same rows, replicates and seed give the same resamples.
    """
    small = rows * replicates <= DRAWS_KEPT
    counts = _kept(rows, replicates, seed) if small else _counts(rows, replicates, seed)
    yield from (batch.astype(np.float32) for batch in counts)


@lru_cache(maxsize=1)
def _kept(rows: int, replicates: int, seed: tuple[int, ...]) -> tuple[npt.NDArray[np.uint16], ...]:
    return tuple(_counts(rows, replicates, seed))


def _counts(rows: int, replicates: int, seed: tuple[int, ...]) -> Iterator[npt.NDArray[np.uint16]]:
    rng = np.random.default_rng(seed)
    batch = max(1, min(replicates, WEIGHTS_AT_A_TIME // max(rows, 1)))
    for start in range(0, replicates, batch):
        counts = [
            np.bincount(rng.integers(rows, size=rows), minlength=rows).astype(np.uint16)
            for _ in range(min(batch, replicates - start))
        ]
        yield np.ascontiguousarray(np.stack(counts, axis=1))


def interval(replicated: Floats) -> tuple[float | None, float | None]:
    """Central 95 % of the resamples; none where most of them had no figure."""
    finite = replicated[np.isfinite(replicated)]
    if finite.size * 2 < replicated.size:
        return None, None
    low, high = np.quantile(finite, INTERVAL)
    return float(low), float(high)


def _groups(scores: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Order of the rows, best first, and the number of each one's group of equal scores."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    return order, np.cumsum(np.r_[False, ordered[1:] != ordered[:-1]])[: len(order)]


def _middles(rows: npt.NDArray[np.int64]) -> Floats:
    """Place of each group's middle row in the ranking, between 0 (top) and 1."""
    return (np.cumsum(rows) - rows / 2) / max(int(rows.sum()), 1)


def _pieces(places: Floats, pieces: int) -> npt.NDArray[np.int64]:
    return np.minimum(places * pieces, pieces - 1).astype(np.int64)


def _sums(amounts: npt.ArrayLike, group: npt.NDArray[np.int64], size: int) -> Floats:
    return np.bincount(group, amounts, minlength=size).astype(np.float64)


def _means(amounts: Floats, group: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Floats:
    return _sums(amounts, group, rows.size) / np.maximum(rows, 1)
