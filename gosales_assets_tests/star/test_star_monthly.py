"""Facts and activity by month: a new month of data rewrites only what it touches."""

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from gosales_assets.contracts import asset_key
from gosales_assets.settings import Settings
from gosales_assets.sources.assets import sales_log
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE, SALES_LINES
from gosales_assets.star.assets import customer_day, customer_month, fact_transactions
from gosales_assets.star.contract import CUSTOMER_DAY, CUSTOMER_MONTH, FACT_TRANSACTIONS
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

HEADER = "customer_id,order_id,order_date,sku,division,quantity,revenue"
TABLES = (FACT_TRANSACTIONS, CUSTOMER_MONTH, CUSTOMER_DAY)
SETS = {"sku_sets": {"Set": ["X"]}}


def write(folder: Path, name: str, *rows: str) -> None:
    (folder / f"{name}.csv").write_text("\n".join([HEADER, *rows]) + "\n")


def run(
    folder: Path, warehouse: Warehouse, instance: dg.DagsterInstance, **changes: Any
) -> dict[str, set[str]]:
    """Load the log and make the tables; which months of each were written anew."""
    before = {table.name: files(warehouse, table) for table in TABLES}
    settings = Settings(base=folder, sales_log={"files": ["*.csv"]}, today="2025-06-30", **changes)
    result = dg.materialize(
        [sales_log, fact_transactions, customer_month, customer_day],
        instance=instance,
        resources={"warehouse": warehouse, "settings": settings},
    )
    assert result.success
    return {
        table.name: {
            month
            for month, file in files(warehouse, table).items()
            if before[table.name].get(month) != file
        }
        for table in TABLES
    }


def files(warehouse: Warehouse, table: Table) -> dict[str, tuple[str, int]]:
    folder = warehouse.path(table).parent
    return {
        name: (part.file, (folder / part.file).stat().st_mtime_ns)
        for name, part in warehouse.parts(table).items()
    }


def all_of(months: set[str]) -> dict[str, set[str]]:
    return {table.name: months for table in TABLES}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    write(
        folder,
        "old",
        "A,O1,2024-01-05,X,Tools,1,10",
        "A,O1,2024-01-05,Y,Toys,1,10",
        "B,,2024-02-29,X,Tools,2,20",
        "B,,2024-03-31,X,Tools,-1,-9",
    )
    return folder


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(home=str(tmp_path / "home"), code_version="1", basis="b")


def test_a_new_month_rewrites_only_what_it_touches(
    log: Path, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    old = {"2024-01-31", "2024-02-29", "2024-03-31"}
    assert run(log, warehouse, instance) == all_of(old)
    assert run(log, warehouse, instance) == all_of(set())
    write(log, "new", "A,O9,2024-04-30,X,Tools,1,10")
    assert run(log, warehouse, instance) == all_of({"2024-04-30"})
    # A late line of an old month.
    write(log, "late", "C,O8,2024-02-01,Y,Toys,1,1")
    assert run(log, warehouse, instance) == all_of({"2024-02-29"})


def test_a_whole_export_with_one_more_month_rewrites_that_month(
    log: Path, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    run(log, warehouse, instance)
    rows = (log / "old.csv").read_text().splitlines()[1:]
    write(log, "old", *rows, "A,O9,2024-04-30,X,Tools,1,10")
    touched = run(log, warehouse, instance)
    assert touched == all_of({"2024-04-30"})


def test_what_grew_equals_what_is_made_at_once(
    log: Path, warehouse: Warehouse, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run(log, warehouse, instance, targets=SETS)
    write(log, "new", "A,O9,2024-04-30,X,Tools,1,10", "B,O7,2024-01-31,X,Tools,1,3")
    run(log, warehouse, instance, targets=SETS)
    (log / "old.csv").unlink()
    run(log, warehouse, instance, targets=SETS)
    fresh = Warehouse(home=str(tmp_path / "fresh"), code_version="1", basis="b")
    run(log, fresh, instance, targets=SETS)
    for table in (*TABLES, SALES_LINES, QUARANTINE):
        assert warehouse.written(table).checksum == fresh.written(table).checksum, table.name
        kept = [c for c in table.types if c not in table.volatile]
        assert warehouse.read(table, columns=kept).equals(fresh.read(table, columns=kept))
    assert set(warehouse.read(CUSTOMER_MONTH)["scope"]) == {"all", "division", "sku_set"}


def test_another_set_of_products_makes_the_activity_anew_and_not_the_facts(
    log: Path, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    run(log, warehouse, instance)
    touched = run(log, warehouse, instance, targets=SETS)
    assert touched["star.fact_transactions"] == set()
    assert len(touched["star.customer_month"]) == 3


def test_another_value_makes_the_facts_anew(
    log: Path, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    header = HEADER + ",gross_profit"
    (log / "old.csv").write_text(header + "\nA,O1,2024-01-05,X,Tools,1,10,4\n")
    run(log, warehouse, instance)
    assert warehouse.read(FACT_TRANSACTIONS)["value"].to_list() == [4]
    run(log, warehouse, instance, value="revenue")
    assert warehouse.read(FACT_TRANSACTIONS)["value"].to_list() == [10]
    assert warehouse.read(CUSTOMER_MONTH)["value"].to_list() == [10, 10]


def test_the_time_of_loading_stays_with_lines_that_stay(
    log: Path, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    run(log, warehouse, instance)
    first = warehouse.read(LOAD_LOG)["loaded_at"].item()
    write(log, "late", "C,O8,2024-02-01,Y,Toys,1,1")
    run(log, warehouse, instance)
    times = dict(warehouse.read(FACT_TRANSACTIONS).group_by("source_file").agg(
        pl.col("ingested_at").unique().implode()
    ).iter_rows())  # fmt: skip
    assert times["old.csv"] == [first]
    assert times["late.csv"][0] > first


def test_months_made_are_said_in_the_ui(
    log: Path, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    run(log, warehouse, instance)
    write(log, "new", "A,O9,2024-04-30,X,Tools,1,10")
    run(log, warehouse, instance)
    event = instance.get_latest_materialization_event(asset_key(CUSTOMER_MONTH))
    assert event is not None
    assert event.asset_materialization is not None
    about = event.asset_materialization.metadata
    assert (about["months"].value, about["months made in this run"].value) == (4, 1)
