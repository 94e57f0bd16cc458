"""A look through a whole file: rows, missing cells, distinct values, dates, and a sample of rows.

The file is read a chunk at a time and what is kept does not grow with it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from gosales_assets.settings import SettingsError
from gosales_assets.sources.dates import day_text, is_no_date, parse_date
from gosales_assets.sources.profile.meanings import LOG_MEANINGS, strength
from gosales_assets.sources.profile.vocabulary import read_header
from gosales_assets.sources.tabular import Fingerprint, TabularFile

_WORDS_FOR_NOTHING = ("null", "nan", "NaN", "none", "nat", "NaT", "n/a", "#n/a")
_KEPT = 4_096  # least hashes kept: distinct counts are exact below, else within some percent
_SAMPLE_ROWS, _SAMPLE_CELLS = 40_000, 2_000_000
_SPREAD = 10  # half of the sample from the first chunk, the rest from so many chunks after it
_FEWEST_ROWS = 1_000
_CELLS_TRIED = 500
_MOST_DAYS = 50_000  # a column with more distinct days holds something else
_NOTHING = [
    "",
    *(form(word) for word in _WORDS_FOR_NOTHING for form in (str, str.upper, str.title)),
]
_SERIALS = range(32_874, 55_153)  # spreadsheet days of 1990 to 2050


class Distinct:
    """Counts distinct values in bounded memory, by the least of their hashes.

    Bar-Yossef et al., "Counting distinct elements in a data stream" (2002): if the k-th least of
    uniform hashes lies at a share s of their range, there are about (k - 1) / s values.
    """

    def __init__(self) -> None:
        self._least = pl.Series(dtype=pl.UInt64)

    def add(self, cells: pl.Series) -> None:
        """Count the cells that are not null."""
        self._take(cells.drop_nulls().hash(1).unique())

    def merge(self, other: "Distinct") -> None:
        """Count what another has counted."""
        self._take(other._least)

    def _take(self, hashes: pl.Series) -> None:
        # A series that was filtered may come in pieces; one piece is what `bottom_k` likes.
        self._least = pl.concat([self._least, hashes], rechunk=True).unique().bottom_k(_KEPT)

    @property
    def count(self) -> int:
        """Distinct values; an estimate unless `exact`."""
        if self.exact:
            return len(self._least)
        largest = int(self._least.sort()[-1])
        return round((_KEPT - 1) / (largest / 2**64))

    @property
    def exact(self) -> bool:
        """Whether the count is no estimate."""
        return len(self._least) < _KEPT


@dataclass(frozen=True)
class Piece:
    """Some records of a file.

    Parameters
    ----------
    cells
        One text column per header asked for, stripped; what stands for nothing is null.
    raw
        The records as they stand in the file.
    broken, skipped
        Records that do not fit the header, and lines that are no data.
    """

    cells: pl.DataFrame
    raw: pl.Series
    broken: int
    skipped: int


@dataclass
class FileLook:
    """What one look through a file gave; columns go by their headers.

    Parameters
    ----------
    rows, broken, skipped
        Records that fit the header, records that do not, and lines that are no data.
    missing, distinct
        Header -> cells that hold nothing, and its distinct values.
    days
        Header -> date text (without time) -> rows, for columns that hold dates.
    sample
        Some records.
    there
        Rows that the database's table has, of which these may be the first only; None: a file.
    """

    file: TabularFile
    known: Fingerprint
    rows: int = 0
    broken: int = 0
    skipped: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    distinct: dict[str, Distinct] = field(default_factory=dict)
    days: dict[str, Counter[str]] = field(default_factory=dict)
    sample: pl.DataFrame = field(default_factory=pl.DataFrame)
    there: int | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """Headers of the file, less the empty ones."""
        return tuple(name for name in self.file.header if name)

    def pieces(self, headers: Iterable[str], empty_at: str | None = None) -> Iterator[Piece]:
        """Read columns in order, some records at a time; those that the file has not are null.

        Parameters
        ----------
        empty_at
            Header of the column that is empty in a trailing total row, one of ``headers``.
        """
        at = {n: self.file.header.index(n) if n in self.file.header else None for n in headers}
        total_at = None if empty_at is None else at[empty_at]
        fields = sorted(place for place in at.values() if place is not None)
        # Words and not a pattern: this is done to every cell of a file.
        stripped = {
            name: pl.lit(None, pl.String) if place is None else pl.col(str(place)).str.strip_chars()
            for name, place in at.items()
        }
        kept = [
            pl.when(~cell.is_in(_NOTHING)).then(cell).alias(name) for name, cell in stripped.items()
        ]
        totals_at = () if total_at is None else (total_at,)
        for chunk in self.file.chunks(self.known, fields, totals_at):
            records = chunk.records
            yield Piece(records.select(kept), records["raw"], chunk.broken.height, chunk.skipped)


def look_through(file: TabularFile, among: int = 1) -> FileLook:
    """Read a file from end to end.

    Parameters
    ----------
    among
        Files that are looked at; they share the rows that a sample may have.

    Raises
    ------
    SettingsError
        When the file cannot be read.
    """
    look = FileLook(file, file.fingerprint())
    if not look.header:
        raise SettingsError(f"{file.name}: no column has a header")
    look.distinct = {name: Distinct() for name in look.header}
    first = next(look.pieces(look.header), None)
    look.days = {} if first is None else {name: Counter() for name in _dated(first.cells)}
    pieces = [pl.DataFrame(schema=dict.fromkeys(look.header, pl.String))]
    most = max(min(_SAMPLE_ROWS, _SAMPLE_CELLS // len(look.header)) // among, _FEWEST_ROWS)
    wanted = most // 2
    for piece in look.pieces(look.header, _main_date(look.days)):
        _count(look, piece)
        pieces.append(piece.cells.head(wanted))
        wanted = min(most // 2 // _SPREAD, most - sum(part.height for part in pieces))
    look.sample = pl.concat(pieces, rechunk=True)
    return look


def is_day(cell: str, *, serials: bool) -> bool:
    """Whether a cell (without time) reads as a day in any order.

    Parameters
    ----------
    serials
        Whether the bare day numbers of spreadsheets count.
    """
    if cell.replace(".", "", 1).isdigit() and len(cell.partition(".")[0]) == 5:
        return serials and int(cell[:5]) in _SERIALS
    day = parse_date(cell, "mdy") or parse_date(cell, "dmy")
    return day is not None and not is_no_date(cell, day) and 1970 <= day.year < 2100


def _count(look: FileLook, piece: Piece) -> None:
    look.rows += piece.cells.height
    look.broken += piece.broken
    look.skipped += piece.skipped
    for name, distinct in look.distinct.items():
        look.missing[name] += piece.cells[name].null_count()
        distinct.add(piece.cells[name])
    for name, counter in list(look.days.items()):
        days = piece.cells.select(day_text(pl.col(name)).alias("day")).drop_nulls()
        counter.update(dict(days.group_by("day").len().iter_rows()))
        if len(counter) > _MOST_DAYS:
            del look.days[name]


def _dated(records: pl.DataFrame) -> list[str]:
    """Find the columns in which most cells are days."""
    found = []
    for name in records.columns:
        serials = "date" in read_header(name).concepts
        there = records[name].drop_nulls().head(20 * _CELLS_TRIED)
        days = pl.DataFrame({"cell": there}).select(day_text(pl.col("cell"))).to_series()
        tried = days.unique(maintain_order=True).head(_CELLS_TRIED).to_list()
        good = sum(is_day(cell, serials=serials) for cell in tried)
        if tried and good >= 0.7 * len(tried):
            found.append(name)
    return found


def _main_date(dated: Iterable[str]) -> str | None:
    """Date column by which a trailing total is told: it is empty there."""
    return max(dated, key=lambda name: strength("order_date", name, LOG_MEANINGS), default=None)
