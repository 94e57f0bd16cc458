"""One table of the database: what of it is new since the last time, and what is read anew.

See `sources/database.py` for the idea. All comparisons of watermarks are made by the server, on the
values that it gave, so that it does not matter how they sort or how precise a driver is: whatever
is not below a watermark is read again.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, or_

from gosales_assets.database_address import DatabaseProblem
from gosales_assets.extracts import Extract, Extracts, now
from gosales_assets.sources.database_cells import bound, texts, unbound
from gosales_assets.sources.database_files import Manner, Written, write_rows
from gosales_assets.sources.database_queries import SourceTable, check_watermark

# So many closed extracts are put together by reading the whole table again, which also finds rows
# that were changed below the watermark without changing their number or sums.
MOST_INCREMENTS = 100


@dataclass(frozen=True)
class Reading:
    """What a table's extracts are from now on, the watermark reached, and what was remarkable."""

    extracts: list[Extract]
    figures: tuple[str | None, ...]
    last: tuple[str, str] | None
    note: str


def read_table(
    connection: Connection,
    table: SourceTable,
    manner: Manner,
    folder: Path,
    slug: str,
    before: Extracts | None,
) -> Reading:
    """Read a table, or what is new in it, into files of a folder.

    Raises
    ------
    DatabaseProblem
        When the watermark is no column of the table, or a table that had rows has none now (it is
        being loaded, or was emptied by mistake: its earlier extracts stay).
    """
    reader = _Reader(connection, table, manner, folder, slug, before)
    if manner.watermark is None:
        reading = reader.whole()
    else:
        check_watermark(table, manner.watermark)
        reading = reader.increments(manner.watermark)
    if not reading.extracts and before is not None and before.rows:
        raise DatabaseProblem(f"it is empty now, and had {before.rows:,} rows")
    return reading


class _Reader:
    def __init__(
        self,
        connection: Connection,
        table: SourceTable,
        manner: Manner,
        folder: Path,
        slug: str,
        before: Extracts | None,
    ) -> None:
        self._connection, self._table, self._manner = connection, table, manner
        self._folder, self._slug, self._before = folder, slug, before
        self._earlier = before.extracts if before else ()
        self._number = max((extract.number for extract in self._earlier), default=0)

    def whole(self) -> Reading:
        """Read the table as a whole; the same content keeps the extract that there is."""
        extracts = self._write(closed=False)
        note = "nothing new" if extracts == list(self._earlier) else "read as a whole"
        return Reading(extracts, (), None, note)

    def increments(self, watermark: str) -> Reading:
        """Read what is not below the last watermark; the whole table where that does not do."""
        table = self._table
        low, anew = self._low(watermark)
        closed = [] if low is None else [extract for extract in self._earlier if extract.closed]
        above = [] if low is None else [table.from_(watermark, low)]
        top = self._connection.scalar(table.highest(watermark, *above))
        top = low if top is None else top
        ends: ColumnElement[bool] = table.without(watermark)
        figures: tuple[str | None, ...] = ()
        if top is not None:
            # Before the rows: what comes in between, where there is no snapshot, then differs.
            _, figures = self._tally(table.below(watermark, top))
            closed += self._write(*above, table.below(watermark, top), closed=True)
            ends = or_(table.from_(watermark, top), ends)
        extracts = closed + self._write(ends, closed=False)
        note = anew or self._news(extracts, low is None)
        return Reading(extracts, figures, bound(top), note)

    def _low(self, watermark: str) -> tuple[object, str]:
        """Where the last reading ended; None: the whole table is due, and why."""
        before = self._before
        if before is None or before.last is None:
            return None, ""
        if before.watermark != watermark:
            return None, "read as a whole: the watermark is another column now"
        if before.columns != self._table.columns:
            return None, "read as a whole: the table has other columns now"
        if before.decimal_comma != self._manner.decimal_comma:
            return None, "read as a whole: sales_log.decimal_comma is another now"
        if not all(file.is_file() for file in before.files(self._folder)):
            return None, "read as a whole: an extract was gone"
        closed = [extract for extract in before.extracts if extract.closed]
        if len(closed) >= MOST_INCREMENTS:
            return None, f"read as a whole, as always after {MOST_INCREMENTS} increments"
        low = unbound(before.last)
        there, figures = self._tally(self._table.below(watermark, low))
        had = sum(extract.rows for extract in closed)
        if there != had:
            return None, (
                f"read as a whole: {there:,} rows lie below the last watermark "
                f"{before.last[1]}, and {had:,} had been read (rows came in late, or were changed "
                "or deleted)"
            )
        if figures != before.figures:
            return None, f"read as a whole: rows below the last watermark {before.last[1]} changed"
        return low, ""

    def _tally(self, where: ColumnElement[bool]) -> tuple[int, tuple[str | None, ...]]:
        count, *sums = self._connection.execute(self._table.tally(where)).one()
        return int(count), tuple(texts(sums))

    def _news(self, extracts: list[Extract], is_whole: bool) -> str:
        if extracts == list(self._earlier):
            return "nothing new"
        if is_whole:
            return "read as a whole"
        new = sum(e.rows for e in extracts) - sum(e.rows for e in self._earlier)
        return f"{new:,} of them new" if new > 0 else "rows at the last watermark changed"

    def _write(self, *where: ColumnElement[bool], closed: bool) -> list[Extract]:
        """Write rows to a file of their own: none for no rows, an earlier one for its content."""
        written = write_rows(
            self._connection,
            self._table.rows(self._manner.watermark, *where),
            self._folder,
            self._manner,
        )
        return [] if written is None else [self._kept(written, closed)]

    def _kept(self, written: Written, closed: bool) -> Extract:
        for known in self._earlier:
            same = (known.sha256, known.closed) == (written.sha256, closed)
            if same and (self._folder / known.file).is_file():
                written.path.unlink()
                return known
        self._number += 1
        name = f"{self._slug}-{self._number:04d}-{written.sha256[:8]}.parquet"
        os.replace(written.path, self._folder / name)  # noqa: PTH105 - the atomic move is the point
        return Extract(
            number=self._number,
            file=name,
            rows=written.rows,
            sha256=written.sha256,
            closed=closed,
            first=written.first,
            last=written.last,
            extracted_at=now(),
        )
