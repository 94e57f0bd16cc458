"""Answers through Dagster: what a rep said shapes the newest list and no other."""

from datetime import datetime
from typing import Any

import dagster as dg
import polars as pl
import pytest

from gosales_assets.partitions import KEYS
from gosales_assets.settings import Validation, current_settings
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import actions
from gosales_assets.whitespace import assets as room
from gosales_assets.whitespace.contract import ELIGIBILITY_COUNTS, WHITESPACE
from gosales_assets.whitespace.handout_contract import CHANGES_TABLE
from gosales_assets.whitespace.record_contract import ACTIONS
from gosales_assets_tests.validation.scored_world import CLOSED, IDS, OPEN, TALKING, write_lake

LATER = datetime(2025, 2, 1, 12)


def materialize(warehouse: Warehouse, instance: dg.DagsterInstance, **tags: str) -> None:
    settings = current_settings().model_copy(
        update={"validation": Validation(bootstrap_replicates=10)}
    )
    partitioned = bool(tags)
    chosen = [a for a in room.ASSETS if (a.partitions_def is not None) == partitioned]
    result = dg.materialize(
        [*room.ASSETS, *room.CHECKS],
        selection=dg.AssetSelection.assets(*chosen),
        resources={"warehouse": warehouse, "settings": settings},
        instance=instance,
        tags=tags,
    )
    assert all(e.passed for e in result.get_asset_check_evaluations() if e.blocking)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Any:
    warehouse = Warehouse(
        home=str(tmp_path_factory.mktemp("answered")), code_version="t", basis="t"
    )
    write_lake(warehouse)
    division = KEYS.divisions[0]
    actions.record(
        warehouse.home_path,
        [
            actions.talking(IDS[200], division, LATER, "Kim"),
            actions.not_now(IDS[201], None, LATER.date(), LATER, "Kim"),
        ],
    )
    between = {
        "dagster/asset_partition_range_start": CLOSED,
        "dagster/asset_partition_range_end": OPEN,
    }
    materialize(warehouse, instance, **between)
    materialize(warehouse, instance)
    return warehouse


def states(warehouse: Warehouse, cutoff: str, customer: str) -> list[str]:
    rows = warehouse.read(WHITESPACE, cutoff=cutoff).filter(pl.col("customer_id") == customer)
    return rows["state"].to_list()


def test_answers_shape_the_newest_list_only(answered: Warehouse) -> None:
    others = len(KEYS.divisions) - 1
    assert states(answered, OPEN, IDS[200]) == ["open_deal"] + ["potential"] * others
    assert set(states(answered, OPEN, IDS[201])) == {"cooling"}
    for customer in (IDS[200], IDS[201], TALKING):
        assert set(states(answered, CLOSED, customer)) == {"potential"}


def test_what_was_recorded_is_published_and_counts_still_add_up(answered: Warehouse) -> None:
    assert answered.read(ACTIONS)["kind"].to_list() == ["talking", "not_now"]
    counted = answered.read(ELIGIBILITY_COUNTS, cutoff=OPEN)
    assert set(counted.group_by("division").agg(pl.col("rows").sum())["rows"]) == {300}


def test_who_left_the_list_is_told_with_the_reason(answered: Warehouse) -> None:
    changed = answered.read(CHANGES_TABLE, cutoff=OPEN)
    gone = changed.filter(pl.col("customer_id") == IDS[201], pl.col("change") == "gone")
    assert set(gone["why"]) <= {"was potential, is cooling"}
    assert answered.read(CHANGES_TABLE, cutoff=CLOSED).is_empty()
