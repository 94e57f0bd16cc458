"""Where a file's header is, and what delimits its fields: found by the headers we look for."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gosales_assets.settings import SettingsError

DELIMITERS = (",", ";", "\t", "|")
_LINES_LOOKED_AT = 60
_AROUND = "\ufeff \t\r\n\u00a0"
_LINE_BREAK = re.compile(r"\s*[\r\n]\s*")


@dataclass(frozen=True)
class Dialect:
    """How a file is laid out.

    Parameters
    ----------
    delimiter
        One of comma, semicolon, tab, pipe.
    header
        Column headers, stripped of surrounding spaces, line breaks in them read as a space; may
        hold empty ones.
    first_line
        Physical line (from 1) on which the data begin, right below the header.
    header_text
        The header as it stands in the file, to recognise it when it comes again.
    titles
        Lines above the header that are not blank.
    """

    delimiter: str
    header: tuple[str, ...]
    first_line: int
    header_text: str
    titles: int


@dataclass(frozen=True)
class _Row:
    fields: tuple[str, ...]
    first: int
    last: int


def find_dialect(text: str, wanted: Collection[str], name: str) -> Dialect:
    """Find delimiter and header in the beginning of a file.

    The header is the row, among the first lines and under any delimiter, that holds the most of
    the ``wanted`` headers; without any of them, the first row with the most fields.

    Raises
    ------
    SettingsError
        When two columns have the same header.
    """
    lines = text.split("\n")[:_LINES_LOOKED_AT]
    best: tuple[tuple[int, int, int], str, _Row] | None = None
    for delimiter in DELIMITERS:
        for row in _rows(lines, delimiter):
            score = (len(set(row.fields) & set(wanted)), len(row.fields), -row.first)
            if any(row.fields) and (best is None or score > best[0]):
                best = (score, delimiter, row)
    if best is None:
        raise SettingsError(f"{name}: no header found, the first lines are blank")
    _, delimiter, row = best
    twice = [header for header, count in Counter(row.fields).items() if header and count > 1]
    if twice:
        shown = ", ".join(repr(header) for header in twice)
        raise SettingsError(f"{name}: duplicate headers in line {row.first}: {shown}; rename them")
    return Dialect(
        delimiter,
        row.fields,
        row.last + 1,
        "\n".join(lines[row.first - 1 : row.last]),
        sum(bool(line.strip()) for line in lines[: row.first - 1]),
    )


def headers(fields: Iterable[str]) -> tuple[str, ...]:
    """Cells of a header row as the names of columns: on one line, without spaces around."""
    return tuple(_LINE_BREAK.sub(" ", field.strip(_AROUND)) for field in fields)


def _rows(lines: list[str], delimiter: str) -> list[_Row]:
    """Rows of the first lines, each with its first and last line; a stray quote ends the search."""
    rows = []
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    first = 1
    try:
        for fields in reader:
            stripped = headers(fields)
            rows.append(_Row(stripped, first, reader.line_num))
            first = reader.line_num + 1
    except csv.Error:
        return rows
    return rows
