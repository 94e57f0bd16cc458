"""Asset of the database: its tables as files of the sales log."""

import dagster as dg

from gosales_assets.contracts import contract_check, table_asset
from gosales_assets.provenance import SESSION_TAG
from gosales_assets.settings import Settings
from gosales_assets.sources.database import Extraction, extract
from gosales_assets.sources.database_contract import DATABASE_EXTRACTS
from gosales_assets.sources.database_report import database_report
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse


@table_asset(DATABASE_EXTRACTS, kinds={"sql"})
def database_extracts(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Read what is new in the database; in runs of ``gosales run``, tell what it has read.

    New rows may bring new divisions and days. Those become partitions when the code location is
    loaded again, and so ``gosales run`` reads the database before it loads it.
    """
    begun_by_command = SESSION_TAG in context.run.tags
    done = Extraction() if begun_by_command else extract(settings, context.log.info)
    for remark in done.remarks:
        context.log.info(remark)
    for warning in done.warnings:
        context.log.warning(warning)
    frame = database_report(settings)
    about = {} if settings.sales_log.database.tables else {"remarks": "off: no table is configured"}
    if done.warnings:
        about["warnings"] = "; ".join(done.warnings)
    if done.remarks:
        about["what was done"] = "; ".join(done.remarks)
    store(context, warehouse, DATABASE_EXTRACTS, frame, about)


ASSETS = [database_extracts]
CHECKS = [contract_check(DATABASE_EXTRACTS)]
