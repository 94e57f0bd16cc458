"""Tables kept by month: only the months whose lines changed are made again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import polars as pl

from gosales_assets.parts import Part, Rewrite, basis_of, changed_parts
from gosales_assets.read_ahead import read_ahead

# Rows that are made together: few queries for a small log, bounded memory for a big one.
_AT_ONCE = 500_000
EVERYTHING = "all"

Months = Mapping[str, Sequence[Part]]


def by_month(parts: Iterable[Part]) -> dict[str, list[Part]]:
    """Gather a table's parts by the month that they hold; in order of months."""
    months: dict[str, list[Part]] = {}
    for part in parts:
        if part.rows:
            months.setdefault(part.notes.get("month", EVERYTHING), []).append(part)
    return dict(sorted(months.items()))


def bring_up_to_date(
    rewrite: Rewrite,
    months: Months,
    basis: str,
    make: Callable[[Sequence[Part]], pl.DataFrame],
    day: str,
) -> list[str]:
    """Write the months whose lines, or whose basis, changed; keep the others.

    Parameters
    ----------
    months
        Month -> parts of the table that this one is made of.
    basis
        What else the rows are made on: code, settings.
    make
        Rows of this table from some parts, of one month or of several.
    day
        Column that says which month a row belongs to.

    Returns
    -------
    Months that were made again.
    """
    bases = {
        month: basis_of(basis, [part.checksum for part in parts]) for month, parts in months.items()
    }
    due = changed_parts(rewrite.before, bases)
    for month in months:
        if month not in due:
            rewrite.keep(month)

    def made() -> Iterator[tuple[list[str], pl.DataFrame]]:
        for together in _batches(due, months):
            yield together, make([part for month in together for part in months[month]])

    for together, frame in read_ahead(made()):
        rows = {together[0]: frame} if len(together) == 1 else _split(frame, day)
        for month in together:
            of_month = rows.get(month, frame.clear())  # returns only: no day of purchase
            rewrite.write(month, of_month, bases[month], {"month": month})
    return due


def _split(frame: pl.DataFrame, day: str) -> dict[str, pl.DataFrame]:
    months = frame.with_columns(month_end=pl.col(day).dt.month_end())
    parts = months.partition_by("month_end", include_key=False, as_dict=True)
    return {month.isoformat(): part for (month,), part in parts.items()}


def _batches(due: Sequence[str], months: Months) -> Iterator[list[str]]:
    batch: list[str] = []
    rows = 0
    for month in due:
        more = sum(part.rows for part in months[month])
        if batch and (rows + more > _AT_ONCE or month == EVERYTHING):
            yield batch
            batch, rows = [], 0
        batch.append(month)
        rows += more
    if batch:
        yield batch
