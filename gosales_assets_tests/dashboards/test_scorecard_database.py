"""The published database: read-only, never held, and missing things said in plain words."""

from pathlib import Path

import duckdb
import pytest

from dashboards import queries
from dashboards.database import NotPublishedError, Published
from gosales_assets_tests.dashboards.published_sample import NEWEST, publish


def test_a_new_publish_is_seen_by_the_next_query(home: Path) -> None:
    db = Published(publish(home, rows=False))
    assert queries.whitespace_cutoffs(db) == []
    publish(home)
    assert queries.whitespace_cutoffs(db)[0] == NEWEST


def test_nothing_stays_open_after_a_query(home: Path) -> None:
    path = publish(home)
    queries.whitespace_cutoffs(Published(path))
    with duckdb.connect(str(path)) as writer:
        writer.execute("create table later as select 1")


def test_queries_cannot_write(home: Path) -> None:
    db = Published(publish(home))
    with pytest.raises(duckdb.Error, match="read-only"):
        db.query("create table more as select 1")


def test_no_database_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotPublishedError, match="No results have been published yet"):
        queries.whitespace_cutoffs(Published(tmp_path / "gosales.duckdb"))


def test_a_missing_table_is_named(home: Path) -> None:
    db = Published(publish(home, leave_out="scores.icp_scores"))
    with pytest.raises(NotPublishedError, match="icp_scores"):
        queries.score_cutoffs(db)


def test_a_missing_file_behind_a_view_is_said(home: Path) -> None:
    db = Published(publish(home))
    (home / "lake" / "star" / "customer_month" / "part.parquet").unlink()
    with pytest.raises(NotPublishedError, match="missing"):
        queries.timeline(db, "C1000")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gosales.duckdb"
    path.write_text("not a database")
    with pytest.raises(NotPublishedError, match="file"):
        queries.whitespace_cutoffs(Published(path))
