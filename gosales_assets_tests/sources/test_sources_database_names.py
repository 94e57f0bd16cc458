"""Names of tables and columns: listed, looked up, quoted, and never a statement."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from gosales_assets.database_address import DatabaseProblem, address_of
from gosales_assets.extracts import TableName, current_files
from gosales_assets.settings import environment
from gosales_assets.sources.database import extract
from gosales_assets.sources.database_connection import connected, snapshot
from gosales_assets.sources.database_queries import source_table
from gosales_assets_tests.sources.conftest import TestDatabase
from gosales_assets_tests.sources.postgres_server import PostgresServer
from gosales_assets_tests.sources.test_sources_database_problems import (
    held,
    settings,
    some_rows,
    use,
)


def test_only_listed_tables_can_be_read(database: TestDatabase, tmp_path: Path) -> None:
    some_rows(database)
    address = address_of(environment())
    with connected(address) as connection:
        with pytest.raises(DatabaseProblem, match="'sales' is not listed in sales_log"):
            source_table(connection, [TableName(None, "other")], TableName(None, "sales"))
        assert source_table(connection, [TableName(None, "sales")], TableName(None, "sales"))


@pytest.mark.parametrize(
    "name",
    [
        "sales; DROP TABLE sales",
        'sales"; DROP TABLE sales; --',
        "sales WHERE 1=0 UNION SELECT * FROM sales",
        "(SELECT 1)",
        "sales -- ",
    ],
)
def test_names_are_never_statements(database: TestDatabase, tmp_path: Path, name: str) -> None:
    some_rows(database)
    done = extract(settings(tmp_path, name, "sales"))
    assert len(done.warnings) == 1
    assert "no such table or view" in done.warnings[0]
    assert held(settings(tmp_path)) == [0, 1, 2, 3, 4]
    (warning,) = extract(settings(tmp_path, watermark=f'line" OR 1=1; {name}')).warnings
    assert "no column" in warning


def test_the_connection_only_reads(database: TestDatabase, tmp_path: Path) -> None:
    some_rows(database)
    address = address_of(environment())
    with (
        pytest.raises(DatabaseProblem, match=r"read-?only"),
        connected(address) as connection,
        snapshot(connection, address),
    ):
        connection.execute(text("DELETE FROM sales"))


def test_schemas_mixed_case_spaces_and_quotes(
    postgres: PostgresServer,
    tmp_path: Path,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postgres.execute(
        'DROP SCHEMA IF EXISTS "My.Erp" CASCADE',
        'CREATE SCHEMA "My.Erp"',
        'CREATE TABLE "My.Erp"."Sales ""Log"" 100%" ("Line No" INTEGER, "a""b%(c)s" TEXT)',
        'INSERT INTO "My.Erp"."Sales ""Log"" 100%" VALUES (1, \'x\')',
        "DROP SCHEMA IF EXISTS erp CASCADE",
        "CREATE SCHEMA erp",
        'CREATE TABLE erp.sales ("Line No" INTEGER)',
        'CREATE VIEW erp."SALES" AS SELECT "Line No" + 1 AS "Line No" FROM erp.sales',
        "INSERT INTO erp.sales VALUES (7)",
    )
    use(monkeypatch, postgres.url())
    made = settings(
        tmp_path, ["My.Erp", 'Sales "Log" 100%'], "erp.sales", "erp.SALES", watermark="Line No"
    )
    assert extract(made).warnings == []
    files = current_files(environment(), made.sales_log.database.names)
    frames = [pl.read_parquet(file) for file in files]
    assert [frame["Line No"].to_list() for frame in frames] == [["1"], ["7"], ["8"]]
    assert frames[0].columns == ["Line No", 'a"b%(c)s']
    assert len({file.name.casefold() for file in files}) == 3
    (warning,) = extract(settings(tmp_path, "erp.Sales")).warnings
    assert "did you mean" in warning


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20
        ).filter(lambda name: name.strip() == name and not name.lower().startswith("sqlite_")),
        min_size=2,
        max_size=4,
        unique_by=str.casefold,
    )
)
@example(names=["0", "%("])
@example(names=["0", ":from", "?"])
def test_any_identifier_is_only_an_identifier(
    names: list[str], tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "odd.db"
    path.unlink(missing_ok=True)
    quote = sqlite_dialect().identifier_preparer.quote_identifier
    table, *columns = names
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        listed = ", ".join(quote(column) for column in columns)
        connection.exec_driver_sql(f"CREATE TABLE {quote(table)} ({listed})")
        connection.exec_driver_sql(
            f"INSERT INTO {quote(table)} VALUES ({', '.join('?' * len(columns))})", tuple(columns)
        )
    use(monkeypatch, f"sqlite:///{path}")
    made = settings(tmp_path, ["main", table], watermark=columns[0])
    assert extract(made).warnings == []
    (file,) = current_files(environment(), made.sales_log.database.names)
    assert pl.read_parquet(file).row(0, named=True) == {column: column for column in columns}
