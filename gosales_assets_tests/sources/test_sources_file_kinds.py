"""Kinds of files: the same rows mean the same, whatever kind of file they come in."""

import csv
import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.outline import check_sources, trading_days
from gosales_assets.sources.side_tables import check_side_tables, load_side_table
from gosales_assets.sources.sku_map import load_sku_map
from gosales_assets_tests.sources.loading import LoadedLog, load_log
from gosales_assets_tests.sources.workbook_files import write_workbook

HEADER = [
    *("customer_id", "order_id", "order_date", "sku", "division", "quantity", "revenue"),
    *("cost", "currency", "note"),
]
DAY, GUID = date(2024, 1, 31), "{6F9619FF-8B86-D011}"
ROWS: list[list[Any]] = [
    [GUID, "00123", DAY, "A", "Tools", 2, Decimal("10.50"), 4, None, "é"],
    ["9007199254740993", "O2", DAY, "B", "Toys", 1, Decimal("0.07"), None, None, None],
    ["3E10", "O3", date(2024, 2, 29), "A", "Tools", -2, Decimal("-10.50"), -4, "usd", None],
    ["C1", "O4", DAY, "A", "Tools", 1, Decimal("1234567.89"), None, "EUR", None],
    ["C1", "O5", DAY, "A", "Tools", 1, 5, None, "XYZ", None],
    ["C2", "O6", DAY, "B", "Toys", 1, 5, None, None, None],
    ["C2", "O6", DAY, "B", "Toys", 1, 5, None, None, None],
    ["C2", "O6", DAY, "B", "Toys", 1, 5, None, None, "another note"],
    [None, "O7", DAY, "A", "Tools", 1, 5, None, None, None],
    ["C3", "O8", None, "A", "Tools", 1, 5, None, None, None],
    ["C3", "O9", date(2025, 7, 1), "A", "Tools", 1, 5, None, None, None],
    ["C3", "O10", date(1900, 1, 1), "A", "Tools", 1, 5, None, None, None],
    ["C3", "O11", DAY, "A", None, 1, 5, None, None, None],
    ["C3", "O12", DAY, "A", "Tools", None, None, None, None, None],
]
DIRTY: list[list[Any]] = [
    [None] * 10,
    HEADER,
    ["C4", "O13", "2024-02-30", "A", "Tools", "1", "5", None, None, None],
    ["C4", "O14", "2024-02-03", "A", "Tools", "two", "5", None, None, None],
    ["C4", "O15", "2024-02-03", "A", "Tools", "1", "#REF!", None, None, None],
    ["C4", "O16", "2024-02-03", "A", "Tools", "1", "($1,234.50)", None, None, None],
    ["#REF!", "O17", "2024-02-03", "A", "Tools", "1", "5", None, None, None],
    ["Total", None, None, None, None, "9", "50", None, None, None],
]


def as_csv(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def as_xlsx(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    return write_workbook(path, Orders=[header, *rows])


def as_parquet(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    """Columns as typed as their values allow: text where they are mixed."""
    columns = []
    for name, cells in zip(header, zip(*rows, strict=True), strict=True):
        decimals = [Decimal(c) if isinstance(c, int) else c for c in cells]
        plain: list[list[Any]] = [list(cells), decimals, [c and str(c) for c in cells]]
        typed = next(
            values
            for values in plain
            if len({type(value) for value in values if value is not None}) < 2
        )
        columns.append(pl.Series(name, typed))
    pl.DataFrame(columns).write_parquet(path)
    return path


KINDS = {"csv": as_csv, "xlsx": as_xlsx, "parquet": as_parquet}


def load(folder: Path, files: list[str], **more: Any) -> LoadedLog:
    settings = Settings(
        base=folder,
        sales_log={"files": files, "fx_rates": {"EUR": 1.25}, **more.pop("log", {})},
        today="2025-06-30",
        **more,
    )
    check_sources(settings)
    loaded = load_log(settings)
    assert loaded.problems() == []
    return loaded


def lines_of(loaded: LoadedLog) -> list[tuple[Any, ...]]:
    where = ("line_id", "source_file", "source_line", "loaded_at")
    return sorted(loaded.lines.drop(where).rows(), key=str)


def reasons_of(loaded: LoadedLog) -> list[tuple[str, str | None]]:
    return sorted(loaded.quarantine.select("reason", "detail").rows(), key=str)


def account_of(loaded: LoadedLog) -> dict[str, Any]:
    names = [name for name in loaded.log.columns if name.startswith(("rows_", "first", "last"))]
    sums = [name for name in loaded.log.columns if name.endswith(("_loaded", "_quarantined"))]
    return loaded.log.select({*names, *sums, "lines_loaded", "date_order"}).row(0, named=True)


@pytest.mark.parametrize("rows", [ROWS, [*ROWS, *DIRTY]], ids=["typed", "dirty"])
def test_the_same_rows_give_the_same_lines_reasons_and_sums(
    tmp_path: Path, rows: list[list[Any]]
) -> None:
    for kind, write in KINDS.items():
        write(tmp_path / f"log.{kind}", HEADER, rows)
    loaded = {kind: load(tmp_path, [f"log.{kind}"]) for kind in KINDS}
    assert loaded["csv"].lines["customer_id"].to_list()[:3] == [GUID, "9007199254740993", "3E10"]
    assert loaded["csv"].log["rows_duplicate"].item() == 1
    assert loaded["csv"].log["rows_loaded"].item() == 6 + (len(rows) > len(ROWS))
    for kind in ("xlsx", "parquet"):
        assert lines_of(loaded[kind]) == lines_of(loaded["csv"])
        assert reasons_of(loaded[kind]) == reasons_of(loaded["csv"])
        assert account_of(loaded[kind]) == account_of(loaded["csv"])
        assert loaded[kind].log.select("encoding", "delimiter").row(0) == (None, None)


def test_kinds_of_files_mix_freely(tmp_path: Path) -> None:
    for folder in ("exports", "old"):
        (tmp_path / folder).mkdir()
    as_xlsx(tmp_path / "exports" / "2024.xlsx", HEADER, ROWS[:1])
    as_xlsx(tmp_path / "exports" / "again.xlsx", HEADER, ROWS[1:2])
    packed = as_csv(tmp_path / "packed", HEADER, ROWS[2:3]).read_bytes()
    (tmp_path / "old" / "a.csv.gz").write_bytes(gzip.compress(packed))
    as_parquet(tmp_path / "old" / "misnamed.csv", HEADER, ROWS[3:4])
    files = ["exports/*.xlsx", "old/*.csv*"]
    loaded = load(tmp_path, files)
    assert sorted(loaded.lines["customer_id"]) == ["3E10", "9007199254740993", "C1", GUID]
    assert loaded.lines["source_line"].to_list() == [2, 2, 2, 1]
    settings = Settings(base=tmp_path, sales_log={"files": files})
    assert trading_days(settings) == (DAY, date(2024, 2, 29))


def test_the_same_content_loads_once_whatever_its_kind(tmp_path: Path) -> None:
    whole = as_xlsx(tmp_path / "a.xlsx", HEADER, ROWS[:1]).read_bytes()
    (tmp_path / "b.xlsx").write_bytes(whole)
    loaded = load(tmp_path, ["*.xlsx"])
    assert loaded.log["status"].to_list() == ["loaded", "same content as an earlier file"]


def test_numbers_of_a_locale_mix_with_typed_ones(tmp_path: Path) -> None:
    header, row = HEADER[:7], ["C1", "O1", "31.01.2024", "A", "Tools"]
    text = tmp_path / "a.csv"
    text.write_text(";".join(header) + "\n" + ";".join([*row, "1,5", "1.234,50"]) + "\n")
    typed = ["C1", "O1", DAY, "A", "Tools", 1.5, Decimal("1234.50")]
    as_xlsx(tmp_path / "b.xlsx", header, [typed])
    as_parquet(tmp_path / "c.parquet", header, [typed])
    lines = load(tmp_path, ["*.*"], log={"decimal_comma": True}).lines
    assert set(lines.select("quantity", "revenue").rows()) == {(Decimal("1.5"), Decimal("1234.50"))}
    assert lines.height == 3


WIDE = ["customer_id", "order_date", "Seat", "Seat_Qty", "Help", "Help_Qty"]
SKU_MAP = [
    ["gp_column", "qty_column", "sku", "division", "product_name"],
    ["Seat", "Seat_Qty", "SEAT", "Licences", "A seat"],
    ["Help", "Help_Qty", "00123", "Services", None],
]
WIDE_ROWS: list[list[Any]] = [
    ["C1", DAY, Decimal("100.10"), 1, None, None],
    ["C2", DAY, None, None, Decimal("-3.5"), -1],
    ["C3", DAY, 0, 0, None, None],
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("map_kind", KINDS)
def test_wide_logs_and_their_maps(tmp_path: Path, kind: str, map_kind: str) -> None:
    KINDS[kind](tmp_path / "log", WIDE, WIDE_ROWS)
    KINDS[map_kind](tmp_path / "map", SKU_MAP[0], SKU_MAP[1:])
    loaded = load(tmp_path, ["log"], log={"layout": "wide"}, sku_map="map")
    columns = ("customer_id", "sku", "product_name", "division", "quantity", "gross_profit")
    assert loaded.lines.select(columns).rows() == [
        ("C1", "SEAT", "A seat", "Licences", Decimal(1), Decimal("100.10")),
        ("C2", "00123", None, "Services", Decimal(-1), Decimal("-3.50")),
    ]
    assert loaded.quarantine["reason"].to_list() == ["no product"]


@pytest.mark.parametrize("kind", KINDS)
def test_long_logs_with_a_map(tmp_path: Path, kind: str) -> None:
    header = [name for name in HEADER if name != "division"]
    rows = [[*row[:4], *row[5:]] for row in ROWS[:2]]
    KINDS[kind](tmp_path / "log", header, rows)
    KINDS[kind](tmp_path / "map", ["division", "sku"], [["Tools", "A"], ["Toys", "B"]])
    loaded = load(tmp_path, ["log"], sku_map="map")
    assert loaded.lines["division"].to_list() == ["Tools", "Toys"]


@pytest.mark.parametrize("kind", KINDS)
def test_side_tables(tmp_path: Path, kind: str) -> None:
    header = ["customer_id", "sku", "purchase_date", "expiration_date", "quantity", "more"]
    rows: list[list[Any]] = [
        ["00123", "A", DAY, date(2025, 1, 31), Decimal("2.5"), "x"],
        [None, "A", DAY, None, 1, "x"],
        ["C2", "B", None, None, None, None],
    ]
    KINDS[kind](tmp_path / "side", header, rows)
    settings = Settings(base=tmp_path, side_tables={"installed_base": {"file": "side"}})
    check_side_tables(settings)
    side = load_side_table(settings, "installed_base", {})
    assert side.frame.rows() == [
        ("00123", "A", DAY, date(2025, 1, 31), 2.5),
        ("C2", "B", None, None, None),
    ]
    assert side.rows_read == 3
    assert side.left_out == {"rows without customer_id": 1}
    assert side.unreadable == {}
    assert side.remarks == ["columns kept out: more"]


@pytest.mark.parametrize("kind", KINDS)
def test_side_tables_without_their_key(tmp_path: Path, kind: str) -> None:
    KINDS[kind](tmp_path / "side", ["Customer Id", "stage"], [["C1", "won"]])
    settings = Settings(base=tmp_path, side_tables={"open_deals": {"file": "side"}})
    with pytest.raises(SettingsError, match=r"'customer_id'.*did you mean 'Customer Id'"):
        check_side_tables(settings)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_without_rows(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame(schema={"sku": pl.String, "division": pl.String})
    path = tmp_path / "map"
    if kind == "parquet":
        frame.write_parquet(path)
    else:
        KINDS[kind](path, frame.columns, [])
    sku_map = load_sku_map(Settings(base=tmp_path, sku_map="map"))
    assert sku_map is not None
    assert sku_map.entries.is_empty()
