"""Assets of the sources room: the sales log, the SKU map, and the tables beside them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import ibis
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import (
    asset_key,
    asset_spec,
    check_partitions,
    contract_check,
    dep,
    table_asset,
)
from gosales_assets.settings import Settings
from gosales_assets.sources.conservation import (
    disagreements,
    held_by_file,
    imbalances,
    set_aside_by_file,
)
from gosales_assets.sources.contract import (
    LOAD_LOG,
    QUARANTINE,
    QUARANTINE_REASONS,
    SALES_LINES,
    SIDE_TABLES,
    SKU_MAP,
)
from gosales_assets.sources.database_assets import ASSETS as DATABASE_ASSETS
from gosales_assets.sources.database_assets import CHECKS as DATABASE_CHECKS
from gosales_assets.sources.database_contract import DATABASE_EXTRACTS
from gosales_assets.sources.load import SalesLogLoad, load_sales_log
from gosales_assets.sources.outline import division_keys
from gosales_assets.sources.reasons import by_reason
from gosales_assets.sources.side_tables import SideLoad, load_side_table
from gosales_assets.sources.sku_map import load_sku_map
from gosales_assets.storing import note, store
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

_ROWS_SHOWN = 20
_TEXT_SHOWN = 300
_EXAMPLES = 3
_LOG_TABLES = (SALES_LINES, QUARANTINE, LOAD_LOG)


@dg.multi_asset(
    specs=[
        asset_spec(table, deps=[dep(DATABASE_EXTRACTS)], kinds={"polars"}) for table in _LOG_TABLES
    ],
    name="raw__sales_log",
)
def sales_log(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult]:
    """Read the sales log: order lines, what could not be used, and an account of every file."""
    now = datetime.now(UTC).replace(tzinfo=None)
    load = load_sales_log(settings, warehouse, now, context.run.run_id)
    for row in load.log.filter(pl.col("source_file").is_in(load.read)).iter_rows(named=True):
        context.log.info(
            f"{row['source_file']}: {row['rows_read']} rows read, {row['rows_loaded']} loaded, "
            f"{row['rows_quarantined']} quarantined, {row['rows_duplicate']} duplicate"
            + (f"; {row['notes']}" if row["notes"] else "")
        )
    for table, about in (
        (SALES_LINES, _about_lines(warehouse, load)),
        (QUARANTINE, _about_quarantine(warehouse)),
        (LOAD_LOG, _about_files(load)),
    ):
        note(context, table, warehouse.written(table), metadata=about)
        yield dg.MaterializeResult(asset_key=asset_key(table))


@dg.asset_check(
    asset=asset_key(LOAD_LOG),
    additional_deps=[asset_key(SALES_LINES), asset_key(QUARANTINE)],
    name="conservation",
    blocking=True,
    description=(
        "Every row and every cent of each file is loaded, quarantined or a counted duplicate, and "
        "the tables hold what the log says was loaded. A breach stops everything downstream."
    ),
)
def conservation(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Check that nothing was lost between the files and the tables."""

    def find(_partition: dict[str, str]) -> list[Breach]:
        log = warehouse.read(LOAD_LOG)
        with warehouse.engine() as engine:
            lines = held_by_file(warehouse.scan(engine, SALES_LINES)).to_polars()
            set_aside = set_aside_by_file(warehouse.scan(engine, QUARANTINE)).to_polars()
        problems = imbalances(log.to_dicts()) + disagreements(log, lines, set_aside)
        return [
            Breach(what, "read = loaded + quarantined + duplicate", 1, (f"{file}: {figures}",))
            for file, what, figures in problems
        ]

    return check_partitions(context, LOAD_LOG, find, name="conservation")


@table_asset(QUARANTINE_REASONS, deps=[dep(QUARANTINE), dep(LOAD_LOG)], kinds={"duckdb"})
def quarantine_reasons(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Count the records set aside by file and reason, with the money they stand for."""
    with warehouse.engine() as engine:
        quarantine, log = (warehouse.scan(engine, table) for table in (QUARANTINE, LOAD_LOG))
        frame = by_reason(quarantine, log).to_polars()
    frame = QUARANTINE_REASONS.typed(frame)
    most = frame.sort(["rows", *QUARANTINE_REASONS.sort], descending=[True, False, False])
    store(
        context,
        warehouse,
        QUARANTINE_REASONS,
        frame,
        metadata={"reasons": _records(most.head(_ROWS_SHOWN)) if most.height else "none"},
    )


@table_asset(SKU_MAP, kinds={"polars"})
def sku_map(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Read the SKU map; empty where the log names its divisions itself."""
    loaded = load_sku_map(settings)
    if loaded is None:
        store(context, warehouse, SKU_MAP, SKU_MAP.empty(), {"remarks": "off: no SKU map is named"})
        return
    remarks = {"remarks": "; ".join(loaded.remarks)} if loaded.remarks else {}
    about = {"divisions": len(loaded.divisions), **remarks}
    store(context, warehouse, SKU_MAP, loaded.products, about)


def _side_asset(table: Table) -> dg.AssetsDefinition:
    """Make the asset of one side table."""
    # Divisions may be known from the log alone, and so from extracts of the database.
    by_division = "division" in table.types

    @table_asset(table, deps=[dep(DATABASE_EXTRACTS)] if by_division else [], kinds={"polars"})
    def side_table(
        context: dg.AssetExecutionContext,
        warehouse: Warehouse,
        settings: dg.ResourceParam[Settings],
    ) -> None:
        keys = division_keys(settings) if by_division else {}
        load = load_side_table(settings, table.short_name, keys)
        for remark in load.remarks:
            context.log.info(f"{table.name}: {remark}")
        store(context, warehouse, table, load.frame, metadata=_about_side_table(load))

    return side_table


def _about_lines(warehouse: Warehouse, load: SalesLogLoad) -> dict[str, Any]:
    with warehouse.engine() as engine:
        lines = warehouse.scan(engine, SALES_LINES)
        counts = lines.group_by("division").aggregate(rows=lines.count()).to_polars()
    return {
        "files read": len(load.read),
        "files unchanged": len(load.kept),
        "first day": str(load.log["first_day"].min()),
        "last day": str(load.log["last_day"].max()),
        "lines by division": _records(counts.sort(["rows", "division"], descending=[True, False])),
    }


def _about_quarantine(warehouse: Warehouse) -> dict[str, Any]:
    with warehouse.engine() as engine:
        quarantine = warehouse.scan(engine, QUARANTINE)
        counts = quarantine.group_by("reason").aggregate(rows=quarantine.count()).to_polars()
        # A few of each reason, so that one frequent reason does not hide the others.
        place = ibis.row_number().over(
            group_by=quarantine.reason,
            order_by=[quarantine.source_file, quarantine.source_line],
        )
        few = quarantine.mutate(place=place).filter(lambda t: t.place < _EXAMPLES).drop("place")
        examples = few.to_polars()
    if counts.is_empty():
        return {"quarantined": 0}
    shown = examples.sort("reason", "source_file", "source_line").head(_ROWS_SHOWN)
    return {
        "quarantined": int(counts["rows"].sum()),
        "by reason": _records(counts.sort(["rows", "reason"], descending=[True, False])),
        "examples": _records(shown.with_columns(pl.col("raw_text").str.head(_TEXT_SHOWN))),
    }


def _about_files(load: SalesLogLoad) -> dict[str, Any]:
    rows = [column for column in LOAD_LOG.types if column.startswith("rows_")]
    shown = load.log.select("source_file", "status", *rows, "first_day", "last_day", "notes")
    return {
        "files": load.log.height,
        **{name.replace("_", " "): int(load.log[name].sum()) for name in rows},
        "by file": _records(shown.head(_ROWS_SHOWN)),
    }


def _about_side_table(load: SideLoad) -> Mapping[str, Any]:
    left_out = {f"left out: {reason}": rows for reason, rows in load.left_out.items()}
    unreadable = {f"unreadable: {column}": cells for column, cells in load.unreadable.items()}
    remarks = {"remarks": "; ".join(load.remarks)} if load.remarks else {}
    return {"rows read": load.rows_read, **left_out, **unreadable, **remarks}


def _records(frame: pl.DataFrame) -> dg.TableMetadataValue:
    shown = frame.with_columns((pl.selectors.temporal() | pl.selectors.decimal()).cast(pl.String))
    return dg.MetadataValue.table([dg.TableRecord(row) for row in shown.iter_rows(named=True)])


ASSETS = [
    *DATABASE_ASSETS,
    sales_log,
    quarantine_reasons,
    sku_map,
    *(_side_asset(table) for table in SIDE_TABLES.values()),
]
CHECKS = [
    *DATABASE_CHECKS,
    conservation,
    *(
        contract_check(table)
        for table in (*_LOG_TABLES, QUARANTINE_REASONS, SKU_MAP, *SIDE_TABLES.values())
    ),
]
