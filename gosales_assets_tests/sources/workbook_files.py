"""Writes workbooks for tests: with openpyxl, or from the XML that a test wants."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
_ROOT = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="a" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_PARTS = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="s" '
    f'Type="{_OFFICE}/worksheet" Target="/xl/worksheets/one.xml"/></Relationships>'
)


def write_workbook(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    """Write sheets of rows; ``_`` in front of a sheet's name hides it."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.lstrip("_"))
        sheet.sheet_state = "hidden" if name.startswith("_") else "visible"
        for row, cells in enumerate(rows, start=1):
            for column, value in enumerate(cells, start=1):
                if value is not None:
                    sheet.cell(row, column, value)
    book.save(path)
    return path


def write_package(path: Path, rows: str, prefix: str = "", calculation: str = "") -> Path:
    """Write a workbook whose only sheet holds these rows of XML."""
    sheet = f"<{prefix}sheetData>{rows}</{prefix}sheetData>"
    spaces = f'xmlns="{_MAIN}" xmlns:x="{_MAIN}" xmlns:r="{_OFFICE}"'
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _ROOT,
        "xl/_rels/workbook.xml.rels": _PARTS,
        "xl/workbook.xml": (
            f'<workbook {spaces}><sheets><sheet name="One" sheetId="1" r:id="s"/></sheets>'
            f"{calculation}</workbook>"
        ),
        "xl/worksheets/one.xml": f"<{prefix}worksheet {spaces}>{sheet}</{prefix}worksheet>",
    }
    with zipfile.ZipFile(path, "w") as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return path
