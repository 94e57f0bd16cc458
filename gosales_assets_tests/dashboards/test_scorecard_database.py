"""The published database: read-only, never held, and missing things said in plain words."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from dashboards import account_queries, queries
from dashboards.database import NotPublishedError, Published
from gosales_assets_tests.dashboards.published_sample import CUTOFFS, NEWEST, publish


def test_a_new_publish_is_seen_by_the_next_query(home: Path) -> None:
    db = Published(publish(home, rows=False))
    assert queries.list_cutoffs(db) == []
    publish(home)
    assert queries.list_cutoffs(db)[0] == NEWEST


def test_nothing_stays_open_after_a_query(home: Path) -> None:
    path = publish(home)
    queries.list_cutoffs(Published(path))
    with duckdb.connect(str(path)) as writer:
        writer.execute("create table later as select 1")


@pytest.mark.parametrize(
    "statement",
    [
        "create table star.more as select 1",
        "delete from whitespace.whitespace",
        "drop table published.whitespace.whitespace",
    ],
)
def test_queries_cannot_write(home: Path, statement: str) -> None:
    db = Published(publish(home))
    with pytest.raises(duckdb.Error, match="read-only"):
        db.query(statement)


def test_no_database_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotPublishedError, match="No results have been published yet"):
        queries.list_cutoffs(Published(tmp_path / "gosales.duckdb"))


def test_a_missing_table_is_named(home: Path) -> None:
    db = Published(publish(home, leave_out="scores.icp_scores"))
    with pytest.raises(NotPublishedError, match="icp_scores"):
        account_queries.account_scores(db, "C1000", NEWEST)


def test_a_missing_file_behind_a_view_is_said_without_its_path(home: Path) -> None:
    db = Published(publish(home))
    (home / "lake" / "star" / "customer_month" / "part.parquet").unlink()
    with pytest.raises(NotPublishedError, match="missing") as said:
        account_queries.timeline(db, "C1000")
    assert str(home) not in str(said.value)


def broken(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "no database":
        content = bytearray(b"not a database")
    elif how == "cut short":
        content = content[:12_500]  # the headers, and hardly anything else
    elif how == "overwritten":
        content[12_288:] = bytes(len(content) - 12_288)
    else:
        content = bytearray()
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["no database", "cut short", "overwritten", "empty"])
def test_a_broken_database_is_said_without_its_path(home: Path, how: str) -> None:
    db = Published(publish(home))
    broken(db.path, how)
    with pytest.raises(NotPublishedError, match=r"missing or broken|will add it") as said:
        queries.list_cutoffs(db)
    assert str(home) not in str(said.value)


def test_readers_go_on_while_the_database_is_swapped(home: Path) -> None:
    db, stop = Published(publish(home), threads=1), threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(len(queries.list_cutoffs(db)))

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for _ in range(20):
            scratch = home / ".again.duckdb"
            shutil.copy(db.path, scratch)
            scratch.replace(db.path)
        stop.set()
        for reader in readers:
            reader.result()
    assert seen
    assert set(seen) == {len(CUTOFFS)}


def test_a_mistake_in_our_own_query_is_not_hidden(home: Path) -> None:
    with pytest.raises(duckdb.Error):
        Published(publish(home)).query("select 1 where $a = 1", {"a": 1, "b": 2})
