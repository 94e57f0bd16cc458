"""Tables of a database, SQLite and PostgreSQL alike: exact, nothing lost, nothing twice."""

import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from gosales_assets import provenance
from gosales_assets.extracts import TableName, current, current_files
from gosales_assets.settings import Settings, SettingsError, environment
from gosales_assets.sources import database_table
from gosales_assets.sources.database import extract
from gosales_assets.sources.database_cells import texts
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


def test_an_increment_adds_new_rows_only(database: TestDatabase, tmp_path: Path) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    first = files(made)
    assert [height for height, _ in first.values()] == [4, 1]
    database.execute(insert("(6, '8', 15, '2024-03-02', 'A', 'Bath', 1, 9)"))
    assert done(made) == ["1 of them new"]
    second = files(made)
    assert [height for height, _ in second.values()] == [4, 1, 1]
    assert [*first.items()][:1] == [*second.items()][:1], "what is closed stays"
    assert rows(made, "line") == [(str(line),) for line in range(1, 7)]
    assert done(made) == ["nothing new"]


def test_rows_that_come_later_at_the_last_watermark_are_not_lost(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    first = files(made)
    database.execute(insert("(6, '8', 15, '2024-03-01', 'A', 'Bath', 1, 9)"))
    assert done(made) == ["1 of them new"], "and the table is not read as a whole for it"
    assert [*files(made).items()][:1] == [*first.items()][:1]
    assert rows(made, "line") == [(str(line),) for line in range(1, 7)]


def test_a_late_row_behind_the_watermark_is_not_lost(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    database.execute(
        insert(
            "(6, '8', 15, '2023-12-31', 'A', 'Bath', 1, 9)",
            "(7, '8', 15, '2024-04-01', 'A', 'Bath', 1, 9)",
        )
    )
    (note,) = done(made)
    assert note.startswith("read as a whole: 5 rows lie below the last watermark 2024-03-01, and 4")
    assert rows(made, "line") == [(str(line),) for line in range(1, 8)]
    assert done(made) == ["nothing new"]


@pytest.mark.parametrize(
    ("statement", "lines"),
    [
        ("DELETE FROM sales WHERE line = 2", "1345"),
        ("UPDATE sales SET order_date = '2024-05-01' WHERE line = 2", "12345"),
        ("UPDATE sales SET order_date = NULL WHERE line = 2", "12345"),
        ("DELETE FROM sales WHERE line > 3", "123"),
        ("DELETE FROM sales WHERE line = 5", "1234"),
        ("UPDATE sales SET order_date = NULL", "12345"),
    ],
)
def test_rows_that_move_or_vanish_are_followed(
    database: TestDatabase, tmp_path: Path, statement: str, lines: str
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    database.execute(statement)
    done(made)
    assert rows(made, "line") == [(line,) for line in lines]
    assert done(made) == ["nothing new"]
    assert rows(made, "line") == [(line,) for line in lines]


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE sales SET revenue = revenue + 0.01 WHERE line = 1"],
        ["UPDATE sales SET quantity = 3 WHERE line = 1"],
        ["UPDATE sales SET order_id = 9007199254740992 WHERE line = 1"],
        ["DELETE FROM sales WHERE line = 1", insert(ROWS[0].replace("(1,", "(9,"))],
    ],
)
def test_rows_that_change_behind_the_watermark_are_followed(
    database: TestDatabase, tmp_path: Path, statements: list[str]
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    database.execute(*statements)
    assert done(made) == ["read as a whole: rows below the last watermark 2024-03-01 changed"]
    changed = rows(made, "line", "order_id", "quantity", "revenue")
    assert done(settings(tmp_path)) == ["read as a whole"]
    assert rows(made, "line", "order_id", "quantity", "revenue") == changed


def test_rows_without_a_watermark_are_not_lost(database: TestDatabase, tmp_path: Path) -> None:
    database.execute(SALES, insert("(1, '1', 1, NULL, 'A', 'Tools', 1, 1)"))
    made = settings(tmp_path, watermark="order_date")
    done(made)
    database.execute(insert(*ROWS[1:], "(9, '1', 1, NULL, 'A', 'Tools', 1, 1)"))
    done(made)
    assert rows(made, "line") == [(line,) for line in "123459"]
    assert done(made) == ["nothing new"]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("BIGINT", ["9007199254740993", "9007199254740994", "9223372036854775807"]),
        ("NUMERIC(20, 3)", ["9.5", "10.25", "100"]),
        (
            "TIMESTAMP",
            ["'2024-01-01 00:00:00.000001'", "'2024-01-01 00:00:00.000002'", "'2025-01-01'"],
        ),
        ("VARCHAR(9)", ["'a'", "'a'", "'b'"]),
        ("DOUBLE PRECISION", ["0.1", "0.30000000000000004", "1e300"]),
    ],
)
def test_watermarks_of_all_kinds_come_back_equal(
    database: TestDatabase, tmp_path: Path, kind: str, values: list[str]
) -> None:
    database.execute(f"CREATE TABLE sales (line INTEGER, mark {kind})")
    made = settings(tmp_path, watermark="mark")
    for line, value in enumerate(values, start=1):
        database.execute(f"INSERT INTO sales VALUES ({line}, {value})")
        (note,) = done(made)
        assert note == ("read as a whole" if line == 1 else "1 of them new")
        assert rows(made, "line") == [(str(n),) for n in range(1, line + 1)]
        assert done(made) == ["nothing new"]


def test_many_increments_are_put_together(
    database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_table, "MOST_INCREMENTS", 2)
    database.execute("CREATE TABLE sales (line INTEGER, mark INTEGER)")
    made = settings(tmp_path, watermark="mark")
    notes = []
    for mark in range(5):
        database.execute(f"INSERT INTO sales VALUES ({mark}, {mark})")
        notes += done(made)
    assert notes[3:] == ["read as a whole, as always after 2 increments", "1 of them new"]
    assert rows(made, "line") == [(str(mark),) for mark in range(5)]


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


MARK = st.one_of(st.none(), st.integers(0, 6))
STEP = st.tuples(
    st.lists(MARK, max_size=3),  # rows that come in
    st.sampled_from(["", "delete", "mark", "amount"]),  # and what happens to one there is
    st.integers(0, 20),
    MARK,
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, min_size=1, max_size=6), chunk_rows=st.integers(1, 3))
def test_whatever_happens_to_a_table_its_extracts_hold_what_it_holds(
    steps: list[Any],
    chunk_rows: int,
    tmp_path: Path,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "random.db"
    path.unlink(missing_ok=True)
    shutil.rmtree(own_home, ignore_errors=True)
    monkeypatch.setattr(environment(), "database_url", SecretStr(f"sqlite:///{path}"))
    made = settings(tmp_path, watermark="mark", chunk_rows=chunk_rows)
    line = 0
    with closing(sqlite3.connect(path)) as table:
        table.execute("CREATE TABLE sales (line INTEGER PRIMARY KEY, mark INTEGER, amount NUMERIC)")
        for new, what, which, mark in steps:
            for mark_of_new in new:
                line += 1
                table.execute("INSERT INTO sales VALUES (?, ?, 1.5)", (line, mark_of_new))
            chosen = f"line = {which % line + 1}" if line else "1 = 0"
            if what == "delete":
                table.execute(f"DELETE FROM sales WHERE {chosen}")
            elif what:
                value = which if what == "amount" else mark
                table.execute(f"UPDATE sales SET {what} = ? WHERE {chosen}", (value,))
            table.commit()
            there = table.execute("SELECT line, mark, amount FROM sales ORDER BY line").fetchall()
            extraction = extract(made)
            if not there:
                continue  # nothing was there yet, or it is empty now and its rows are kept
            assert extraction.warnings == []
            frames = [pl.read_parquet(file) for file in made.sales_files]
            held = pl.concat(frames).select("line", "mark", "amount").rows()
            assert sorted(held, key=lambda row: int(row[0])) == [tuple(texts(row)) for row in there]
