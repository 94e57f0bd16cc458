"""Columns: what the cells of each column look like, whatever its header says."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from gosales_assets.sources.parsing import numbers, parse_number
from gosales_assets.sources.profile.look import Distinct, FileLook, Piece

_CELLS_TRIED = 3_000
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN"}


@dataclass(frozen=True)
class Column:
    """Facts about one column.

    Parameters
    ----------
    rows, missing, distinct
        Of the whole column; ``distinct`` is an estimate unless ``exact``.
    numbers, whole, negative, letters, spaces
        Shares of the sample's cells: that read as a number, and, of those, as a whole or a
        negative one; that hold a letter, or a space within.
    typical
        Median of the numbers' sizes; 0 without any.
    dated
        Whether the cells are days.
    examples
        The most frequent cells of the sample.
    """

    header: str
    rows: int
    missing: int
    distinct: int
    exact: bool
    numbers: float
    whole: float
    negative: float
    letters: float
    spaces: float
    typical: float
    dated: bool
    examples: tuple[str, ...]

    @property
    def missing_share(self) -> float:
        """Share of cells that hold nothing."""
        return self.missing / self.rows if self.rows else 1.0

    @property
    def filled(self) -> int:
        """Cells that hold something."""
        return self.rows - self.missing


class Table:
    """Files that are looked at as one table: of their headers, those that all of them have."""

    def __init__(self, looks: Sequence[FileLook]) -> None:
        self.looks = list(looks)
        common = set(looks[0].header).intersection(*(look.header for look in looks))
        self.header = tuple(name for name in looks[0].header if name in common)
        self.rows = sum(look.rows for look in looks)
        self.broken = sum(look.broken for look in looks)
        self.skipped = sum(look.skipped for look in looks)

    @property
    def is_cut(self) -> bool:
        """Whether these are only the first rows of what is there."""
        return any(look.there is not None and look.there > look.rows for look in self.looks)

    @property
    def name(self) -> str:
        """How the table is called in messages."""
        first = self.looks[0].file.name
        return first if len(self.looks) == 1 else f"{first} and {len(self.looks) - 1} more"

    @cached_property
    def sample(self) -> pl.DataFrame:
        """Some records of all files, by header."""
        share = max(1, 60_000 // len(self.looks))
        parts = [look.sample.select(self.header).head(share) for look in self.looks]
        return pl.concat(parts, rechunk=True)

    @cached_property
    def decimal_comma(self) -> bool:
        """Whether the numbers are written 1.234,50: more cells can only be read so than not."""
        comma = point = 0
        for name in self.sample.columns:
            for cell in self.sample[name].drop_nulls().unique(maintain_order=True).head(200):
                with_comma = parse_number(cell, decimal_comma=True) is not None
                with_point = parse_number(cell) is not None
                comma += with_comma and not with_point
                point += with_point and not with_comma
        return comma > point

    @cached_property
    def columns(self) -> list[Column]:
        """Facts about each column, in order."""
        return [self._column(name) for name in self.header]

    def column(self, header: str) -> Column:
        """Facts about one column."""
        return self.columns[self.header.index(header)]

    def number(self, header: str) -> pl.Series:
        """Sample of a column as numbers; null where there is none."""
        return numbers(self.sample[header], decimal_comma=self.decimal_comma).cast(pl.Float64)

    def days(self, header: str) -> Counter[str]:
        """Date text -> rows, of all files."""
        total: Counter[str] = Counter()
        for look in self.looks:
            total.update(look.days.get(header, {}))
        return total

    def pieces(self, headers: Collection[str], empty_at: str | None = None) -> Iterator[Piece]:
        """Read columns of all files, one after the other; see `FileLook.pieces`."""
        for look in self.looks:
            yield from look.pieces(headers, empty_at)

    def currency_sign(self, header: str) -> str | None:
        """Currency whose sign stands at the numbers of a column; None: no sign, or several."""
        if header not in self.header:
            return None
        there = self.sample[header].drop_nulls().head(_CELLS_TRIED)
        found = {
            code for sign, code in _SIGNS.items() if there.str.contains(sign, literal=True).any()
        }
        return found.pop() if len(found) == 1 else None

    def _column(self, name: str) -> Column:
        distinct = Distinct()
        for look in self.looks:
            distinct.merge(look.distinct[name])
        there = self.sample[name].drop_nulls()
        tried = _spread(there, _CELLS_TRIED)
        read = numbers(tried, decimal_comma=self.decimal_comma).cast(pl.Float64)
        known = read.drop_nulls()
        shown = there.alias("cell").value_counts().sort(["count", "cell"], descending=[True, False])
        dated = [name in look.days for look in self.looks if look.missing[name] < look.rows]
        return Column(
            header=name,
            rows=self.rows,
            missing=sum(look.missing[name] for look in self.looks),
            distinct=distinct.count,
            exact=distinct.exact,
            numbers=_share(read.is_not_null()),
            whole=_share(known == known.round()),
            negative=_share(known < 0),
            letters=_share(tried.str.contains(r"\p{L}")),
            spaces=_share(tried.str.contains(r"\S\s+\S")),
            typical=float(known.abs().median() or 0.0),  # type: ignore[arg-type]
            dated=bool(dated) and all(dated),
            examples=tuple(shown["cell"].head(3)),
        )


def tables_of(looks: Iterable[FileLook]) -> list[Table]:
    """Group files with the same headers into tables, in order."""
    grouped: dict[frozenset[str], list[FileLook]] = {}
    for look in looks:
        grouped.setdefault(frozenset(look.header), []).append(look)
    return [Table(group) for group in grouped.values()]


def _spread(cells: pl.Series, count: int) -> pl.Series:
    """About so many cells, evenly spread."""
    return cells.gather_every(max(1, len(cells) // count)) if len(cells) else cells


def _share(marks: pl.Series) -> float:
    return float(marks.mean() or 0.0) if len(marks) else 0.0  # type: ignore[arg-type]
