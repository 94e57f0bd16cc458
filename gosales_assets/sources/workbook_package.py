"""What is inside an XLSX file besides its values: sheets, calendar, number formats, odd cells.

The reader of values (python-calamine) gives error cells and formulas that were never calculated as
if they were empty, and knows no number formats. Here the sheet's own XML is asked for those cells;
it streams, so that memory does not grow with the sheet.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET
from xml.parsers import expat

from gosales_assets.settings import SettingsError

WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STYLES = "xl/styles.xml"
_NOT_VALUES = ("xl/media/", "xl/drawings/", "xl/pivot", "xl/charts/", "docProps/", "customXml/")
_BLOCK = 1 << 20
_OVERLAP = 2
_ROW_ENDS = re.compile(rb"</(?:(\w+):)?row\s*>")
_SIGNS_OF_ODD_CELLS = (b'"e"', b"'e'", b"<f", b":f")  # type "e", element "f"; wrong at times
_LEADING_ZEROS = re.compile(r"(0{2,})(?:;.*)?")
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Sheet:
    """A worksheet: its name, its part of the package, and whether people can see it."""

    name: str
    part: str
    visible: bool


@dataclass(frozen=True)
class Package:
    """What a workbook says of itself.

    Parameters
    ----------
    sheets
        Worksheets in their order.
    since_1904
        Whether day 0 of the workbook is 1904-01-01.
    never_calculated
        Whether the program that wrote it left the formulas to be calculated by the next one.
    leading_zeros
        Style -> digits to which it fills a number with zeros (the format ``00000``).
    """

    sheets: tuple[Sheet, ...]
    since_1904: bool
    never_calculated: bool
    leading_zeros: Mapping[int, int]


@dataclass(frozen=True)
class OddCell:
    """A cell whose value says less than the cell: row and column from 0, text, what is wrong."""

    row: int
    column: int
    text: str
    formula: bool


def read_package(path: Path, name: str) -> Package:
    """Read what a workbook says of itself.

    Raises
    ------
    SettingsError
        When the file is damaged.
    """
    with _package(path, name) as package:
        book = ET.fromstring(package.read(WORKBOOK))  # noqa: S314 - as expat 2.6 limits it
        targets = {
            relation.get("Id"): relation.get("Target", "")
            for relation in ET.fromstring(package.read(_RELATIONS))  # noqa: S314
            if relation.get("Type", "").endswith("/worksheet")
        }
        styles = package.read(_STYLES) if _STYLES in package.namelist() else b"<none/>"
        return Package(
            tuple(_sheets(book, targets)),
            _flag(book, "workbookPr", "date1904"),
            _flag(book, "calcPr", "fullCalcOnLoad"),
            _zeros(ET.fromstring(styles)),  # noqa: S314
        )


def parts(path: Path, name: str) -> set[str]:
    """Names of what is inside a zip file.

    Raises
    ------
    SettingsError
        When the file is damaged.
    """
    with _package(path, name) as package:
        return set(package.namelist())


def beginning(path: Path, sheets: tuple[Sheet, ...], rows: int, name: str) -> io.BytesIO:
    """Copy a workbook with the first rows of each sheet only.

    Raises
    ------
    SettingsError
        When the file is damaged.
    """
    worksheets, copy = {sheet.part for sheet in sheets}, io.BytesIO()
    with _package(path, name) as package, zipfile.ZipFile(copy, "w") as short:
        for part in package.namelist():
            if part in worksheets:
                with package.open(part) as file:
                    short.writestr(part, _first_rows(file, rows))
            elif not part.startswith(_NOT_VALUES) and not part.endswith("/"):
                short.writestr(part, package.read(part))
    copy.seek(0)
    return copy


def odd_cells(path: Path, sheet: Sheet, package: Package, name: str) -> Iterator[OddCell]:
    """Yield errors, formulas that were never calculated, and numbers filled with zeros, in order.

    Raises
    ------
    SettingsError
        When the file is damaged.
    """
    with _package(path, name) as file:
        if not package.leading_zeros:
            with file.open(sheet.part) as part:
                if not _has_odd_cells(part):
                    return
        reader = _OddCells(package)
        with file.open(sheet.part) as part:
            while block := part.read(_BLOCK):
                reader.parser.Parse(block)
                yield from reader.found
                reader.found.clear()


@contextmanager
def _package(path: Path, name: str) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as package:
            yield package
    except (*_DAMAGE, ET.ParseError, expat.ExpatError) as error:
        said = str(error).partition("\n")[0]
        raise SettingsError(f"{name}: the workbook or zip file is damaged: {said}") from error


def _sheets(book: ET.Element, targets: Mapping[str | None, str]) -> Iterator[Sheet]:
    for sheet in book.iterfind("{*}sheets/{*}sheet"):
        relation = next((v for k, v in sheet.attrib.items() if k.endswith("}id")), None)
        if relation in targets:
            part = posixpath.normpath(posixpath.join("/xl", targets[relation])).lstrip("/")
            yield Sheet(sheet.get("name", ""), part, sheet.get("state", "visible") == "visible")


def _flag(book: ET.Element, element: str, attribute: str) -> bool:
    found = book.find(f"{{*}}{element}")
    return found is not None and found.get(attribute, "0") in ("1", "true")


def _zeros(styles: ET.Element) -> dict[int, int]:
    formats = {
        int(entry.get("numFmtId", "0")): len(match[1])
        for entry in styles.iterfind("{*}numFmts/{*}numFmt")
        if (match := _LEADING_ZEROS.fullmatch(entry.get("formatCode", "")))
    }
    of_style = (int(style.get("numFmtId", "0")) for style in styles.iterfind("{*}cellXfs/{*}xf"))
    return {at: formats[number] for at, number in enumerate(of_style) if number in formats}


def _first_rows(file: IO[bytes], rows: int) -> bytes:
    text = b""
    while block := file.read(_BLOCK):
        text += block
        ends = list(_ROW_ENDS.finditer(text))
        if len(ends) >= rows:
            last = ends[rows - 1]
            prefix = last[1] + b":" if last[1] else b""
            return text[: last.end()] + b"</%bsheetData></%bworksheet>" % (prefix, prefix)
    return text


def _has_odd_cells(file: IO[bytes]) -> bool:
    rest = b""
    while block := file.read(_BLOCK):
        text = rest + block
        if any(sign in text for sign in _SIGNS_OF_ODD_CELLS):
            return True
        rest = block[-_OVERLAP:]
    return False


@lru_cache(maxsize=256)
def _local(name: str) -> str:
    return name.rpartition(":")[2]


@lru_cache(maxsize=1 << 15)
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


class _OddCells:
    """Handlers of the sheet's XML; what is found gathers in ``found``."""

    def __init__(self, package: Package) -> None:
        self.never_calculated, self.zeros = package.never_calculated, package.leading_zeros
        self.found: list[OddCell] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.row = self.column = -1
        self.kind, self.digits = "n", 0
        self.formula: str | None = None
        self.value = ""
        self.text: list[str] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = _local(name)
        if kind == "c":
            address = attributes.get("r")
            self.column = _column(address.rstrip("0123456789")) if address else self.column + 1
            self.kind, self.formula, self.value = attributes.get("t", "n"), None, ""
            self.digits = self.zeros.get(int(attributes.get("s", "0")), 0) if self.zeros else 0
        elif kind == "row":
            self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
            self.column = -1
        elif kind == "f" or (kind == "v" and self._matters):
            self.text = []
            self.parser.CharacterDataHandler = self.text.append

    def _end(self, name: str) -> None:
        kind = _local(name)
        if kind == "f":
            self.formula = "".join(self.text)
        elif kind == "v" and self._matters:
            self.value = "".join(self.text).strip()
        elif kind == "c" and self._matters:
            self._cell()
        else:
            return
        self.parser.CharacterDataHandler = None

    @property
    def _matters(self) -> bool:
        return self.formula is not None or self.digits > 0 or self.kind == "e"

    def _cell(self) -> None:
        if self.kind == "e":
            self._add(self.value or "#ERROR!")
        elif self.kind != "n":
            return
        elif self.formula is not None and (
            not self.value or (self.value == "0" and self.never_calculated)
        ):
            self._add(f"={self.formula}", formula=True)
        elif self.digits and self.value.isdecimal():
            self._add(self.value.zfill(self.digits))

    def _add(self, text: str, *, formula: bool = False) -> None:
        self.found.append(OddCell(self.row, self.column, text, formula))
