"""Assets of the sources room: the sales log, the SKU map, and the tables beside them."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from gosales_assets.contracts import (
    Breach,
    asset_key,
    asset_spec,
    check_partitions,
    contract_check,
    store,
    table_asset,
)
from gosales_assets.settings import Settings
from gosales_assets.sources.conservation import disagreements, imbalances
from gosales_assets.sources.contract import (
    LOAD_LOG,
    QUARANTINE,
    SALES_LINES,
    SIDE_TABLES,
    SKU_MAP,
)
from gosales_assets.sources.load import SalesLogLoad, load_sales_log
from gosales_assets.sources.outline import division_keys
from gosales_assets.sources.side_tables import SideLoad, load_side_table
from gosales_assets.sources.sku_map import load_sku_map
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

_ROWS_SHOWN = 20
_TEXT_SHOWN = 300
_LOG_TABLES = (SALES_LINES, QUARANTINE, LOAD_LOG)


@dg.multi_asset(
    specs=[asset_spec(table, kinds={"polars"}) for table in _LOG_TABLES], name="raw__sales_log"
)
def sales_log(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult]:
    """Read the sales log: order lines, what could not be used, and an account of every file."""
    load = load_sales_log(settings)
    for row in load.log.iter_rows(named=True):
        context.log.info(
            f"{row['source_file']}: {row['rows_read']} rows read, {row['rows_loaded']} loaded, "
            f"{row['rows_quarantined']} quarantined, {row['rows_duplicate']} duplicate"
            + (f"; {row['notes']}" if row["notes"] else "")
        )
    for table, frame, about in (
        (SALES_LINES, load.lines, _about_lines(load)),
        (QUARANTINE, load.quarantine, _about_quarantine(load)),
        (LOAD_LOG, load.log, _about_files(load)),
    ):
        store(context, warehouse, table, frame, metadata=about)
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
        lines = warehouse.read(SALES_LINES, columns=["source_file", "source_line", "quantity"])
        quarantine = warehouse.read(QUARANTINE, columns=["source_file"])
        problems = imbalances(log.to_dicts()) + disagreements(log, lines, quarantine)
        return [
            Breach(what, "read = loaded + quarantined + duplicate", 1, (f"{file}: {figures}",))
            for file, what, figures in problems
        ]

    return check_partitions(context, LOAD_LOG, find, name="conservation")


@table_asset(SKU_MAP, kinds={"polars"})
def sku_map(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Read the SKU map; empty where the log names its divisions itself."""
    loaded = load_sku_map(settings)
    if loaded is None:
        store(context, warehouse, SKU_MAP, SKU_MAP.empty(), {"remarks": "off: no SKU map is named"})
        return
    store(context, warehouse, SKU_MAP, loaded.products, {"divisions": len(loaded.divisions)})


def _side_asset(table: Table) -> dg.AssetsDefinition:
    """Make the asset of one side table."""

    @table_asset(table, kinds={"polars"})
    def side_table(
        context: dg.AssetExecutionContext,
        warehouse: Warehouse,
        settings: dg.ResourceParam[Settings],
    ) -> None:
        keys = division_keys(settings) if "division" in table.types else {}
        load = load_side_table(settings, table.short_name, keys)
        for remark in load.remarks:
            context.log.info(f"{table.name}: {remark}")
        store(context, warehouse, table, load.frame, metadata=_about_side_table(load))

    return side_table


def _about_lines(load: SalesLogLoad) -> dict[str, Any]:
    lines = load.lines
    if lines.is_empty():
        return {}
    return {
        "customers": lines["customer_id"].n_unique(),
        "divisions": lines["division"].n_unique(),
        "products": lines["sku"].n_unique(),
        "first day": str(lines["order_date"].min()),
        "last day": str(lines["order_date"].max()),
        "lines by division": _counts(lines, "division"),
    }


def _about_quarantine(load: SalesLogLoad) -> dict[str, Any]:
    if load.quarantine.is_empty():
        return {"quarantined": 0}
    # A few of each reason, so that one frequent reason does not hide the others.
    sample = load.quarantine.group_by("reason", maintain_order=True).head(3).head(_ROWS_SHOWN)
    return {
        "quarantined": load.quarantine.height,
        "by reason": _counts(load.quarantine, "reason"),
        "examples": _records(sample.with_columns(pl.col("raw_text").str.head(_TEXT_SHOWN))),
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


def _counts(frame: pl.DataFrame, column: str) -> dg.TableMetadataValue:
    counts = (
        frame.group_by(column).agg(rows=pl.len()).sort(["rows", column], descending=[True, False])
    )
    return _records(counts.with_columns(pl.col("rows").cast(pl.Int64)))


def _records(frame: pl.DataFrame) -> dg.TableMetadataValue:
    shown = frame.with_columns((pl.selectors.temporal() | pl.selectors.decimal()).cast(pl.String))
    return dg.MetadataValue.table([dg.TableRecord(row) for row in shown.iter_rows(named=True)])


ASSETS = [sales_log, sku_map, *(_side_asset(table) for table in SIDE_TABLES.values())]
CHECKS = [
    conservation,
    *(contract_check(table) for table in (*_LOG_TABLES, SKU_MAP, *SIDE_TABLES.values())),
]
