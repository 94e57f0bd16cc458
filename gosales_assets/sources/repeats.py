"""Repeats: records that came before, found without keeping the log in memory."""

import numpy as np
import numpy.typing as npt
import polars as pl

Hashes = npt.NDArray[np.uint64]
Marks = npt.NDArray[np.bool_]


class Repeats:
    """Finds repeats among the usable records of a log, chunk by chunk and file by file.

    A record with a line id is told by it, in whatever file it comes again; one without, by its
    whole text within its file. 128 bits of hash stand for either.
    """

    def __init__(self) -> None:
        self._ids, self._texts = _Seen(), _Seen()

    def begin_file(self) -> None:
        """Forget the texts of the file before; line ids stay known."""
        self._texts = _Seen()

    def judge(self, records: pl.DataFrame) -> pl.DataFrame:
        """Tell which records came before.

        Parameters
        ----------
        records
            ``raw``, ``line_key``, ``content`` (hash of the cells; null: no line id) and
            ``reason`` (null: usable).

        Returns
        -------
        pl.DataFrame
            ``repeat``: came before just so; ``used``: its line id came before, with other content.
            Unusable records are neither.
        """
        usable = records["reason"].is_null().to_numpy()
        by_id = usable & records["line_key"].is_not_null().to_numpy()
        repeat = np.zeros(records.height, dtype=bool)
        used = np.zeros(records.height, dtype=bool)
        at = np.flatnonzero(by_id)
        if len(at):
            content = records["content"].fill_null(0).to_numpy()[at]
            before, first = self._ids.look_up(*_hashes(records["line_key"], at), content)
            repeat[at], used[at] = before & (first == content), before & (first != content)
        at = np.flatnonzero(usable & ~by_id)
        if len(at):
            same = np.zeros(len(at), dtype=np.uint64)
            repeat[at], _ = self._texts.look_up(*_hashes(records["raw"], at), same)
        return pl.DataFrame({"repeat": repeat, "used": used})


class _Seen:
    """What was seen, by a hash of 128 bits: in few sorted runs that double in size.

    So ten million records cost 240 MB, and a look-up a few binary searches.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, ...]] = []

    def look_up(self, one: Hashes, two: Hashes, content: Hashes) -> tuple[Marks, Hashes]:
        """Look up and remember; gives which were seen before, and the content of the first."""
        # In order, so that neighbouring look-ups fall on neighbouring places of the long runs.
        order = np.argsort(one, kind="stable")
        one, two, content = one[order], two[order], content[order]
        known, first = _before_within(one, two, content)
        for run_one, run_two, run_content in self._runs:
            at = np.minimum(np.searchsorted(run_one, one), len(run_one) - 1)
            found = (run_one[at] == one) & (run_two[at] == two)
            known |= found
            first = np.where(found, run_content[at], first)
        self._remember(one[~known], two[~known], content[~known])
        known_at, first_at = np.empty_like(known), np.empty_like(first)
        known_at[order], first_at[order] = known, first
        return known_at, first_at

    def _remember(self, *new: Hashes) -> None:
        """Keep new hashes, in order; runs that are no longer much longer are merged."""
        if not len(new[0]):
            return
        self._runs.append(new)
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            last, before = self._runs.pop(), self._runs.pop()
            both = [np.concatenate(pair) for pair in zip(before, last, strict=True)]
            order = np.argsort(both[0], kind="stable")
            self._runs.append((both[0][order], both[1][order], both[2][order]))


def _hashes(texts: pl.Series, at: npt.NDArray[np.intp]) -> tuple[Hashes, Hashes]:
    some = texts if len(at) == len(texts) else texts.gather(at)
    return some.hash(100).to_numpy(), some.hash(200).to_numpy()


def _before_within(one: Hashes, two: Hashes, content: Hashes) -> tuple[Marks, Hashes]:
    """Mark all but the first of equal pairs, in order, and give each the content of the first."""
    new = np.ones(len(one), dtype=bool)
    new[1:] = (one[1:] != one[:-1]) | (two[1:] != two[:-1])
    firsts = np.maximum.accumulate(np.where(new, np.arange(len(one)), 0))
    return ~new, content[firsts]
