"""Workbooks: what people see in the cells is what is read, or the row is set aside and says why."""

import csv
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zipfile import ZipFile

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources import workbooks
from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.tabular import Chunk, TabularFile
from gosales_assets_tests.sources.loading import LoadedLog, load_log
from gosales_assets_tests.sources.workbook_files import write_package, write_workbook

HEADER = ["customer_id", "order_id", "order_date", "sku", "division", "quantity", "revenue"]
DAY = date(2024, 1, 31)
ROW = ["C1", "O1", DAY, "A", "Tools", 2, 10.5]
ROW2 = ["C2", "O2", DAY, "B", "Toys", 1, 5.5]


def load(path: Path, **log: Any) -> LoadedLog:
    loaded = load_log(
        Settings(base=path.parent, sales_log={"files": [path.name], **log}, today="2025-06-30")
    )
    assert loaded.problems() == []
    return loaded


def fates(loaded: LoadedLog) -> tuple[list[str], list[tuple[int, str, str | None]]]:
    aside = loaded.quarantine.select("source_line", "reason", "detail").rows()
    return loaded.lines["customer_id"].to_list(), aside


def everything(file: TabularFile, empty_at: Sequence[int] = ()) -> list[Chunk]:
    return list(file.chunks(file.fingerprint(), range(len(file.header)), empty_at))


def texts(path: Path, *wanted: str) -> list[tuple[str | None, ...]]:
    chunks = everything(open_tabular(path, wanted or HEADER, path.name))
    return pl.concat([chunk.records for chunk in chunks]).drop("line", "raw").rows()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  00123 ", "  00123 "),
        ("3E10", "3E10"),
        ("9007199254740993", "9007199254740993"),
        ("{9F0E-4C}", "{9F0E-4C}"),
        ("two\nlines", "two\nlines"),
        ('5" pipe, ä株😀', '5" pipe, ä株😀'),
        (1234567, "1234567"),
        (-5, "-5"),
        (-0.0, "0"),
        (123456789012345, "123456789012345"),
        (45.300000000000004, "45.3"),
        (0.1 + 0.2, "0.3"),
        (1234.5, "1234.5"),
        (1e-7, "0.0000001"),
        (Decimal("12.34"), "12.34"),
        (True, "true"),
        (False, "false"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 13, 45), "2024-01-31 13:45:00"),
        (time(7, 5), "07:05:00"),
        (timedelta(hours=30, seconds=5), "30:00:05"),
        ("#N/A", "#N/A"),
        ("#REF!", "#REF!"),
        ("#DIV/0!", "#DIV/0!"),
        (None, None),
    ],
)
def test_cells_read_as_people_see_them(tmp_path: Path, value: Any, text: str | None) -> None:
    path = write_workbook(tmp_path / "t.xlsx", Data=[["key", "value"], ["x", value]])
    assert texts(path, "key", "value") == [("x", text)]


@pytest.mark.parametrize(
    "number_format",
    [
        "0.00",
        "#,##0.00",
        '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-',
        "[$-409]#,##0.00;[Red]-#,##0.00",
        '"Days: "0',
        "0%",
    ],
)
def test_number_formats_do_not_make_numbers_something_else(
    tmp_path: Path, number_format: str
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["key", "value"])
    book.active.append(["x", 1234.5])
    book.active["B2"].number_format = number_format
    book.save(tmp_path / "t.xlsx")
    assert texts(tmp_path / "t.xlsx", "key") == [("x", "1234.5")]


def test_a_format_of_zeros_is_followed(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (HEADER, [123, *ROW[1:]], [4567890, *ROW2[1:]]):
        book.active.append(row)
    for row in (2, 3):
        book.active.cell(row, 1).number_format = "00000"
    book.save(tmp_path / "t.xlsx")
    assert load(tmp_path / "t.xlsx").lines["customer_id"].to_list() == ["00123", "4567890"]


_CELL = st.one_of(
    st.none(),
    st.text(st.sampled_from("ab ,;\"'é株0-\n"), max_size=8),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.decimals(-(10**9), 10**9, places=4).map(lambda number: number.normalize()),
    st.dates(date(1900, 3, 1), date(2199, 12, 31)),
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(
        lambda d: d.replace(microsecond=0)
    ),
    st.booleans(),
)


def _expected(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return str(value) if value.time() != time() else str(value.date())
    if isinstance(value, Decimal):
        return format(value, "f") if value else "0"
    # Cells of nothing but spaces come as empty.
    return None if value is None or not str(value).strip() else str(value)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[_CELL] * 4), max_size=12), st.sampled_from([1, 3, 50_000]))
def test_written_cells_come_back(rows: list[tuple[Any, ...]], block: int) -> None:
    with tempfile.TemporaryDirectory() as folder, patch.object(workbooks, "ROWS", block):
        path = write_workbook(
            Path(folder) / "t.xlsx", Data=[["key", "a", "b", "c", "d"], *[("x", *r) for r in rows]]
        )
        chunks = everything(open_tabular(path, ["key"], "t.xlsx"))
    records = [row for chunk in chunks for row in chunk.records.rows()]
    read = [tuple(map(_expected, row[2:])) for row in records]
    assert read == [("x", *map(_expected, row)) for row in rows]
    assert [row[0] for row in records] == list(range(2, len(rows) + 2))
    shown = [next(csv.reader([row[1].replace("\n", "\r")])) for row in records]
    cells = [[(cell or "").replace("\n", "\r") for cell in row[2:]] for row in records]
    assert shown == cells
    assert sum(chunk.broken.height + chunk.skipped for chunk in chunks) == 0


@pytest.mark.parametrize("block", [1, 2, 50_000])
def test_rows_of_every_shape(tmp_path: Path, block: int) -> None:
    rows: list[list[Any]] = [
        [None, "Sales report"],
        [],
        ["May", "June"],
        HEADER,
        ROW,
        [],
        HEADER,
        [" ", None, "  "],
        ROW2,
        [*ROW, None, "checked by Ann"],
        [None, *ROW[1:]],
        ["C3", *ROW[1:5], 3, "#REF!"],
        ["C4", *ROW[1:5], 3, "=E2*F2"],
        ["Subtotal", None, None, None, None, "=SUM(F2:F9)", "=SUM(G2:G9)"],
        [None, "Grand total", None, None, None, 3, 16],
    ]
    path = write_workbook(tmp_path / "t.xlsx", Data=rows)
    with patch.object(workbooks, "ROWS", block):
        loaded = load(path)
    customers, aside = fates(loaded)
    assert customers == ["C1", "C2"]
    assert aside == [
        (10, "wrong number of fields", "9 fields, the header has 7"),
        (11, "no customer", None),
        (12, "number not readable", "revenue: #REF!"),
        (13, "formula was never calculated", "revenue (G13): =E2*F2"),
    ]
    assert loaded.log["rows_skipped"].item() == 2 + 3 + 2
    assert loaded.quarantine["raw_text"][0] == "C1,O1,2024-01-31,A,Tools,2,10.5,,checked by Ann"


def test_a_number_that_lost_digits_is_no_id(tmp_path: Path) -> None:
    rows = [HEADER, [9007199254740992, *ROW[1:]], ["9007199254740993", *ROW2[1:]]]
    loaded = load(write_workbook(tmp_path / "t.xlsx", Data=rows))
    assert fates(loaded) == (
        ["9007199254740993"],
        [(2, "number longer than Excel can keep", "customer_id (A2): 9007199254740992")],
    )


def test_long_numbers_in_columns_that_are_kept_out_do_no_harm(tmp_path: Path) -> None:
    rows = [[*HEADER, "barcode"], [*ROW, 9007199254740992]]
    assert load(write_workbook(tmp_path / "t.xlsx", Data=rows)).lines.height == 1


def test_errors_are_no_ids(tmp_path: Path) -> None:
    rows = [HEADER, ["#REF!", *ROW[1:]], ["#N/A", *ROW[1:]], ["C1", "#NAME?", *ROW[2:]]]
    loaded = load(write_workbook(tmp_path / "t.xlsx", Data=rows))
    assert fates(loaded) == (["C1"], [(2, "no customer", None), (3, "no customer", None)])
    assert loaded.lines["order_id"].to_list() == [None]


def test_formulas_have_the_value_that_was_calculated(tmp_path: Path) -> None:
    cells = (
        '<row r="1"><c r="A1" t="str"><v>key</v></c><c r="B1" t="str"><v>a</v></c></row>'
        '<row r="2"><c r="A2" t="str"><f>"x"</f><v>x</v></c><c r="B2"><f>1+1</f><v>2</v></c></row>'
        '<row r="3"><c r="A3" t="str"><f>"y"</f><v>y</v></c><c r="B3"><f>0</f><v>0</v></c></row>'
        '<row r="4"><c r="A4" t="str"><f>"z"</f><v>z</v></c>'
        '<c r="B4" t="str"><f>IF(1,"")</f><v></v></c></row>'
    )
    path = write_package(tmp_path / "t.xlsx", cells)
    assert texts(path, "key") == [("x", "2"), ("y", "0"), ("z", None)]
    path = write_package(tmp_path / "t.xlsx", cells, calculation='<calcPr fullCalcOnLoad="1"/>')
    (chunk,) = everything(open_tabular(path, ["key"], "t.xlsx"))
    assert chunk.records["0"].to_list() == ["x", "z"]
    assert chunk.broken.rows() == [(3, "y,=0", "formula was never calculated", "a (B3): =0")]


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_cells_without_addresses(tmp_path: Path, prefix: str) -> None:
    rows = (
        '<row><c t="str"><v>key</v></c><c t="str"><v>a</v></c></row>'
        '<row><c t="str"><v>x</v></c><c t="e"><v>#NUM!</v></c></row>'
        '<row r="7"><c r="A7" t="str"><v>y</v></c><c t="d"><v>2024-01-31T00:00:00</v></c></row>'
    )
    for element in ("row", "c", "v"):
        rows = rows.replace(f"<{element}", f"<{prefix}{element}")
        rows = rows.replace(f"</{element}", f"</{prefix}{element}")
    path = write_package(tmp_path / "t.xlsx", rows, prefix)
    assert texts(path, "key") == [("x", "#NUM!"), ("y", "2024-01-31")]


def test_data_need_not_begin_in_the_first_column(tmp_path: Path) -> None:
    rows = [[None] * 9, [None, None, *HEADER], [None, None, *ROW], [None, None, *["Total"]]]
    loaded = load(write_workbook(tmp_path / "t.xlsx", Data=rows))
    assert loaded.lines["source_line"].to_list() == [3]
    assert loaded.log["rows_skipped"].item() == 1


def test_merged_cells_hold_their_value_once(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", Data=[HEADER, ROW, [None, *ROW2[1:]]])
    book = openpyxl.load_workbook(path)
    book["Data"].merge_cells("A2:A3")
    book.save(path)
    assert fates(load(path)) == (["C1"], [(3, "no customer", None)])


def test_days_as_bare_numbers(tmp_path: Path) -> None:
    rows = [HEADER, ["C1", "O1", 45322, *ROW[3:]], ["C2", "O2", 45322.75, *ROW[3:]]]
    path = write_workbook(tmp_path / "t.xlsx", Data=rows)
    for decimal_comma in (False, True):
        loaded = load(path, decimal_comma=decimal_comma)
        assert loaded.lines["order_date"].to_list() == [DAY, DAY]


def test_days_of_a_calendar_that_begins_in_1904(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in (HEADER, ROW, ["C2", "O2", 45322 - 1462, *ROW[3:]]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert load(tmp_path / "t.xlsx").lines["order_date"].to_list() == [DAY, DAY]


def test_numbers_have_no_locale_but_texts_do(tmp_path: Path) -> None:
    rows = [HEADER, [*ROW[:6], 1.234], ["C2", *ROW[1:6], "1.234,00"], ["C3", *ROW[1:6], 1234.5]]
    loaded = load(write_workbook(tmp_path / "t.xlsx", Data=rows), decimal_comma=True)
    assert [str(amount) for amount in loaded.lines["revenue"]] == ["1.23", "1234.00", "1234.50"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["title"], [*HEADER, "sku"], ROW], ["duplicate headers in row 2 of sheet 'Data'", "sku"]),
        ([["Customer ID", *HEADER[1:]], ROW], ["'customer_id'", "did you mean 'Customer ID'"]),
        ([[" "]], ["no header found"]),
    ],
)
def test_headers_that_cannot_be_used(
    tmp_path: Path, rows: list[list[Any]], words: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write_workbook(tmp_path / "t.xlsx", Data=rows))
    assert all(word in str(caught.value) for word in ["t.xlsx", *words]), str(caught.value)


def _zip(path: Path, **parts: str) -> bytes:
    with ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name.replace("__", "/"), text)
    return path.read_bytes()


def test_files_that_are_no_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    whole = write_workbook(path, Data=[HEADER, ROW]).read_bytes()
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    for content, words in [
        (_zip(path, orders="1,2"), "zip file, not a workbook; unpack it"),
        (_zip(path, xl__workbook=""), "zip file, not a workbook"),
        (whole[: len(whole) // 2], "damaged"),
        (old, "old Excel file (.xls); save it as .xlsx"),
        (old + "EncryptedPackage".encode("utf-16-le"), "has a password; save it without one"),
        (b"", "is empty"),
    ]:
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=r"t\.xlsx") as caught:
            open_tabular(path, HEADER, "t.xlsx")
        assert words in str(caught.value)


def _texts_or_error(path: Path) -> list[tuple[str | None, ...]] | str:
    try:
        return texts(path)
    except SettingsError as error:
        return str(error)


def test_no_damage_goes_unnoticed_or_ends_in_anything_but_one_clear_line(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", Data=[HEADER, *[ROW, ROW2] * 40])
    whole, read = path.read_bytes(), texts(path)
    for at in range(0, len(whole), 53):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        outcome = _texts_or_error(path)
        assert outcome == read or (isinstance(outcome, str) and "\n" not in outcome)


def test_a_workbook_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", Data=[HEADER, ROW])
    file = open_tabular(path, HEADER, "t.xlsx")
    known = file.fingerprint()
    write_workbook(path, Data=[HEADER, ROW, ROW2])
    with pytest.raises(SettingsError, match=r"t\.xlsx: the file has changed"):
        list(file.chunks(known, [0]))
