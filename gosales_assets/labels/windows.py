"""Windows: how many months are predicted of each target, decided once for all cutoffs.

A target has the usual window, one of its own from the settings, or a wider one where too few
customers buy it: then it is widened until a usual closed cutoff has buyers enough to learn from.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from gosales_assets.calendar import window_end
from gosales_assets.labels.contract import TARGET_WINDOWS

STEP, WIDEST = 3, 12
_KEYS = ["division", "window_months"]


@dataclass(frozen=True)
class Wanted:
    """What the settings say of windows.

    Parameters
    ----------
    usual
        Months of targets without a window of their own.
    own
        Target -> months. Such a window is never widened.
    floor
        Buyers that a usual closed cutoff must have; 0: nothing is widened.
    """

    usual: int
    own: Mapping[str, int]
    floor: int = 0

    def considered(self, target: str) -> list[int]:
        """Windows that a target may get, narrowest first."""
        if target in self.own:
            return [self.own[target]]
        wider = range(self.usual + STEP, WIDEST + 1, STEP) if self.floor else ()
        return [self.usual, *wider]


def closed_windows(
    targets: Sequence[str], wanted: Wanted, months_known: Mapping[date, int]
) -> pl.DataFrame:
    """Every window that a target may get, at each cutoff where it has closed.

    Parameters
    ----------
    months_known
        Cutoff -> whole months of complete data after it.

    Returns
    -------
    pl.DataFrame
        See `window_table`.
    """
    return window_table(
        (cutoff, target, months)
        for cutoff, known in sorted(months_known.items())
        for target in targets
        for months in wanted.considered(target)
        if months <= known
    )


def window_table(windows: Iterable[tuple[date, str, int]]) -> pl.DataFrame:
    """Windows as rows: cutoff, division, window_months, window_end (the last day that counts)."""
    rows = [(c, target, months, window_end(c, months)) for c, target, months in windows]
    schema = {
        "cutoff": pl.Date,
        "division": pl.String,
        "window_months": pl.Int64,
        "window_end": pl.Date,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def target_windows(
    targets: Collection[str], wanted: Wanted, closed: pl.DataFrame, positives: pl.DataFrame
) -> pl.DataFrame:
    """Decide the window of each target: the rows of ``labels.target_windows``.

    A target without a window of its own gets the narrowest one considered in which the median
    closed cutoff has at least the floor of buyers; else the widest one that has closed anywhere,
    with a note. Windows that have closed at no cutoff count for nothing.

    Parameters
    ----------
    closed
        What `closed_windows` gives.
    positives
        cutoff, division, window_months, positives: buyers among the candidates; a window of
        ``closed`` without a row has none.
    """
    counted = (
        closed.join(positives, on=["cutoff", *_KEYS], how="left")
        .group_by(_KEYS)
        # Of an even number the lower one, so that half of the cutoffs have at least as many.
        .agg(
            positives=pl.col("positives").fill_null(0).quantile(0.5, "lower").cast(pl.Int64),
            cutoffs=pl.len(),
        )
    )
    known = {
        (target, months): (buyers, cutoffs)
        for target, months, buyers, cutoffs in counted.iter_rows()
    }
    return TARGET_WINDOWS.typed(
        pl.DataFrame(
            [_decided(target, wanted, known) for target in sorted(targets)],
            infer_schema_length=None,
            schema_overrides=TARGET_WINDOWS.types,
        )
    )


Known = Mapping[tuple[str, int], tuple[int, int]]


def _decided(target: str, wanted: Wanted, known: Known) -> dict[str, object]:
    considered = wanted.considered(target)
    closed = [months for months in considered if (target, months) in known]
    enough = [months for months in closed if known[target, months][0] >= wanted.floor]
    months = (enough or closed[-1:] or considered)[0]
    buyers, cutoffs = known.get((target, months), (None, 0))
    if target in wanted.own:
        source = "setting"
    else:
        source = "default" if months == considered[0] else "widened"
    return {
        "division": target,
        "window_months": months,
        "source": source,
        "positives": buyers,
        "closed_cutoffs": cutoffs,
        "note": _note(target, months, wanted, known),
    }


def _note(target: str, months: int, wanted: Wanted, known: Known) -> str | None:
    if (target, months) not in known:
        return f"no cutoff has {months} months of complete data after it: no labels, no scores"
    buyers, first = known[target, months][0], wanted.considered(target)[0]
    if buyers < wanted.floor:
        limit = "the setting stands" if target in wanted.own else _limit(months)
        return f"{buyers} buyers in {months} months, fewer than {wanted.floor}: {limit}"
    if months == first:
        return None
    return f"{known[target, first][0]} buyers in {first} months, fewer than {wanted.floor}: widened"


def _limit(months: int) -> str:
    if months + STEP > WIDEST:
        return f"windows are not widened beyond {WIDEST} months"
    return "no wider window has closed at any cutoff"


def too_few(table: pl.DataFrame, floor: int) -> list[str]:
    """Say which targets have no closed window, or fewer buyers than the floor in theirs."""
    unmet = pl.col("positives").is_null() | (pl.col("positives") < floor)
    found = table.filter(unmet).sort("division")
    return [f"{target}: {note}" for target, note in found.select("division", "note").iter_rows()]


def markdown(table: pl.DataFrame) -> str:
    """Lay out the decided windows as a Markdown table, one row per target."""
    header = ["target", "months", "from", "buyers at a usual cutoff", "closed cutoffs", "note"]
    columns = ["division", "window_months", "source", "positives", "closed_cutoffs", "note"]
    rows = [["" if v is None else str(v) for v in row] for row in table.select(columns).iter_rows()]
    lines = [header, ["---", "--:", "---", "--:", "--:", "---"], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def months_by_target(table: pl.DataFrame) -> dict[str, int]:
    """Target -> months that are predicted of it, from rows of ``labels.target_windows``."""
    return dict(table.select("division", "window_months").sort("division").iter_rows())


def in_words(windows: Mapping[str, int]) -> str:
    """Say how far ahead targets are predicted.

    Examples
    --------
    >>> in_words({"Paint": 6, "Tools": 6, "Wood": 9})
    '6 months (Wood: 9)'
    """
    counts = list(windows.values())
    usual = min(set(counts), key=lambda months: (-counts.count(months), months))
    others = [f"{target}: {m}" for target, m in sorted(windows.items()) if m != usual]
    unit = "month" if usual == 1 else "months"
    return f"{usual} {unit}" + (f" ({', '.join(others)})" if others else "")
