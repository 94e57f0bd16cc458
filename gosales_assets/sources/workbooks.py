"""Workbooks (XLSX, XLSM) as tabular files: sheets with the same headers, their cells as text.

What stands in a cell is read as people see it, as far as that is sure: text to the letter, whole
numbers without a point, other numbers with the 15 digits that a spreadsheet keeps, days as
``2024-01-31``, errors by their name. A number format is followed only where it fills with zeros
(``00000``), since that is how ids are kept as numbers. Of merged cells only the first holds the
value. Columns are counted from A and rows from 1, so that a message leads to the cell; rows of a
further sheet are counted on from the last of the one before.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, groupby, islice
from pathlib import Path

import polars as pl
import python_calamine

from gosales_assets.settings import SettingsError
from gosales_assets.sources.cell_rows import CellRows, as_chunks
from gosales_assets.sources.sheet_cells import Place, SheetCells, cell_text
from gosales_assets.sources.tabular import Chunk, Fingerprint, Kind
from gosales_assets.sources.workbook_package import (
    OddCell,
    Package,
    Sheet,
    beginning,
    odd_cells,
    read_package,
)

ROWS = 50_000  # that are text in memory at a time
_ROWS_LOOKED_AT = 60
_NAMES_SHOWN = 3
_AROUND = "\ufeff \t\r\n\u00a0"


@dataclass(frozen=True)
class Head:
    """The header of a sheet.

    Parameters
    ----------
    row
        Its position in the sheet, from 0.
    cells
        As they stand there, from column A to the last that is not empty.
    titles
        Rows above it that are not blank.
    """

    sheet: Sheet
    row: int
    cells: tuple[str, ...]
    titles: int

    @property
    def names(self) -> tuple[str, ...]:
        """Column headers without surrounding spaces."""
        return tuple(cell.strip(_AROUND) for cell in self.cells)

    def matches(self, wanted: Collection[str]) -> int:
        """How many of the wanted headers it has."""
        return len(set(self.names) & set(wanted))

    def is_like(self, other: "Head") -> bool:
        """Whether it has the same headers, in whatever order."""
        return sorted(filter(None, self.names)) == sorted(filter(None, other.names))


@dataclass(frozen=True)
class WorkbookFile:
    """The sheets of a workbook that have the same headers; see `tabular.TabularFile`.

    Parameters
    ----------
    heads
        Headers of the sheets that are read, in their order; the first one is the file's.
    decimal_comma
        Whether numbers read as in text files that write 1234,5.
    """

    path: Path
    name: str
    package: Package
    heads: tuple[Head, ...]
    remarks: tuple[str, ...]
    decimal_comma: bool

    @property
    def kind(self) -> Kind:
        """A workbook."""
        return "workbook"

    @property
    def header(self) -> tuple[str, ...]:
        """Column headers, from column A on."""
        return self.heads[0].names

    @property
    def titles(self) -> int:
        """Rows above the first header that are not blank."""
        return self.heads[0].titles

    @property
    def delimiter(self) -> None:
        """A workbook has none."""
        return None

    def fingerprint(self) -> Fingerprint:
        """Fingerprint of the whole file."""
        return Fingerprint.of(self.path)

    def chunks(
        self, known: Fingerprint, fields: Sequence[int], empty_at: Sequence[int] = ()
    ) -> Iterator[Chunk]:
        """Read the rows of one sheet after the other, some at a time.

        ``line`` is the row's number, counted on from the last row of the sheet before.
        """
        before = 0
        serials_at = empty_at[0] if empty_at and self.package.since_1904 else None
        for head in self.heads:
            known.check(self.path, self.name)
            if before:
                yield _begins(head, before + 1, fields)
            place = Place.of(head.names, self.header, before, self._shown(head))
            cells = SheetCells(head.cells, place, set(fields), self.decimal_comma, serials_at)
            yield from as_chunks(self._rows(head, cells), cells.header_text, fields, empty_at)
            before += max(cells.rows, head.row + 1)

    def _shown(self, head: Head) -> str:
        return f" of sheet {head.sheet.name!r}" if len(self.heads) > 1 else ""

    def _rows(self, head: Head, cells: SheetCells) -> Iterator[CellRows]:
        begin, sheet = head.row + 1, head.sheet
        with _told(self.name):
            values = python_calamine.load_workbook(self.path).get_sheet_by_name(sheet.name)
            left = values.start[1] if values.start else 0
            rows = islice(values.iter_rows(), begin, None)
        odd = (cell for cell in odd_cells(self.path, sheet, self.package, self.name))
        blocks = groupby((c for c in odd if c.row >= begin), lambda c: (c.row - begin) // ROWS)
        waiting = next(blocks, None)
        for number in count():
            block = list(islice(rows, ROWS))
            if not block and waiting is None:
                return
            special: list[OddCell] = []
            if waiting is not None and waiting[0] == number:
                special = list(waiting[1])
                waiting = next(blocks, None)
            yield cells.read(block, begin + number * ROWS, left, special)


def open_workbook(
    path: Path, wanted: Collection[str], name: str, *, decimal_comma: bool = False
) -> WorkbookFile:
    """Choose the sheets, and find the headers in their first rows; reads no further.

    The sheet with a row that holds the most of the ``wanted`` headers, the first of several, has
    the headers of the file; all sheets with the same headers are read. Hidden ones are read only
    where no other holds any that is wanted.

    Raises
    ------
    SettingsError
        When the file is damaged, has no header, or two columns have the same header.
    """
    package = read_package(path, name)
    heads = _heads(path, package, wanted, name)
    if not heads:
        raise SettingsError(f"{name}: no header found, the first rows of its sheets are blank")
    best = max(
        heads,
        key=lambda h: (
            h.sheet.visible and h.matches(wanted) > 0,
            h.matches(wanted),
            h.sheet.visible,
        ),
    )
    twice = [header for header, times in Counter(best.names).items() if header and times > 1]
    if twice:
        shown = ", ".join(map(repr, twice))
        where = f"row {best.row + 1} of sheet {best.sheet.name!r}"
        raise SettingsError(f"{name}: duplicate headers in {where}: {shown}; rename them")
    read = tuple(h for h in heads if h.is_like(best) and h.sheet.visible == best.sheet.visible)
    return WorkbookFile(path, name, package, read, _remarks(read, heads, wanted), decimal_comma)


def _heads(path: Path, package: Package, wanted: Collection[str], name: str) -> list[Head]:
    """Give the most likely header of each sheet that holds anything."""
    copy = beginning(path, package.sheets, _ROWS_LOOKED_AT, name)
    with _told(name):
        book = python_calamine.load_workbook(copy)
        return [
            head
            for sheet in package.sheets
            if (head := _head(sheet, book.get_sheet_by_name(sheet.name), wanted)) is not None
        ]


def _head(
    sheet: Sheet, values: python_calamine.CalamineSheet, wanted: Collection[str]
) -> Head | None:
    left = [""] * (values.start[1] if values.start else 0)
    found: list[Head] = []
    for at, row in enumerate(values.iter_rows()):
        cells = [*left, *map(cell_text, row)]
        while cells and not cells[-1].strip(_AROUND):
            cells.pop()
        if cells:
            found.append(Head(sheet, at, tuple(cells), titles=len(found)))
        if len(found) == _ROWS_LOOKED_AT:
            break
    return max(found, key=lambda h: (h.matches(wanted), sum(map(bool, h.names))), default=None)


def _remarks(
    read: Sequence[Head], heads: Sequence[Head], wanted: Collection[str]
) -> tuple[str, ...]:
    hidden = [head for head in read if not head.sheet.visible]
    left_out = [head for head in heads if head not in read and head.matches(wanted)]
    return (
        *(f"sheet {head.sheet.name!r} is hidden, and was read" for head in hidden),
        *(
            f"sheet {head.sheet.name!r} was not read: {_why_not(head, read[0], wanted)}"
            for head in left_out
        ),
    )


def _why_not(head: Head, read: Head, wanted: Collection[str]) -> str:
    if head.is_like(read):
        return "it is hidden"
    lacking = [name for name in read.names if name in wanted and name not in head.names]
    if lacking:
        return f"it has no column {_some(lacking)}"
    there, known = Counter(filter(None, head.names)), Counter(filter(None, read.names))
    different = [*(there - known), *(known - there)]
    return f"it differs from {read.sheet.name!r} in column {_some(different)}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_NAMES_SHOWN]))
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _begins(head: Head, line: int, fields: Sequence[int]) -> Chunk:
    """Say where a further sheet begins; what stands above its rows is no data."""
    texts = dict.fromkeys(["raw", *(str(at) for at in sorted(set(fields)))], pl.String)
    records = pl.DataFrame(schema={"line": pl.Int64, **texts})
    broken = records.select("line", "raw", reason="raw", detail="raw")
    remark = f"sheet {head.sheet.name!r} begins at line {line}"
    return Chunk(records, broken, skipped=head.titles + 1, remarks=(remark,))


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except python_calamine.CalamineError as error:
        said = str(error).partition("\n")[0]
        raise SettingsError(f"{name}: the workbook is damaged: {said}") from error
