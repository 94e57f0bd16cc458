"""Assets that end a run: inventory and manifest, exports, and the published database.

What belongs here: what is done once all rooms are done. What does not: any figure of its own.
"""

import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl

from gosales_assets.contracts import (
    OWNERS,
    asset_key,
    contract_check,
    dep,
    explained_in,
    table_asset,
)
from gosales_assets.drift.contract import DRIFT_ALERTS
from gosales_assets.partitions import KEYS
from gosales_assets.provenance import SESSION_TAG, code_version, input_checksums
from gosales_assets.rooms import ROOMS
from gosales_assets.runs.check_results import latest_results
from gosales_assets.runs.contract import (
    CHECK_RESULTS,
    LAKE_INVENTORY,
    RUN_MANIFEST,
    RUN_REGISTRY,
)
from gosales_assets.runs.exports import export_lists
from gosales_assets.runs.inventory import current_partitions, per_table, take_inventory
from gosales_assets.runs.publish import publish
from gosales_assets.runs.registry import register
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LOAD_LOG
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.contract import WHITESPACE

RESULTS = [table for table in ALL_TABLES if table.room != "runs"]


@table_asset(LAKE_INVENTORY, deps=[dep(table) for table in RESULTS], kinds={"polars"})
def lake_inventory(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """List every partition of every table with rows, checksum, and what it was made on."""
    frame = take_inventory(warehouse, RESULTS, KEYS)
    tables = [dg.TableRecord({"table": name, **about}) for name, about in per_table(frame).items()]
    store(context, warehouse, LAKE_INVENTORY, frame, {"tables": dg.MetadataValue.table(tables)})


@table_asset(RUN_REGISTRY, deps=[dep(LAKE_INVENTORY), dep(LOAD_LOG)], kinds={"polars"})
def run_registry(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Note of every run in the inventory what it was made of; earlier notes stay."""
    inventory = warehouse.read(LAKE_INVENTORY)
    with warehouse.alone(RUN_REGISTRY):
        frame = _registered(context, warehouse, settings, inventory)
        store(context, warehouse, RUN_REGISTRY, frame)


def _registered(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    settings: Settings,
    inventory: pl.DataFrame,
) -> pl.DataFrame:
    """Rows of the registry so far, and one for each run that is not in it yet."""
    earlier = warehouse.read(RUN_REGISTRY) if warehouse.has(RUN_REGISTRY) else RUN_REGISTRY.empty()
    publishing = {
        "table_name": RUN_MANIFEST.name,
        "run_id": context.run.run_id,
        "code_version": warehouse.code_version,
        "basis": warehouse.basis,
    }
    written = pl.concat(
        [inventory.select(list(publishing)), pl.DataFrame([publishing])], how="vertical"
    )
    sessions = {
        run_id: run.tags.get(SESSION_TAG)
        for run_id in written["run_id"].unique()
        if (run := context.instance.get_run_by_id(run_id)) is not None
    }
    inputs = json.dumps(_inputs(warehouse, settings))
    return register(written, earlier, sessions, warehouse.basis, inputs)


@table_asset(RUN_MANIFEST, deps=[dep(LAKE_INVENTORY)], kinds={"polars"})
def run_manifest(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Add this run to the record of all runs that published."""
    alerts = warehouse.read_many(DRIFT_ALERTS, current_partitions(warehouse, DRIFT_ALERTS, KEYS))
    row = {
        "run_id": context.run.run_id,
        "published_at": datetime.now(UTC).replace(tzinfo=None),
        "name": settings.name,
        "currency": settings.sales_log.base_currency,
        "code_version": code_version(),
        "config_hash": settings.config_hash,
        "inputs": json.dumps(_inputs(warehouse, settings)),
        "cutoffs": json.dumps(KEYS.cutoffs),
        "divisions": json.dumps(KEYS.divisions),
        "tables": json.dumps(per_table(warehouse.read(LAKE_INVENTORY))),
        "alerts": json.dumps(dict(sorted(alerts.group_by("severity").len().iter_rows()))),
        "durations": json.dumps(_seconds_per_room(context)),
    }
    shown = {"run": dg.MetadataValue.json(row | _texts(row))}
    with warehouse.alone(RUN_MANIFEST):
        known = warehouse.has(RUN_MANIFEST)
        earlier = warehouse.read(RUN_MANIFEST) if known else RUN_MANIFEST.empty()
        others = earlier.filter(pl.col("run_id") != context.run.run_id)
        frame = pl.concat([others, pl.DataFrame([row], schema=RUN_MANIFEST.types)])
        store(context, warehouse, RUN_MANIFEST, frame, shown)


@table_asset(CHECK_RESULTS, deps=[dep(LAKE_INVENTORY)], kinds={"polars"})
def check_results(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Note what every check of the rooms found when it was last run."""
    frame = latest_results(context.instance, [check for room in ROOMS for check in room.CHECKS])
    failed = frame.filter(~pl.col("passed")).height
    store(context, warehouse, CHECK_RESULTS, frame, {"failed": failed})


@dg.asset(
    key=["runs", "exports"],
    deps=[dep(WHITESPACE), dep(ICP_SCORES), asset_key(RUN_MANIFEST)],
    group_name="runs",
    owners=OWNERS,
    kinds={"csv", "parquet"},
    metadata=explained_in("runs"),
    description=(
        "Files to hand out: the newest list (`whitespace`), what is selected of it, why, what "
        "changed, thresholds, accounts, rules, the metrics of all lists, every score, and a file "
        "for the CRM, as CSV for spreadsheets and Parquet for programs. `COLUMNS.md` says what "
        "each column means. Cells that a spreadsheet would run as formulas are defused."
    ),
)
def exports(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Export the newest cutoff's list and all that belongs to it."""
    written, _ = export_lists(warehouse, settings, KEYS, warehouse.exports)
    if not written:
        context.log.warning("No whitespace list yet: nothing to export")
        return
    context.add_asset_metadata({path.name: dg.MetadataValue.path(str(path)) for path in written})


@dg.asset(
    key=["runs", "published_database"],
    deps=[
        *map(asset_key, (RUN_MANIFEST, RUN_REGISTRY, CHECK_RESULTS)),
        dg.AssetKey(["runs", "exports"]),
    ],
    group_name="runs",
    owners=OWNERS,
    kinds={"duckdb"},
    metadata=explained_in("runs"),
    description=(
        "The database that people open: one DuckDB file with a schema per room and a comment on "
        "every column. It is built aside and swapped in whole, so it can be open or copied while "
        "a run is going. The scorecard reads it."
    ),
)
def published_database(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Publish every table whose checks passed."""
    published = publish(warehouse, ALL_TABLES, KEYS)
    context.add_asset_metadata(
        {
            "file": dg.MetadataValue.path(str(warehouse.published_database)),
            "tables": len(published),
            "partitions": sum(published.values()),
        }
    )


def _inputs(warehouse: Warehouse, settings: Settings) -> dict[str, str]:
    log = warehouse.read(LOAD_LOG, columns=["source_file", "sha256"])
    return input_checksums(settings, dict(log.iter_rows()))


def _seconds_per_room(context: dg.AssetExecutionContext) -> dict[str, float]:
    session = context.run.tags.get(SESSION_TAG)
    runs = (
        context.instance.get_runs(dg.RunsFilter(tags={SESSION_TAG: session}))
        if session
        else [context.run]
    )
    seconds: dict[str, float] = {}
    for run in runs:
        for step in context.instance.get_run_step_stats(run.run_id):
            if step.start_time and step.end_time:
                room = step.step_key.split("__")[0]
                seconds[room] = seconds.get(room, 0.0) + step.end_time - step.start_time
    return {room: round(total, 2) for room, total in sorted(seconds.items())}


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    parsed = ("inputs", "cutoffs", "divisions", "tables", "alerts", "durations")
    return {"published_at": str(row["published_at"])} | {
        key: json.loads(row[key]) for key in parsed
    }


ASSETS = [
    lake_inventory,
    run_registry,
    run_manifest,
    check_results,
    exports,
    published_database,
]
CHECKS = [
    contract_check(table) for table in (LAKE_INVENTORY, RUN_REGISTRY, RUN_MANIFEST, CHECK_RESULTS)
]
