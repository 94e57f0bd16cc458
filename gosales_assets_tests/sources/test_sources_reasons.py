"""Quarantine reasons: every record set aside is counted once, with its money and an example."""

from decimal import Decimal
from pathlib import Path

import ibis
import polars as pl

from gosales_assets.settings import Settings
from gosales_assets.sources.contract import QUARANTINE, QUARANTINE_REASONS
from gosales_assets.sources.reasons import TEXT_SHOWN, by_reason
from gosales_assets_tests.sources.loading import LoadedLog, load_log

HEADER = "customer_id,order_date,sku,division,quantity,revenue,cost\n"


def reasons(loaded: LoadedLog) -> pl.DataFrame:
    made = by_reason(ibis.memtable(loaded.quarantine), ibis.memtable(loaded.log)).to_polars()
    return QUARANTINE_REASONS.typed(made).sort(QUARANTINE_REASONS.sort)


def load(folder: Path, **files: str) -> LoadedLog:
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text(HEADER + rows, encoding="utf-8")
    return load_log(Settings(base=folder, sales_log={"files": ["*.csv"], "date_order": "ymd"}))


def test_rows_shares_money_and_the_first_example_per_file_and_reason(tmp_path: Path) -> None:
    made = reasons(
        load(
            tmp_path,
            a="1,2024-01-31,A,T,1,10.00,4\n"
            ",2024-01-31,A,T,2,20.10,5.05\n"
            "1,soon,A,T,3,-5,0\n"
            ",2024-01-31,A,T,1,0.01,0\n",
            b="1,later,A,T,x,7,1\n2,2024-01-31,A,T,1,1,1\n",
        )
    )
    columns = ["source_file", "reason", "rows", "share", "quantity", "revenue", "gross_profit"]
    assert made.select(columns).rows() == [
        ("a.csv", "date not readable", 1, 0.25, 3, -5, -5),
        ("a.csv", "no customer", 2, 0.5, 3, Decimal("20.11"), Decimal("15.06")),
        ("b.csv", "date not readable", 1, 0.5, None, 7, 6),
    ]
    assert made["first_line"].to_list() == [4, 3, 2]
    assert made["first_example"].to_list() == [
        "order_date: soon",
        ",2024-01-31,A,T,2,20.10,5.05",
        "order_date: later",
    ]


def test_every_record_is_counted_once_also_those_without_fields(tmp_path: Path) -> None:
    loaded = load(tmp_path, a="1,2024-01-31,A,T,1\n" + "x" * 900 + "\n,2024-01-31,A,T,1,1,1\n")
    made = reasons(loaded)
    assert made["rows"].sum() == loaded.quarantine.height == 3
    assert loaded.quarantine.filter(pl.col("revenue").is_null()).height == 2
    assert made["first_example"].str.len_chars().max() <= TEXT_SHOWN
    assert loaded.problems() == []


def test_nothing_set_aside_gives_no_reasons() -> None:
    log = pl.DataFrame({"source_file": ["a"], "rows_read": [3]})
    made = by_reason(ibis.memtable(QUARANTINE.empty()), ibis.memtable(log)).to_polars()
    assert QUARANTINE_REASONS.typed(made).is_empty()
