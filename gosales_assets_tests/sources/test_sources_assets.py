"""The assets of the room, run by Dagster on the sample: tables, checks, and what people see."""

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from gosales_assets.contracts import asset_key
from gosales_assets.settings import Settings, current_settings
from gosales_assets.sources.assets import ASSETS, CHECKS, conservation, sales_log
from gosales_assets.sources.contract import (
    CUSTOMERS,
    LOAD_LOG,
    QUARANTINE,
    QUARANTINE_REASONS,
    SALES_LINES,
    SIDE_TABLES,
    SKU_MAP,
)
from gosales_assets.warehouse import Warehouse


def run(
    instance: dg.DagsterInstance, warehouse: Warehouse, settings: Settings, definitions: list[Any]
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        definitions,
        selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
        instance=instance,
        resources={"warehouse": warehouse, "settings": settings},
        raise_on_error=False,
    )


@pytest.fixture(scope="module")
def made(
    instance: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dg.ExecuteInProcessResult, Warehouse]:
    warehouse = Warehouse(home=str(tmp_path_factory.mktemp("home")), code_version="test")
    return run(instance, warehouse, current_settings(), [*ASSETS, *CHECKS]), warehouse


def test_every_table_is_made_and_every_check_passes(
    made: tuple[dg.ExecuteInProcessResult, Warehouse],
) -> None:
    result, warehouse = made
    assert result.success
    checks = result.get_asset_check_evaluations()
    assert len(checks) == sum(len(list(check.check_keys)) for check in CHECKS)
    assert all(check.passed for check in checks)
    assert {check.check_name for check in checks if not check.blocking} == {"values"}
    for table in (SALES_LINES, QUARANTINE, LOAD_LOG, SKU_MAP, *SIDE_TABLES.values()):
        assert warehouse.has(table), table.name
    assert warehouse.read(CUSTOMERS).height > 0


def test_the_ui_shows_reasons_and_examples(
    made: tuple[dg.ExecuteInProcessResult, Warehouse],
) -> None:
    result, warehouse = made
    (materialized,) = [
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.materialization.asset_key == asset_key(QUARANTINE)
    ]
    reasons = materialized.metadata["by reason"]
    assert isinstance(reasons, dg.TableMetadataValue)
    shown = {record.data["reason"]: record.data["rows"] for record in reasons.records}
    assert sum(shown.values()) == warehouse.read(QUARANTINE).height > 0
    assert materialized.metadata["dagster/row_count"].value == sum(shown.values())
    counted = warehouse.read(QUARANTINE_REASONS).group_by("reason").agg(pl.sum("rows"))
    assert dict(counted.iter_rows()) == shown


def test_a_log_that_is_not_configured_fails_with_one_line(
    instance: dg.DagsterInstance, warehouse: Warehouse, tmp_path: Path
) -> None:
    result = run(instance, warehouse, Settings(base=tmp_path), [sales_log])
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "sales_log.files is empty" in str(failure.event_specific_data)


def test_a_row_lost_after_loading_blocks(
    instance: dg.DagsterInstance,
    made: tuple[dg.ExecuteInProcessResult, Warehouse],
    warehouse: Warehouse,
) -> None:
    _, source = made
    for table in (SALES_LINES, QUARANTINE):
        warehouse.write(table, source.read(table))
    log = source.read(LOAD_LOG)
    warehouse.write(LOAD_LOG, log.with_columns(pl.col("rows_loaded") - 1))
    specs = [dg.AssetSpec(asset_key(table)) for table in (LOAD_LOG, SALES_LINES, QUARANTINE)]
    result = run(instance, warehouse, current_settings(), [*specs, conservation])
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
