"""Long and wide logs: divisions, aliases, routes, derived money, currencies."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.outline import check_sources
from gosales_assets_tests.sources.loading import LoadedLog, load_log

WIDE_MAP = """gp_column,qty_column,sku,division,family,sale_type,route_by,route_value
Core,Core_Qty,Core,Solid works,Software,license,,
Plan GP,Plan_Qty,Plan,Success Plan,Services,renewal,,
Old_Plan,Plan_Qty,Plan,success_plan,Services,renewal,,
Support,Support_Qty,Support,Scanning,Hardware,support,Division,Scanning
Support,Support_Qty,Support,Hardware,Hardware,support,,
"""
WIDE_HEADER = (
    "CustomerId,Customer,Rec Date,Division,"
    "Core,Core_Qty,Plan GP,Old_Plan,Plan_Qty,Support,Support_Qty"
)
WIDE_COLUMNS = {
    "customer_id": "CustomerId",
    "customer_name": "Customer",
    "order_date": "Rec Date",
    "division": "Division",
}


def settings_for(
    tmp_path: Path, log: str, sku_map: str | None = None, **sales_log: Any
) -> Settings:
    (tmp_path / "log.csv").write_text(log)
    if sku_map is not None:
        (tmp_path / "map.csv").write_text(sku_map)
    return Settings(
        base=tmp_path,
        sales_log={"files": ["log.csv"], **sales_log},
        sku_map=None if sku_map is None else "map.csv",
    )


def wide(tmp_path: Path, *rows: str, header: str = WIDE_HEADER) -> LoadedLog:
    log = "\n".join([header, *rows])
    return load_log(settings_for(tmp_path, log, WIDE_MAP, layout="wide", columns=WIDE_COLUMNS))


@pytest.mark.parametrize(
    ("cells", "lines"),
    [
        ("X,100,2,,,,,", [("Core", "Solid works", 100, 2)]),
        ("X,100,2,50,,1,,", [("Core", "Solid works", 100, 2), ("Plan", "Success Plan", 50, 1)]),
        ("X,,,50,50.00,1,,", [("Plan", "Success Plan", 50, 1)]),
        ("X,,,,60,1,,", [("Plan", "Success Plan", 60, 1)]),
        ("X,,,0,60,1,0,0", [("Plan", "Success Plan", 60, 1)]),
        ("X,,,,,,7,1", [("Support", "Hardware", 7, 1)]),
        ("scanning,,,,,,7,1", [("Support", "Scanning", 7, 1)]),
        ("X,,3,,,,,", [("Core", "Solid works", None, 3)]),
        ("X,-5,,,,,,", [("Core", "Solid works", -5, None)]),
        ("X,0,2,,,,,", [("Core", "Solid works", 0, 2)]),
    ],
)
def test_wide_records_unpivot(tmp_path: Path, cells: str, lines: list[tuple[Any, ...]]) -> None:
    loaded = wide(tmp_path, f"1,497588 Example Co,2024-01-31,{cells}")
    assert loaded.lines.select("sku", "division", "gross_profit", "quantity").rows() == lines
    assert loaded.lines["revenue"].null_count() == loaded.lines.height
    assert set(loaded.lines["customer_name"]) == {"Example Co"}
    assert set(loaded.lines["account_prefix"]) == {"497588"}
    assert loaded.log["rows_loaded"].item() == 1


@pytest.mark.parametrize(
    ("cells", "reason", "detail"),
    [
        ("X,,,,,,,", "no product", "no SKU column holds anything"),
        ("X,0,0.00,$0.00,,-,,", "no product", "no SKU column holds anything"),
        ("X,100,2,TBD,,,,", "number not readable", "Plan: TBD"),
        ("X,100,two,,,,,", "number not readable", "Core: two"),
    ],
)
def test_wide_records_that_cannot_be_used(
    tmp_path: Path, cells: str, reason: str, detail: str
) -> None:
    loaded = wide(tmp_path, f"1,Co,2024-01-31,{cells}")
    assert loaded.quarantine.select("reason", "detail").row(0) == (reason, detail)
    assert loaded.lines.is_empty()


def test_readable_cells_of_a_quarantined_record_are_accounted_for(tmp_path: Path) -> None:
    log = wide(tmp_path, "1,Co,2024-01-31,X,100,2,TBD,,1,,", "2,Co,2024-01-31,X,9,1,,,,,").log
    assert log["gross_profit_read"].item() == 109
    assert log["gross_profit_quarantined"].item() == 100
    assert log["quantity_quarantined"].item() == 3


@pytest.mark.parametrize(
    ("header", "sku_map", "words"),
    [
        (WIDE_HEADER.replace("Core_Qty", "CoreQty"), WIDE_MAP, ["'Core_Qty'", "'CoreQty'"]),
        (WIDE_HEADER.replace("Core,", "Kore,"), WIDE_MAP, ["'Core'", "gp_column", "Kore"]),
        (WIDE_HEADER.replace("Division", "Div"), WIDE_MAP, ["'Division'", "'Div'"]),
        (
            WIDE_HEADER,
            WIDE_MAP.replace("qty_column", "qty_col"),
            ["map.csv", "'qty_column'", "'qty_col'"],
        ),
        (WIDE_HEADER, WIDE_MAP + "Core,Core_Qty,Other,PDM,,,,\n", ["'Core'", "Core, Other"]),
        (WIDE_HEADER, WIDE_MAP + "C2,C2_Qty,Core,PDM,,,,\n", ["'Core'", "several divisions"]),
        (WIDE_HEADER, WIDE_MAP + "C2,C2_Qty,,PDM,,,,\n", ["line 7", "sku is empty"]),
    ],
)
def test_wide_maps_are_checked(tmp_path: Path, header: str, sku_map: str, words: list[str]) -> None:
    row = "1,Co,2024-01-31,X,1,1,,,,,"
    columns = {name: there for name, there in WIDE_COLUMNS.items() if there in header.split(",")}
    settings = settings_for(tmp_path, f"{header}\n{row}\n", sku_map, layout="wide", columns=columns)
    with pytest.raises(SettingsError) as caught:
        check_sources(settings)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_wide_log_needs_a_map(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, f"{WIDE_HEADER}\n", layout="wide", columns=WIDE_COLUMNS)
    with pytest.raises(SettingsError, match="needs a SKU map"):
        check_sources(settings)


LONG = "customer_id,order_date,sku,product_name,quantity,unit_price,cost\n"


def test_revenue_and_gross_profit_are_derived(tmp_path: Path) -> None:
    rows = (
        "1,2024-01-31,A,Pen,3,1.115,1.00\n1,2024-01-31,B,Pen,-1,0.005,\n1,2024-01-31,C,Pen,4,0,\n"
    )
    lines = load_log(settings_for(tmp_path, LONG + rows, other_division="All")).lines
    assert lines["revenue"].to_list() == [Decimal("3.35"), Decimal("-0.01"), Decimal(0)]
    assert lines["gross_profit"].to_list() == [Decimal("2.35"), None, None]
    assert lines["order_id"].null_count() == 3


def test_divisions_from_map_then_rules_then_other(tmp_path: Path) -> None:
    skus = [("a1", "Pen"), ("A2", "Red PENCIL"), ("A3", "Cup"), ("X", "")]
    rows = "".join(f"1,2024-01-31,{sku},{name},1,1,\n" for sku, name in skus)
    sku_map = "sku,division,product_name\nA1,Bath & Co,Fountain pen\n"
    rules = [["pencil", "bath & co"], ["red", "Red"]]
    settings = settings_for(
        tmp_path, LONG + rows, sku_map, keyword_rules=rules, other_division="Rest"
    )
    lines = load_log(settings).lines.sort("source_line")
    assert lines["division"].to_list() == ["Bath & Co", "Bath & Co", "Rest", "Rest"]
    assert lines["sku"].to_list() == ["A1", "A2", "A3", "X"]


def test_unknown_products_are_quarantined(tmp_path: Path) -> None:
    rows = "1,2024-01-31,A1,,1,1,\n1,2024-01-31,Z9,,1,1,\n"
    loaded = load_log(settings_for(tmp_path, LONG + rows, "sku,division\nA1,Pens\n"))
    assert loaded.quarantine.select("reason", "detail").rows() == [("unknown product", "sku: Z9")]


def test_the_most_frequent_spelling_names_a_division(tmp_path: Path) -> None:
    header = "customer_id,order_date,sku,division,revenue\n"
    names = ["post processing", "Post_Processing", "Post_Processing", "A|B", "Café", "CAFE"]
    rows = "".join(f"1,2024-01-31,S{at},{name},1\n" for at, name in enumerate(names))
    lines = load_log(settings_for(tmp_path, header + rows)).lines.sort("source_line")
    assert lines["division"].to_list() == [*["Post_Processing"] * 3, "A B", "CAFE", "CAFE"]


@pytest.mark.parametrize(
    ("base", "header", "currency", "rate", "fx", "revenue"),
    [
        ("USD", "currency_rate", "CAD", "1.25", {}, Decimal(80)),
        ("USD", "currency_rate", "usd", "1.25", {}, Decimal(100)),
        ("USD", "currency_rate", "", "", {}, Decimal(100)),
        ("USD", "UsdCadConversionRate", "CAD", "1.25", {}, Decimal(80)),
        ("CAD", "UsdCadConversionRate", "USD", "1.25", {}, Decimal(125)),
        ("USD", "UsdCadConversionRate", "EUR", "1.25", {}, None),
        ("USD", "UsdCadConversionRate", "EUR", "1.25", {"EUR": 1.1}, Decimal(110)),
        ("USD", "currency_rate", "CAD", "", {"CAD": 0.75}, Decimal(75)),
        ("USD", "currency_rate", "CAD", "0", {}, None),
        ("USD", "currency_rate", "CAD", "-1.3", {}, None),
        ("USD", "currency_rate", "CAD", "soon", {}, None),
    ],
)
def test_currencies(
    tmp_path: Path,
    base: str,
    header: str,
    currency: str,
    rate: str,
    fx: dict[str, float],
    revenue: Decimal | None,
) -> None:
    columns = f"customer_id,order_date,sku,revenue,currency,{header}"
    log = f"{columns}\n1,2024-01-31,A,100,{currency},{rate}\n"
    settings = settings_for(
        tmp_path,
        log,
        columns={"currency_rate": header},
        base_currency=base,
        fx_rates=fx,
        other_division="All",
    )
    loaded = load_log(settings)
    if revenue is None:
        assert loaded.quarantine["reason"].to_list() == ["no rate for currency"]
        assert loaded.log["revenue_quarantined"].item() == 100
    else:
        assert loaded.lines["revenue"].to_list() == [revenue]
        assert loaded.log["revenue_loaded"].item() == 100


def test_shuffled_rows_give_the_same_lines(tmp_path: Path) -> None:
    rows = [f"{at % 7},2024-01-{at % 28 + 1:02},S{at % 5},,{at % 3},{at}.1,\n" for at in range(60)]
    columns = ["customer_id", "order_date", "sku", "quantity", "revenue", "division"]
    frames = [
        load_log(settings_for(tmp_path, LONG + "".join(order), other_division="All"))
        .lines.select(columns)
        .sort(columns)
        for order in (rows, rows[::-1])
    ]
    assert frames[0].equals(frames[1])
    assert frames[0].schema["revenue"] == pl.Decimal(18, 2)
