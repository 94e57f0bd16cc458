"""Workbooks of several sheets: those with the same headers are read one after the other."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from gosales_assets.settings import Settings
from gosales_assets.sources import workbooks
from gosales_assets.sources.layout import layout_of
from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.scan import scan
from gosales_assets.sources.side_tables import load_side_table
from gosales_assets.sources.sku_map import load_sku_map
from gosales_assets_tests.sources.loading import LoadedLog, load_log
from gosales_assets_tests.sources.workbook_files import write_workbook

HEADER = ["customer_id", "order_id", "order_date", "sku", "division", "quantity", "revenue"]
DAY = date(2024, 1, 31)
SOME = ("C1", "C2", "C3", "C4", "C5")
ROWS = [[customer, f"O{customer}", DAY, "A", "Tools", 2, 10.5] for customer in SOME]
ROW, ROW2, ROW3, ROW4, ROW5 = ROWS
TOTAL = ["Total", None, None, None, None, 99, 999]
TOO_LONG = 9007199254740992


def load(path: Path, **log: Any) -> LoadedLog:
    loaded = load_log(
        Settings(base=path.parent, sales_log={"files": [path.name], **log}, today="2025-06-30")
    )
    assert loaded.problems() == []
    return loaded


def customers(loaded: LoadedLog) -> list[tuple[int, str]]:
    return loaded.lines.select("source_line", "customer_id").rows()


def notes(loaded: LoadedLog) -> list[str]:
    said: str = loaded.log["notes"].item()
    return said.split("; ") if said else []


@pytest.mark.parametrize("block", [1, 2, 50_000])
def test_sheets_with_the_same_headers_are_read_whole(tmp_path: Path, block: int) -> None:
    path = write_workbook(
        tmp_path / "t.xlsx",
        First=[HEADER, ROW, ROW2],
        Blank=[],
        Second=[HEADER, ROW3],
        Third=[HEADER, ROW4, [], ROW5],
    )
    with patch.object(workbooks, "ROWS", block):
        loaded = load(path)
    assert customers(loaded) == [(2, "C1"), (3, "C2"), (5, "C3"), (7, "C4"), (9, "C5")]
    assert notes(loaded) == ["sheet 'Second' begins at line 4", "sheet 'Third' begins at line 6"]
    assert loaded.log["rows_read"].item() == 5
    assert loaded.log["rows_skipped"].item() == 2 + 1  # headers of further sheets, a blank row


@pytest.mark.parametrize("block", [1, 2, 50_000])
def test_each_sheet_has_titles_and_totals_of_its_own(tmp_path: Path, block: int) -> None:
    path = write_workbook(
        tmp_path / "t.xlsx",
        First=[["Sales"], HEADER, ROW, ["Total", *ROW2[1:]], TOTAL],
        Second=[HEADER, ROW3, TOTAL, TOTAL],
        Third=[[None, "Sales"], [], ["in EUR"], HEADER, ROW4, TOTAL, ROW5],
    )
    with patch.object(workbooks, "ROWS", block):
        loaded = load(path)
    # A total that is followed by data is one of the rows that do not read.
    assert customers(loaded) == [(3, "C1"), (4, "Total"), (7, "C3"), (14, "C4"), (16, "C5")]
    aside = loaded.quarantine.select("source_line", "reason").rows()
    assert aside == [(15, "no date")]
    assert loaded.log["rows_skipped"].item() == (1 + 1) + (1 + 2) + (2 + 1)
    assert notes(loaded) == ["sheet 'Second' begins at line 6", "sheet 'Third' begins at line 10"]


def test_sheets_without_rows_are_counted_like_any_other(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "t.xlsx", First=[["Sales"], HEADER], Second=[HEADER], Third=[HEADER, ROW]
    )
    loaded = load(path)
    assert customers(loaded) == [(5, "C1")]
    assert notes(loaded) == ["sheet 'Second' begins at line 3", "sheet 'Third' begins at line 4"]


def test_columns_may_stand_in_another_order(tmp_path: Path) -> None:
    other = [*HEADER[3:], None, *HEADER[:3]]
    moved = [[*row[3:], None, *row[:3]] for row in ROWS]
    path = write_workbook(
        tmp_path / "t.xlsx",
        First=[[" customer_id", *HEADER[1:]], ROW, ROW2],
        Moved=[other, moved[2], moved[0], [*moved[3][:-3], TOO_LONG, *moved[3][-2:]], other],
        Shifted=[[None, *HEADER, None], [None, *ROW4], [None, *ROW5, None, "see Ann"]],
    )
    loaded = load(path)
    assert customers(loaded) == [(2, "C1"), (3, "C2"), (5, "C3"), (10, "C4")]
    # The row that came before, in the first sheet, is the same one wherever its columns stand.
    assert loaded.log["rows_duplicate"].item() == 1
    assert loaded.quarantine.select("source_line", "reason", "detail", "raw_text").rows() == [
        (
            7,
            "number longer than Excel can keep",
            "customer_id (F4 of sheet 'Moved'): 9007199254740992",
            "9007199254740990,OC4,2024-01-31,A,Tools,2,10.5",
        ),
        (
            11,
            "wrong number of fields",
            "10 fields, the header has 7",
            "C5,OC5,2024-01-31,A,Tools,2,10.5,,,see Ann",
        ),
    ]


def test_what_is_wrong_names_the_cell_and_its_sheet(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "t.xlsx",
        One=[HEADER, [*ROW[:6], "=E2*F2"]],
        Two=[["Sales"], HEADER, [*ROW2[:6], "=E3*F3"], [TOO_LONG, *ROW3[1:]]],
    )
    assert load(path).quarantine.select("source_line", "detail").rows() == [
        (2, "revenue (G2 of sheet 'One'): =E2*F2"),
        (5, "revenue (G3 of sheet 'Two'): =E3*F3"),
        (6, "customer_id (A4 of sheet 'Two'): 9007199254740992"),
    ]


def test_rows_beyond_the_last_value_count(tmp_path: Path) -> None:
    only_formula = [None] * 6 + ["=SUM(G1:G2)"]
    path = write_workbook(
        tmp_path / "t.xlsx", One=[HEADER, ROW, [], only_formula], Two=[HEADER, ROW2]
    )
    loaded = load(path)
    assert customers(loaded) == [(2, "C1"), (6, "C2")]
    assert loaded.quarantine["source_line"].to_list() == [4]


def test_the_sheet_with_most_headers_decides(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "t.xlsx",
        Cover=[["customer_id", "is the first column of the next sheet"]],
        Prices=[["price", "valid from"], [1, 2]],
        _Hidden=[HEADER, ["HIDDEN", *ROW[1:]]],
        Orders=[["Orders"], HEADER, ROW],
        Returns=[[*HEADER, "because"], ["RETURNS", *ROW[1:], "broken"]],
        More=[HEADER, ROW2],
    )
    loaded = load(path)
    assert customers(loaded) == [(3, "C1"), (5, "C2")]
    assert notes(loaded) == [
        "sheet 'Cover' was not read: it has no column 'order_id', 'order_date', 'sku' and 3 more",
        "sheet 'Hidden' was not read: it is hidden",
        "sheet 'Returns' was not read: it differs from 'Orders' in column 'because'",
        "sheet 'More' begins at line 4",
    ]


def test_a_sheet_with_a_header_twice_is_not_read(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "t.xlsx", One=[HEADER, ROW], Two=[[*HEADER, "sku"], [*ROW2, "B"]]
    )
    loaded = load(path)
    assert customers(loaded) == [(2, "C1")]
    assert notes(loaded) == ["sheet 'Two' was not read: it differs from 'One' in column 'sku'"]


def test_hidden_sheets_are_read_when_there_is_no_other(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "t.xlsx",
        Notes=[["Read me"]],
        _Data=[HEADER, ROW],
        Empty=[],
        _More=[HEADER, ROW2],
    )
    loaded = load(path)
    assert customers(loaded) == [(2, "C1"), (4, "C2")]
    assert notes(loaded) == [
        "sheet 'Data' is hidden, and was read",
        "sheet 'More' is hidden, and was read",
        "sheet 'More' begins at line 3",
    ]


def test_what_came_in_an_earlier_sheet_is_a_duplicate(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", One=[HEADER, ROW, ROW2], Two=[HEADER, ROW2, ROW3])
    loaded = load(path)
    assert customers(loaded) == [(2, "C1"), (3, "C2"), (6, "C3")]
    assert loaded.log["rows_duplicate"].item() == 1


def test_days_since_1904_are_read_in_all_sheets(tmp_path: Path) -> None:
    serial = 45322 - 1462
    first, second = ([*row[:2], serial, *row[3:]] for row in (ROW, ROW2))
    path = write_workbook(
        tmp_path / "t.xlsx", One=[HEADER, first], Two=[HEADER[::-1], second[::-1]]
    )
    book = openpyxl.load_workbook(path)
    book.epoch = CALENDAR_MAC_1904
    book.save(path)
    assert load(path).lines.select("customer_id", "order_date").rows() == [("C1", DAY), ("C2", DAY)]


def test_the_first_look_sees_all_sheets(tmp_path: Path) -> None:
    later = [*ROW2[:2], date(2025, 3, 1), "B", "Toys", 1, 5]
    path = write_workbook(tmp_path / "t.xlsx", One=[HEADER, ROW], Two=[HEADER, later])
    settings = Settings(base=tmp_path, sales_log={"files": ["t.xlsx"]}, today="2025-06-30")
    seen = scan(settings, path, layout_of(settings, path, None))
    assert seen.days == ["2024-01-31", "2025-03-01"]
    assert seen.divisions == {"Tools": 1, "Toys": 1}


def test_side_tables_and_sku_maps_are_read_whole(tmp_path: Path) -> None:
    write_workbook(
        tmp_path / "customers.xlsx",
        West=[["customer_id", "industry"], ["C1", "Steel"]],
        East=[["Customers"], ["industry", "customer_id"], ["Wood", "C2"]],
        Old=[["customer_id", "sector"], ["C3", "Paper"]],
    )
    write_workbook(
        tmp_path / "map.xlsx",
        Tools=[["sku", "division"], ["A", "Tools"]],
        Toys=[["sku", "division"], ["B", "Toys"]],
        Old=[["sku", "group"], ["C", "Paper"]],
    )
    settings = Settings(
        base=tmp_path,
        sales_log={"files": ["t.xlsx"]},
        sku_map="map.xlsx",
        side_tables={"customers": {"file": "customers.xlsx"}},
        today="2025-06-30",
    )
    side = load_side_table(settings, "customers", {})
    found = side.frame.select("customer_id", "industry").sort("customer_id").rows()
    assert found == [("C1", "Steel"), ("C2", "Wood")]
    assert "sheet 'Old' was not read: it has no column 'industry'" in side.remarks
    assert "sheet 'East' begins at line 3" in side.remarks
    sku_map = load_sku_map(settings)
    assert sku_map is not None
    assert sku_map.products.select("sku", "division").rows() == [("A", "Tools"), ("B", "Toys")]
    assert sku_map.remarks == (
        "sheet 'Old' was not read: it has no column 'division'",
        "sheet 'Toys' begins at line 3",
    )


_SHEET = st.lists(st.one_of(st.just(0), st.integers(1, 99)), max_size=5)


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), _SHEET, st.booleans()), min_size=1, max_size=4),
    st.sampled_from([1, 3, 50_000]),
)
def test_every_row_of_every_sheet_comes_once(
    sheets: list[tuple[int, list[int], bool]], block: int
) -> None:
    """Sheets as (titles, cells of which 0 makes a blank row, columns turned round)."""
    written, expected, line = {}, [], 0
    for number, (titles, cells, turned) in enumerate(sheets):
        rows: list[list[Any]] = [*[["title"]] * titles, ["key", "value"]]
        rows += [["x", cell] if cell else [] for cell in cells]
        while not rows[-1]:
            rows.pop()
        expected += [(line + at, "x", str(row[1])) for at, row in enumerate(rows, 1) if "x" in row]
        line += len(rows)
        # A title must stay where it is the only cell of its row.
        written[f"S{number}"] = [row[::-1] if turned and len(row) == 2 else row for row in rows]
    with tempfile.TemporaryDirectory() as folder, patch.object(workbooks, "ROWS", block):
        file = open_tabular(write_workbook(Path(folder) / "t.xlsx", **written), ["key"], "t.xlsx")
        at = [file.header.index(name) for name in ("key", "value")]
        chunks = list(file.chunks(file.fingerprint(), at))
    found = [c.records.select("line", *map(str, at)) for c in chunks]
    assert [row for frame in found for row in frame.rows()] == expected
    assert sum(c.broken.height for c in chunks) == 0
    raws = pl.concat([c.records["raw"] for c in chunks]).to_list() if chunks else []
    first = "key" if file.header[0] == "key" else "value"
    shown = [f"x,{v}" if first == "key" else f"{v},x" for _, _, v in expected]
    assert raws == shown
