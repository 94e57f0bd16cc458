"""Profiling a database: the sales log among its tables, nothing secret on the screen."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from sqlalchemy import NullPool, create_engine
from typer.testing import CliRunner

from gosales_assets.cli import app
from gosales_assets.settings import load_settings
from gosales_assets.sources.database import extract
from gosales_assets.sources.outline import check_sources
from gosales_assets.sources.profile import database as profiled
from gosales_assets.sources.profile.drafting import draft_settings, write_draft
from gosales_assets_tests.sources.conftest import TestDatabase
from gosales_assets_tests.sources.loading import load_log
from gosales_assets_tests.sources.profile_logs import TODAY, sales, write

ROWS = 1_200


@pytest.fixture
def shop(database: TestDatabase) -> TestDatabase:
    """A database with a sales log, a view of it, customers, and an empty table."""
    frame = sales(ROWS)
    lines = frame.select(
        "customer_id",
        "order_id",
        pl.col("order_date").str.to_date(),
        "sku",
        "division",
        pl.col("quantity").cast(pl.Int64),
        pl.col("revenue").cast(pl.Float64),
    )
    customers = frame.unique("customer_id").select("customer_id", "customer_name", "country")
    with create_engine(database.url, poolclass=NullPool).begin() as connection:
        lines.write_database("sales lines", connection)
        customers.write_database("customers", connection)
    database.execute(
        'CREATE VIEW v_sales AS SELECT * FROM "sales lines"',
        "CREATE TABLE later (customer_id TEXT)",
    )
    return database


def profile(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["profile", *arguments])


def test_the_draft_runs_on_what_is_extracted(tmp_path: Path, shop: TestDatabase) -> None:
    to = tmp_path / "my.yaml"
    written = profile("--database", "--to", str(to))
    assert written.exit_code == 0, written.output
    assert "It runs as it is" in written.stderr
    text = to.read_text()
    for words in (
        "later: it is empty",
        "v_sales: a sales log, too: name it as well, unless it is a view",
        "customers: it is like customers, but such tables are read from files",
    ):
        assert words in text
    settings = load_settings(to)
    assert settings.sales_log.database.tables == ["sales lines"]
    assert extract(settings).warnings == []
    check_sources(settings)
    assert load_log(settings).lines.height == ROWS


def test_a_url_may_be_typed_and_is_not_written(tmp_path: Path, shop: TestDatabase) -> None:
    drafted = draft_settings([shop.url], tmp_path / "my.yaml", today=TODAY)
    assert "set GOSALES_DATABASE_URL" in drafted.text
    assert "s3cret" not in drafted.text
    assert "database: {tables: [sales lines]}" in drafted.text


def test_a_large_table_is_looked_at_in_part_and_that_is_said(
    tmp_path: Path, shop: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiled, "_ROWS_AT_FIRST", 300)
    drafted = draft_settings([shop.url], tmp_path / "my.yaml", today=TODAY)
    assert drafted.profile.table.rows == ROWS
    monkeypatch.setattr(profiled, "_ROWS_OF_LOG", 500)
    drafted = draft_settings([shop.url], tmp_path / "my.yaml", today=TODAY)
    assert "the first 500 of 1,200 rows" in drafted.text
    assert "only the first 500 rows were looked at" in drafted.text
    cutoffs = yaml.safe_load(drafted.text)["cutoffs"]
    assert str(cutoffs["last"]) == "2023-12-31"  # the end of the data is asked for


def test_tables_of_another_schema_are_named_with_it(tmp_path: Path, database: TestDatabase) -> None:
    if database.kind == "sqlite":
        pytest.skip("SQLite has no schemas")
    database.execute("CREATE SCHEMA erp")
    frame = sales(ROWS).select("customer_id", "order_date", "sku", "division", "revenue")
    columns = ", ".join(f"{name} TEXT" for name in frame.columns)
    rows = ", ".join(str(row) for row in frame.iter_rows())
    named = {"erp.sales": "erp.sales", 'erp."odd.sales"': ("erp", "odd.sales")}
    named |= {'"odd sales.1"': ("public", "odd sales.1")}
    for table, entry in named.items():
        database.execute(f"CREATE TABLE {table} ({columns})", f"INSERT INTO {table} VALUES {rows}")
        to = tmp_path / "my.yaml"
        write_draft(draft_settings([database.url], to, today=TODAY), to, force=True)
        settings = load_settings(to)
        assert settings.sales_log.database.tables == [entry]
        assert extract(settings).warnings == []
        assert load_log(settings).lines.height == ROWS
        database.execute(f"DROP TABLE {table}")


def test_files_may_lie_beside_a_database(tmp_path: Path, shop: TestDatabase) -> None:
    blocks = sales(ROWS).unique("customer_id").head(3).with_columns(reason="sku")
    file = write(tmp_path / "b.csv", blocks, {"customer_id": "customer_id", "reason": "reason"})
    drafted = draft_settings([shop.url, str(file)], tmp_path / "my.yaml", today=TODAY)
    content = yaml.safe_load(drafted.text)
    assert content["side_tables"] == {"blocks": {"file": "b.csv"}}
    assert content["sales_log"]["database"] == {"tables": ["sales lines"]}


@pytest.mark.parametrize(
    "typed",
    [
        "postgresql://joe:s3cr3t@localhost:1/shop",
        "postgresql+psycopg://joe:s3cr3t@localhost:1/shop?password=s3cr3t",
        "nosuch://joe:s3cr3t@localhost/shop",
        "mssql+pyodbc:///?odbc_connect=PWD%3Ds3cr3t",
        "postgresql://joe:s3cr3t@[broken/shop",
    ],
)
def test_no_secret_is_ever_printed(own_home: Path, typed: str) -> None:
    result = profile(typed)
    assert result.exit_code == 2
    assert "s3cr3t" not in result.output
    assert result.stderr.count("\n") == 1


def test_no_database_two_databases_and_an_empty_one(tmp_path: Path, own_home: Path) -> None:
    assert "no database is named" in profile("--database").output
    assert "one database at a time" in profile("sqlite:///a.db", "--database").output
    assert "no such SQLite file" in profile("sqlite:///nowhere.db").output
    (tmp_path / "empty.db").touch()
    assert "no table or view" in profile(f"sqlite:///{tmp_path / 'empty.db'}").output
