"""Repeats: records that came before in the same file, found without keeping the file in memory."""

import numpy as np
import numpy.typing as npt
import polars as pl

Hashes = npt.NDArray[np.uint64]
_BY_LINE_ID, _BY_TEXT = 11, 22


class Repeats:
    """Finds repeats among the usable records of one file, also across its chunks.

    A record is told by its line id where the log has one, else by its whole text; 128 bits of hash
    stand for it. The hashes seen are kept in few sorted runs that double in size, so that ten
    million records cost 160 MB and a look-up a few binary searches.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Hashes]] = []

    def mark(self, records: pl.DataFrame) -> pl.Series:
        """Mark usable records that came before, in this chunk or an earlier one.

        Parameters
        ----------
        records
            ``raw``, ``line_key`` and ``reason`` (null: usable).
        """
        usable = records["reason"].is_null().to_numpy()
        places = np.flatnonzero(usable)
        one, two = (hashes[places] for hashes in _hashes(records))
        repeated = _repeated_within(one, two)
        for run_one, run_two in self._runs:
            at = np.minimum(np.searchsorted(run_one, one), len(run_one) - 1)
            repeated |= (run_one[at] == one) & (run_two[at] == two)
        self._remember(one[~repeated], two[~repeated])
        marked = np.zeros(records.height, dtype=bool)
        marked[places[repeated]] = True
        return pl.Series("repeat", marked)

    def _remember(self, one: Hashes, two: Hashes) -> None:
        if not len(one):
            return
        self._runs.append(_sorted(one, two))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            last, before = self._runs.pop(), self._runs.pop()
            both = (np.concatenate([a, b]) for a, b in zip(before, last, strict=True))
            self._runs.append(_sorted(*both))


def _hashes(records: pl.DataFrame) -> tuple[Hashes, Hashes]:
    one, two = (
        records.select(
            pl.when(pl.col("line_key").is_null())
            .then(pl.col("raw").hash(seed + _BY_TEXT))
            .otherwise(pl.col("line_key").hash(seed + _BY_LINE_ID))
        )
        .to_series()
        .to_numpy()
        for seed in (100, 200)
    )
    return one, two


def _sorted(one: Hashes, two: Hashes) -> tuple[Hashes, Hashes]:
    order = np.argsort(one, kind="stable")
    return one[order], two[order]


def _repeated_within(one: Hashes, two: Hashes) -> npt.NDArray[np.bool_]:
    """Mark all but the first of equal pairs."""
    order = np.argsort(one, kind="stable")
    same = (one[order][1:] == one[order][:-1]) & (two[order][1:] == two[order][:-1])
    repeated = np.zeros(len(one), dtype=bool)
    repeated[order[1:][same]] = True
    return repeated
