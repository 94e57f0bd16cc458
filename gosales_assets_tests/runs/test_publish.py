"""The published database: complete, commented, swapped in whole; exports are defused."""

from datetime import date
from pathlib import Path

import duckdb
import pandera.polars as pa
import polars as pl
import pytest

from gosales_assets.partitions import Keys
from gosales_assets.runs.exports import export, without_formulas
from gosales_assets.runs.inventory import current_partitions, per_table, take_inventory
from gosales_assets.runs.publish import publish
from gosales_assets.star.contract import DIM_CUSTOMER
from gosales_assets.tables import Contract, table
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.contract import WHITESPACE
from gosales_assets_tests.dashboards import published_sample as sample


class Scores(Contract):
    """What it's worth."""

    customer_id: str = pa.Field(unique=True, description="Customer's id.")
    cutoff: pl.Date = pa.Field(description="Cutoff.")


ABOUT = {
    "grain": "one row per customer",
    "sort": ("customer_id",),
    "partitions": ("cutoff", "division"),
}
SMALL = table(Scores, "toy.scores", **ABOUT)
BIG = table(Scores, "toy.big", **ABOUT, published="view")
KEYS = Keys(("2024-06-30", "2024-09-30"), ("A", "B & c"))


def frame(cutoff: str, customers: int = 2) -> pl.DataFrame:
    ids = [f"c{i}" for i in range(customers)]
    return pl.DataFrame({"customer_id": ids, "cutoff": [date.fromisoformat(cutoff)] * customers})


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    for cutoff in KEYS.cutoffs:
        for division in KEYS.divisions:
            for one in (SMALL, BIG):
                warehouse.write(one, frame(cutoff), cutoff=cutoff, division=division)
    return warehouse


def query(warehouse: Warehouse, sql: str) -> list[tuple]:
    with warehouse.connect(str(warehouse.published_database)) as connection:
        return connection.sql(sql).fetchall()


def test_tables_and_views_hold_every_partition(filled: Warehouse) -> None:
    assert publish(filled, [SMALL, BIG], KEYS) == {"toy.scores": 4, "toy.big": 4}
    assert query(filled, "select count(*) from toy.scores") == [(8,)]
    assert query(filled, "select count(*) from toy.big where cutoff = date '2024-06-30'") == [(4,)]
    kinds = query(filled, "select table_name, table_type from information_schema.tables order by 1")
    assert kinds == [("big", "VIEW"), ("scores", "BASE TABLE")]


def test_every_table_and_column_is_commented(filled: Warehouse) -> None:
    publish(filled, [SMALL], KEYS)
    ((comment,),) = query(filled, "select comment from duckdb_tables() where schema_name = 'toy'")
    assert comment == "What it's worth. Grain: one row per customer."
    comments = query(filled, "select comment from duckdb_columns() where schema_name = 'toy'")
    assert comments == [("Customer's id.",), ("Cutoff.",)]


def test_a_table_without_partitions_is_published_empty(warehouse: Warehouse) -> None:
    publish(warehouse, [SMALL, BIG], KEYS)
    assert query(warehouse, "select count(*) from toy.scores") == [(0,)]
    assert query(warehouse, "select count(*) from toy.big") == [(0,)]


def test_partitions_of_other_settings_or_with_failed_checks_are_left_out(filled: Warehouse) -> None:
    filled.write(SMALL, frame("2020-06-30"), cutoff="2020-06-30", division="A")
    filled.mark(SMALL, "contract", "bad", cutoff="2024-09-30", division="A")
    assert len(current_partitions(filled, SMALL, KEYS)) == 3
    publish(filled, [SMALL], KEYS)
    assert query(filled, "select count(*) from toy.scores") == [(6,)]


def test_a_failed_publish_leaves_the_old_database(
    filled: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(filled, [SMALL], KEYS)
    filled.write(SMALL, frame("2024-06-30", 5), cutoff="2024-06-30", division="A")

    def crash(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("gosales_assets.whole_files.os.replace", crash)
    with pytest.raises(OSError, match="disk full"):
        publish(filled, [SMALL], KEYS)
    assert query(filled, "select count(*) from toy.scores") == [(8,)]
    assert [p.name for p in filled.home_path.glob("*.duckdb*")] == ["gosales.duckdb"]
    assert list(filled.home_path.glob(".*.tmp*")) == []


def test_a_reader_of_the_old_database_is_not_disturbed(filled: Warehouse) -> None:
    publish(filled, [SMALL], KEYS)
    with duckdb.connect(str(filled.published_database), read_only=True) as reader:
        filled.write(SMALL, frame("2024-06-30", 5), cutoff="2024-06-30", division="A")
        publish(filled, [SMALL], KEYS)
        assert reader.sql("select count(*) from toy.scores").fetchall() == [(8,)]
    assert query(filled, "select count(*) from toy.scores") == [(11,)]


def test_inventory_counts_rows_and_combines_checksums(filled: Warehouse) -> None:
    before = per_table(take_inventory(filled, [SMALL, BIG], KEYS))
    assert before["toy.scores"]["rows"] == 8
    assert before["toy.scores"]["partitions"] == 4
    filled.write(SMALL, frame("2024-06-30", 3), cutoff="2024-06-30", division="A")
    after = per_table(take_inventory(filled, [SMALL, BIG], KEYS))
    assert after["toy.scores"]["checksum"] != before["toy.scores"]["checksum"]
    assert after["toy.big"] == before["toy.big"]


def test_exports_defuse_formulas_in_csv_only(tmp_path: Path) -> None:
    names = ["=1+1", "+1", "-1", "@x", "\tx", "plain", "a=b", None, 'q"uo,te', "עברית 😀"]
    frame = pl.DataFrame({"name": names, "count": range(len(names))})
    csv, parquet = export(frame, tmp_path, "list")
    cells = pl.read_csv(csv)["name"].to_list()
    assert cells[:5] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx"]
    assert cells[5:] == names[5:]
    assert pl.read_parquet(parquet)["name"].to_list() == names
    assert without_formulas(frame)["count"].to_list() == list(range(len(names)))


def test_what_the_scorecard_is_paged_by_says_what_the_list_says(warehouse: Warehouse) -> None:
    listed, people = sample.whitespace(), sample.customers()
    warehouse.write(DIM_CUSTOMER, people)
    cutoffs = [str(cutoff) for cutoff in sample.CUTOFFS]
    for cutoff in sample.CUTOFFS:
        warehouse.write(WHITESPACE, listed.filter(cutoff=cutoff), cutoff=str(cutoff))
    publish(warehouse, [DIM_CUSTOMER, WHITESPACE], Keys(tuple(cutoffs), tuple(sample.DIVISIONS)))
    with warehouse.connect(str(warehouse.published_database)) as connection:
        accounts, divisions, customers = (
            connection.sql(f"from scorecard.{name}").pl()
            for name in ("accounts", "divisions", "customers")
        )
    assert accounts.height == listed.select("cutoff", "customer_id").n_unique()
    assert accounts["offers"].sum() == listed.filter(state="potential").height
    assert accounts["owned"].sum() == listed.filter(state="owned").height
    assert divisions["rows"].sum() == listed.height
    assert customers.height == people.height
    best = listed.filter(rank=1).sort("cutoff")
    first = accounts.filter(best_rank=1).sort("cutoff")
    assert first["best_chance"].to_list() == best["icp_score"].to_list()
    for (_,), part in accounts.group_by(["cutoff"], maintain_order=True):
        assert part["best_rank"].drop_nulls().is_sorted()
