"""Cells of a sheet as text, and the rows that hold a cell which cannot be trusted."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, count, groupby
from typing import Any, Self

import polars as pl

from gosales_assets.sources.cell_rows import UNFIT, CellRows, csv_text
from gosales_assets.sources.records import FIELD_COUNT
from gosales_assets.sources.workbook_package import OddCell

LONG_NUMBER = "number longer than Excel can keep"
NOT_CALCULATED = "formula was never calculated"
_LONG = 1e15
_DAYS_TO_1904 = 1462


@dataclass(frozen=True)
class Place:
    """Where the cells of a sheet come to stand in the file, which may have sheets before it.

    Parameters
    ----------
    columns
        Position in the file's header, or beyond it, of each column under the sheet's own header.
    beyond
        Position of the first column beyond the sheet's own header.
    width
        Length of the file's header.
    before
        Rows of the sheets before it.
    shown
        What follows a cell's address in messages.
    """

    columns: tuple[int, ...]
    beyond: int
    width: int
    before: int
    shown: str

    @classmethod
    def of(cls, names: Sequence[str], header: Sequence[str], before: int, shown: str) -> Self:
        """Place the columns of a sheet whose headers are the file's, in whatever order.

        Columns without a header take what places the file has for such, then those beyond.
        """
        named = {name: at for at, name in enumerate(header) if name}
        free = chain((at for at, name in enumerate(header) if not name), count(len(header)))
        columns = tuple(named[name] if name else next(free) for name in names)
        return cls(columns, max(len(header), 1 + max(columns)), len(header), before, shown)

    def column(self, own: int) -> int:
        """Position of one of the sheet's columns."""
        inside = len(self.columns)
        return self.columns[own] if own < inside else self.beyond + own - inside


class SheetCells:
    """Turns the values of one sheet into rows of text.

    Parameters
    ----------
    header
        Cells of the header row, as they stand in the sheet.
    fields
        Positions of the columns to read, in the file's header.
    decimal_comma
        Whether numbers are written with a decimal comma.
    serials_at
        Column of days whose bare numbers count from 1904; None: there is none.

    Attributes
    ----------
    header_text
        The header row as `csv_text` shows it.
    rows
        Position after the last row that was read.
    """

    def __init__(
        self,
        header: Sequence[str],
        place: Place,
        fields: Collection[int],
        decimal_comma: bool,
        serials_at: int | None,
    ) -> None:
        self.header, self.place, self.fields = header, place, fields
        self.decimal_comma, self.serials_at = decimal_comma, serials_at
        self.rows = 0
        named = dict.fromkeys(range(place.width), "") | dict(
            zip(place.columns, header, strict=True)
        )
        cells = pl.DataFrame({str(at): [named[at]] for at in range(place.width)})
        self.header_text = str(csv_text(cells)[0])

    def read(
        self, values: list[list[Any]], first: int, left: int, odd: Sequence[OddCell]
    ) -> CellRows:
        """Read consecutive rows.

        Parameters
        ----------
        values
            Their cells from column ``left`` (from 0) on; may end before the last odd cell.
        first
            The first row's position in the sheet, from 0.
        odd
            Cells of these rows whose value says less than the cell.
        """
        column_of = self.place.column
        right = left + (len(values[0]) if values else 0)
        filled = {*range(left, right), *(cell.column for cell in odd)}
        width = max([self.place.width, *(column_of(own) + 1 for own in filled)])
        height = max([len(values), *(cell.row - first + 1 for cell in odd[-1:])])
        self.rows = first + height
        nothing = pl.Series([""] * height, dtype=pl.String)
        texts = dict.fromkeys(range(width), nothing)
        found: list[tuple[int, str, str]] = []
        for own, column in enumerate(zip(*values, strict=True), start=left):
            at = column_of(own)
            if at == self.serials_at:
                column = tuple(_from_1904(value) for value in column)
            texts[at] = pl.concat([self._texts(column), nothing[len(column) :]])
            if at in self.fields:
                found += [
                    (row, LONG_NUMBER, self._detail(first + row, own, f"{column[row]:.0f}"))
                    for row in _long_numbers(column)
                ]
        for own, cells in groupby(sorted(odd, key=lambda cell: cell.column), lambda c: c.column):
            found += self._put(list(cells), texts, column_of(own), first)
        return self._rows(pl.DataFrame({str(at): text for at, text in texts.items()}), first, found)

    def _put(
        self, odd: Sequence[OddCell], texts: dict[int, pl.Series], at: int, first: int
    ) -> list[tuple[int, str, str]]:
        """Put the odd cells of a column into its texts; gives what is wrong with them."""
        rows = [cell.row - first for cell in odd]
        texts[at] = texts[at].clone().scatter(rows, [cell.text for cell in odd])
        return [
            (cell.row - first, NOT_CALCULATED, self._detail(cell.row, cell.column, cell.text))
            for cell in odd
            if cell.formula and at in self.fields
        ]

    def _rows(self, cells: pl.DataFrame, first: int, found: list[tuple[int, str, str]]) -> CellRows:
        inside = self.place.width
        raw = csv_text(cells.select(cells.columns[:inside]))
        unfit: dict[int, tuple[str, str]] = {}
        beyond = _filled_beyond(cells, inside)
        if beyond:
            raw = raw.scatter(list(beyond), csv_text(cells[list(beyond)]).str.strip_chars_end(","))
            for row, fields in beyond.items():
                unfit[row] = (FIELD_COUNT, f"{fields} fields, the header has {inside}")
        for row, reason, detail in found:
            unfit.setdefault(row, (reason, detail))
        line = self.place.before + first + 1
        lines = pl.int_range(line, line + cells.height, dtype=pl.Int64, eager=True)
        return CellRows(
            cells.select(lines.alias("line"), raw.alias("raw"), *map(_or_null, self.fields)),
            pl.DataFrame(
                [(line + row, *problem) for row, problem in sorted(unfit.items())],
                schema=UNFIT,
                orient="row",
            ),
        )

    def _texts(self, column: tuple[Any, ...]) -> pl.Series:
        kinds = set(map(type, column))
        if kinds == {float}:
            numbers = _numbers(pl.Series(column, dtype=pl.Float64))
            return numbers.str.replace(".", ",", literal=True) if self.decimal_comma else numbers
        if kinds == {date}:
            return pl.Series(column, dtype=pl.Date).cast(pl.String)
        texts = map(self._text, column) if kinds != {str} else column
        return pl.Series(list(texts), dtype=pl.String)

    def _text(self, value: Any) -> str:
        if self.decimal_comma and type(value) is float:
            return _number(value).replace(".", ",")
        return cell_text(value)

    def _detail(self, row: int, column: int, shown: str) -> str:
        return f"{self.header[column].strip()} ({address(row, column)}{self.place.shown}): {shown}"


def cell_text(value: Any) -> str:
    """Text of one value of a sheet."""
    return value if type(value) is str else _TEXT_OF[type(value)](value)


def address(row: int, column: int) -> str:
    """Address of a cell, both counted from 0, as in ``B7``."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


def _numbers(values: pl.Series) -> pl.Series:
    """Text of many numbers; whole ones, which are most, all at once."""
    texts = values.cast(pl.Int64, strict=False).cast(pl.String)
    others = ((values != values.floor()) | (values.abs() >= _LONG)).arg_true()
    if not len(others):
        return texts
    return texts.scatter(others, [_number(value) for value in values.gather(others)])


def _number(value: float) -> str:
    if value.is_integer() and -_LONG < value < _LONG:
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def _moment(value: datetime) -> str:
    return value.date().isoformat() if value.time() == time() else value.isoformat(" ")


def _duration(value: timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


_TEXT_OF: dict[type, Callable[[Any], str]] = {
    float: _number,
    int: str,
    bool: lambda value: "true" if value else "false",
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
}


def _long_numbers(column: tuple[Any, ...]) -> list[int]:
    numbers = [value if type(value) is float else 0.0 for value in column]
    if max(numbers) < _LONG and min(numbers) > -_LONG:
        return []
    return [row for row, number in enumerate(numbers) if not -_LONG < number < _LONG]


def _from_1904(value: Any) -> Any:
    return value + _DAYS_TO_1904 if type(value) is float else value


def _or_null(at: int) -> pl.Expr:
    return pl.when(pl.col(str(at)) != "").then(str(at)).alias(str(at))


def _filled_beyond(cells: pl.DataFrame, inside: int) -> dict[int, int]:
    """Rows that hold something beyond the header: row -> cells up to the last that does."""
    filled: dict[int, int] = {}
    for at, column in enumerate(cells.columns[inside:], start=inside + 1):
        rows = (cells[column].str.strip_chars() != "").arg_true()
        filled.update(dict.fromkeys(rows.to_list(), at))
    return dict(sorted(filled.items()))
