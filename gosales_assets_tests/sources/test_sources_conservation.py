"""Conservation: whatever is in the files, every row and every cent is accounted for."""

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gosales_assets.settings import Settings, SettingsError, load_settings
from gosales_assets.sources.conservation import MEASURES, imbalances
from gosales_assets.sources.outline import check_sources, target_divisions
from gosales_assets.sources.sample import SampleSpec, generate
from gosales_assets_tests.paths import SHARED_DATA
from gosales_assets_tests.sources.loading import load_log

HEADER = "customer_id,order_date,sku,division,quantity,revenue,cost"
CELL = st.sampled_from(
    ["1", "2.5", "$1,234.50", '"$1,234.50"', "(3)", "x", "", "-", "2024-01-31", "0000-00-00", "A",
     '"a\nb"', '"', '5"', "Total", "12-", "Tools", "2024-02-30", "null", ",", "  "]
)  # fmt: skip
ROW = st.one_of(
    st.lists(CELL, min_size=1, max_size=8).map(",".join),
    st.tuples(st.sampled_from("12"), st.sampled_from(["1", "2.25", "(7)"])).map(
        lambda t: f"{t[0]},2024-01-31,A,Tools,{t[0]},{t[1]},0.5"
    ),
    st.just(HEADER),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, max_size=25), st.sampled_from(["\n", "\r\n"]), st.sampled_from([24, 1 << 20]))
def test_every_row_and_cent_is_accounted_for(rows: list[str], end: str, block_size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "log.csv").write_bytes(end.join([HEADER, *rows]).encode())
        made = Settings(base=folder, sales_log={"files": ["log.csv"], "date_order": "ymd"})
        try:
            loaded = load_log(made, block_size)
        except SettingsError:  # a quote never closed, or no readable date at all
            return
    assert loaded.problems() == []
    log = loaded.log.row(0, named=True)
    assert log["rows_loaded"] == loaded.lines.height
    assert log["revenue_loaded"] == (loaded.lines["revenue"].sum() or 0)
    assert loaded.quarantine["reason"].null_count() == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, max_size=25))
def test_the_size_of_blocks_changes_nothing(rows: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # A last plain row, for a total at the very end is known only when its block is the last.
        plain = "9,2024-01-31,A,Tools,1,1,1"
        (Path(folder) / "log.csv").write_text("\n".join([HEADER, *rows, plain]))
        made = Settings(base=folder, sales_log={"files": ["log.csv"], "date_order": "ymd"})
        try:
            one, many = load_log(made), load_log(made, 20)
        except SettingsError:
            return
    assert one.lines.equals(many.lines)
    assert one.quarantine.equals(many.quarantine)
    assert one.log.equals(many.log)


def test_records_that_wait_for_a_closing_quote_over_many_blocks(tmp_path: Path) -> None:
    # Polars 2.1 panics when it joins texts of a column that holds empty pieces.
    row = "2,2024-01-31,A,Tools,2,1,1"
    rows = ['1,2024-01-31,"A', row, HEADER, row + "0", HEADER, '"$1,234.50",,,,,1,",null,"']
    (tmp_path / "log.csv").write_text("\n".join([HEADER, *rows]))
    made = Settings(base=tmp_path, sales_log={"files": ["log.csv"]})
    for size in range(8, 160, 3):
        loaded = load_log(made, size)
        assert loaded.lines["source_line"].to_list() == [3, 5]
        assert loaded.quarantine["reason"].to_list() == ["quotes do not match", "no date"]


def test_a_lost_row_or_cent_shows() -> None:
    row: dict[str, Any] = {"source_file": "f"}
    for what in ("rows", "quantity", "revenue", "gross_profit"):
        row |= {f"{what}_{fate}": Decimal(1) for fate in ("loaded", "quarantined", "duplicate")}
        row[f"{what}_read"] = Decimal(3)
    assert imbalances([row]) == []
    found = imbalances([row | {"revenue_loaded": Decimal("0.99"), "rows_read": 4}])
    assert [what for _, what, _ in found] == ["rows", "revenue"]


def test_tables_that_lost_a_row_disagree_with_the_log(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(f"{HEADER}\n1,2024-01-31,A,Tools,1,1,1\n,,A,Tools,1,1,2\n")
    loaded = load_log(Settings(base=tmp_path, sales_log={"files": ["log.csv"]}))
    found = replace(
        loaded, lines=loaded.lines.clear(), quarantine=loaded.quarantine.clear()
    ).problems()
    assert {what for _, what, _ in found} == {
        "rows_loaded",
        "lines_loaded",
        "rows_quarantined",
        "quantity_loaded",
        *(f"{measure}_quarantined" for measure in MEASURES),
    }


def test_the_samples_flaws_are_treated_as_its_ledger_says(tmp_path: Path) -> None:
    made = generate(tmp_path, SampleSpec(customers=150, dirty_share=0.2, seed=3))
    loaded = load_log(load_settings(made.config))
    ledger = pl.read_csv(made.ledger, schema_overrides={"file": pl.String})
    name = pl.col("source_file").str.split("/").list.last().alias("file")
    found = loaded.quarantine.select(name, line="source_line").sort("file", "line")
    planted = ledger.filter(treatment="quarantined").select("file", "line").sort("file", "line")
    assert found.rows() == planted.rows()
    assert loaded.log["rows_duplicate"].sum() == ledger.filter(treatment="duplicate").height
    assert loaded.log["rows_skipped"].sum() == ledger.filter(treatment="structure").height
    assert imbalances(loaded.log.to_dicts()) == []


@pytest.mark.skipif(not (SHARED_DATA / "online_retail").is_dir(), reason="no shared data")
def test_online_retail_is_accounted_for(tmp_path: Path) -> None:
    folder = SHARED_DATA / "online_retail"
    made = Settings(
        base=folder,
        sales_log={
            "files": ["online_retail.csv.gz"],
            "columns": {
                "customer_id": "CustomerID",
                "order_id": "InvoiceNo",
                "order_date": "InvoiceDate",
                "sku": "StockCode",
                "product_name": "Description",
                "quantity": "Quantity",
                "unit_price": "UnitPrice",
            },
        },
        sku_map="sku_division.csv",
        targets={"exclude": ["Non-product (postage, fees, manual)"]},
    )
    check_sources(made)
    assert len(target_divisions(made)) == 18
    loaded = load_log(made)
    log = loaded.log.row(0, named=True)
    assert imbalances([log]) == []
    assert log["date_order"] == "mdy"
    assert log["rows_read"] == 541_909
    assert dict(loaded.quarantine["reason"].value_counts().iter_rows()) == {"no customer": 135_080}
    assert log["rows_duplicate"] == 5_225
    assert log["quantity_read"] == 5_176_450
    assert log["revenue_read"] == Decimal("9747747.93")
    assert loaded.lines["customer_id"].n_unique() == 4_372
