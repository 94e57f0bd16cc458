"""Tables of a database, SQLite and PostgreSQL alike: exact, nothing lost, nothing twice."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from gosales_assets import provenance
from gosales_assets.extracts import TableName, current, current_files
from gosales_assets.settings import Settings, SettingsError, environment
from gosales_assets.sources.database import extract
from gosales_assets.sources.database_contract import DATABASE_EXTRACTS
from gosales_assets.sources.database_report import database_report
from gosales_assets_tests.sources.conftest import TestDatabase
from gosales_assets_tests.sources.loading import load_log

SALES = """CREATE TABLE sales (
    line INTEGER PRIMARY KEY, customer_id VARCHAR(40), order_id BIGINT, order_date DATE,
    sku VARCHAR(20), division VARCHAR(20), quantity NUMERIC(12, 4), revenue NUMERIC(18, 2))"""
ROWS = (
    "(1, '00123', 9007199254740993, '2024-01-05', 'A', 'Tools', 1, 10.10)",
    "(2, '3F2504E0-4F89-11D3-9A0C-0305E82C3301', 9223372036854775807, '2024-01-31', 'B', 'Tools',"
    " 2.5, 123456789012.34)",
    "(3, '3E10', 12, '2024-02-29', 'A', 'Bath', -1, -0.05)",
    "(4, '7', 13, '2024-02-29', 'A', 'Bath', NULL, 7)",
    "(5, NULL, 14, '2024-03-01', 'A', 'Bath', 1, 8)",
)


def insert(*rows: str) -> str:
    return f"INSERT INTO sales VALUES {', '.join(rows)}"


def settings(tmp_path: Path, decimal_comma: bool = False, **database: Any) -> Settings:
    return Settings(
        base=tmp_path,
        today="2024-12-31",
        sales_log={
            "database": {"tables": ["sales"], **database},
            "decimal_comma": decimal_comma,
        },
    )


def done(made: Settings) -> list[str]:
    """Extract without any warning; what was done, less the database and table."""
    extraction = extract(made)
    assert extraction.warnings == []
    return [remark.partition(" rows, ")[2] for remark in extraction.remarks]


def files(made: Settings) -> dict[str, tuple[int, int]]:
    """Current extracts: name -> (rows, time)."""
    found = current_files(environment(), made.sales_log.database.names)
    return {file.name: (pl.read_parquet(file).height, file.stat().st_mtime_ns) for file in found}


def rows(made: Settings, *columns: str) -> list[tuple[Any, ...]]:
    """All rows of all extracts, sorted."""
    found = current_files(environment(), made.sales_log.database.names)
    return sorted(pl.concat([pl.read_parquet(f) for f in found]).select(columns).iter_rows())


def test_a_table_reaches_the_sales_lines_to_the_letter_and_the_cent(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path)
    assert done(made) == ["read as a whole"]
    loaded = load_log(made)
    assert loaded.problems() == []
    lines = loaded.lines.sort("source_line")
    assert lines["customer_id"].to_list() == [
        "00123",
        "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "3E10",
        "7",
    ]
    assert lines["order_id"].to_list() == ["9007199254740993", "9223372036854775807", "12", "13"]
    amounts = [Decimal("10.10"), Decimal("123456789012.34"), Decimal("-0.05"), Decimal("7.00")]
    assert lines["revenue"].to_list() == amounts
    assert lines["quantity"].to_list() == [Decimal(1), Decimal("2.5"), Decimal(-1), None]
    assert loaded.quarantine["reason"].to_list() == ["no customer"]
    assert loaded.log["revenue_read"].to_list() == [sum(amounts) + 8]


def test_the_wide_layout_works_from_a_database(database: TestDatabase, tmp_path: Path) -> None:
    database.execute(
        'CREATE TABLE sales ("CustomerId" VARCHAR(9), "Rec Date" TIMESTAMP,'
        ' "Core GP" NUMERIC(18, 2), "Core_Qty" INTEGER, "Services" NUMERIC(18, 2))',
        "INSERT INTO sales VALUES ('01', '2024-01-05 13:45:00', 12.5, 2, 0),"
        " ('01', '2024-01-05 13:45:00', NULL, NULL, -3)",
    )
    (tmp_path / "map.csv").write_text(
        "gp_column,qty_column,sku,division\nCore GP,Core_Qty,CORE,Solid\nServices,,SVC,Services\n"
    )
    made = Settings(
        base=tmp_path,
        today="2024-12-31",
        sku_map="map.csv",
        sales_log={
            "layout": "wide",
            "database": {"tables": ["sales"]},
            "columns": {"customer_id": "CustomerId", "order_date": "Rec Date"},
        },
    )
    assert done(made) == ["read as a whole"]
    loaded = load_log(made)
    assert loaded.problems() == []
    got = loaded.lines.select("customer_id", "sku", "gross_profit", "order_date").sort("sku").rows()
    assert [(c, s, str(g), str(d)) for c, s, g, d in got] == [
        ("01", "CORE", "12.50", "2024-01-05"),
        ("01", "SVC", "-3.00", "2024-01-05"),
    ]


def test_numbers_follow_the_logs_decimal_mark(database: TestDatabase, tmp_path: Path) -> None:
    database.execute(SALES, insert("(1, '1.5', 1, '2024-01-05', 'A', 'Tools', 1.5, 1.234)"))
    made = settings(tmp_path, decimal_comma=True)
    done(made)
    loaded = load_log(made)
    (line,) = loaded.lines.select("customer_id", "quantity", "revenue").rows()
    assert line == ("1.5", Decimal("1.5"), Decimal("1.23"))
    assert done(settings(tmp_path)) == ["read as a whole"]
    assert rows(settings(tmp_path), "quantity") == (
        [("1.5000",)] if database.kind == "postgresql" else [("1.5",)]
    )


def test_an_unchanged_table_leaves_everything_as_it_is(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    for made in (settings(tmp_path), settings(tmp_path, watermark="order_date")):
        done(made)
        before, basis = files(made), provenance.basis(made)
        assert done(made) == ["nothing new"]
        assert files(made) == before
        assert provenance.basis(made) == basis


def test_a_changed_table_is_replaced_whole(database: TestDatabase, tmp_path: Path) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path)
    done(made)
    before, basis = files(made), provenance.basis(made)
    database.execute(
        "UPDATE sales SET sku = 'Z' WHERE line = 1", "DELETE FROM sales WHERE line = 2"
    )
    assert done(made) == ["read as a whole"]
    assert rows(made, "line", "sku") == [("1", "Z"), ("3", "A"), ("4", "A"), ("5", "A")]
    assert not before.keys() & files(made).keys()
    assert provenance.basis(made) != basis
    (folder,) = (environment().home / "extracts").iterdir()
    assert len(list(folder.glob("*.parquet"))) == 1, "the file that it replaces is gone"


def test_changed_columns_or_another_watermark_read_the_table_anew(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    done(settings(tmp_path, watermark="order_date"))
    made = settings(tmp_path, watermark="line")
    assert done(made) == ["read as a whole: the watermark is another column now"]
    database.execute("ALTER TABLE sales ADD COLUMN rep VARCHAR(9) DEFAULT 'Jo'")
    assert done(made) == ["read as a whole: the table has other columns now"]
    assert {rep for (rep,) in rows(made, "rep")} == {"Jo"}


def test_a_lost_extract_is_told_of_and_read_again(database: TestDatabase, tmp_path: Path) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    current_files(environment(), made.sales_log.database.names)[0].unlink()
    with pytest.raises(SettingsError, match="is gone"):
        _ = made.sales_files
    assert done(made) == ["read as a whole: an extract was gone"]
    assert rows(made, "line") == [(line,) for line in "12345"]


def test_order_of_rows_in_the_server_does_not_matter(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE sales (customer_id VARCHAR(9), revenue NUMERIC(9, 2))")
    made = settings(tmp_path)
    database.execute("INSERT INTO sales VALUES ('b', 1), ('a', 2), ('b', 0)")
    done(made)
    database.execute("DELETE FROM sales", "INSERT INTO sales VALUES ('a', 2), ('b', 0), ('b', 1)")
    assert done(made) == ["nothing new"]


def test_a_table_that_is_empty_now_keeps_its_rows_with_a_warning(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    for made in (settings(tmp_path), settings(tmp_path, watermark="order_date")):
        done(made)
    database.execute("DELETE FROM sales")
    (warning,) = extract(made).warnings
    assert "sales: it is empty now, and had 5 rows; going on with the 5 rows that" in warning
    assert rows(made, "line") == [(line,) for line in "12345"]


def test_tables_of_different_databases_do_not_mix(
    database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    here = environment().database_url
    other = TestDatabase("sqlite", f"sqlite:///{tmp_path / 'other.db'}")
    other.execute(SALES, insert(ROWS[0]))
    monkeypatch.setattr(environment(), "database_url", SecretStr(other.url))
    assert not made.has_sales_log
    done(made)
    assert rows(made, "line") == [("1",)]
    monkeypatch.setattr(environment(), "database_url", here)
    assert done(made) == ["nothing new"]
    assert rows(made, "line") == [(line,) for line in "12345"]


def test_the_report_tells_of_every_extract(database: TestDatabase, tmp_path: Path) -> None:
    database.execute(
        SALES, insert(*ROWS), "CREATE TABLE empty_one (customer_id VARCHAR(9), order_date DATE)"
    )
    made = settings(tmp_path, tables=["sales", "empty_one"], watermark="order_date")
    before = database_report(made)
    assert before["status"].to_list() == ["missing", "missing"]
    done(made)
    report = database_report(made)
    DATABASE_EXTRACTS.schema.validate(report)
    assert report.select("table_name", "rows", "first_watermark", "last_watermark").rows() == [
        ("sales", 4, "2024-01-05", "2024-02-29"),
        ("sales", 1, "2024-03-01", "2024-03-01"),
        ("empty_one", 0, None, None),
    ]
    assert report["status"].to_list() == ["current", "current", "missing"]
    _, extracts = current(environment(), [TableName(None, "sales")])[0]
    assert report["sha256"].to_list()[:2] == [e.sha256 for e in extracts.extracts]
