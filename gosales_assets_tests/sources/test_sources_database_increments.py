"""Reading new rows only: whatever happens to a table, its extracts hold what it holds."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from gosales_assets.settings import environment
from gosales_assets.sources import database_table
from gosales_assets.sources.database import extract
from gosales_assets.sources.database_cells import texts
from gosales_assets_tests.sources.conftest import TestDatabase
from gosales_assets_tests.sources.test_sources_database import (
    ROWS,
    SALES,
    done,
    files,
    insert,
    rows,
    settings,
)


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
