"""The asset that profiles the columns of the raw and star tables, and tells what has changed."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from gosales_assets.contracts import asset_key, asset_spec, contract_check, dep
from gosales_assets.sources import contract as raw
from gosales_assets.sources import database_contract as database
from gosales_assets.sources.database_contract import DATABASE_EXTRACTS
from gosales_assets.star import contract as star
from gosales_assets.star.column_profiles import changes, column_profile
from gosales_assets.star.contract import COLUMN_PROFILE, DIM_CUTOFF
from gosales_assets.storing import store
from gosales_assets.tables import tables_of
from gosales_assets.warehouse import Warehouse

PROFILED = [
    table
    for contract in (database, raw, star)
    for table in tables_of(contract)
    if table is not COLUMN_PROFILE
]
# What is set aside or under way today, or chosen by the settings.
COME_AND_GO = {
    table.name
    for table in (
        DATABASE_EXTRACTS,
        raw.QUARANTINE,
        raw.QUARANTINE_REASONS,
        raw.OPEN_DEALS,
        raw.BLOCKS,
        DIM_CUTOFF,
    )
}
SHOWN = ["column_name", "type", "null_share", "distinct_values", "minimum", "maximum"]
CHANGES_TOLD = 5


@dg.multi_asset(
    specs=[asset_spec(COLUMN_PROFILE, deps=[dep(t) for t in PROFILED], kinds={"duckdb"})],
    check_specs=[
        dg.AssetCheckSpec(
            "as_before",
            asset=asset_key(COLUMN_PROFILE),
            description=(
                "Since the last time, no column went or changed its type, no table lost more than "
                "1 % of its rows, and no column has 5 percentage points more of missing values. "
                "A warning: what changed may well be meant."
            ),
        )
    ],
    name="star__column_profile",
)
def profile_columns(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Profile every column, show each table's profile with the table, compare with the last one."""
    before = _last(warehouse)
    profiles = _profiles(warehouse)
    for table, profile in zip(PROFILED, profiles, strict=True):
        columns = {"columns": _records(profile.select(SHOWN))}
        context.log_event(dg.AssetObservation(asset_key=asset_key(table), metadata=columns))
    now = pl.concat(profiles)
    about = {"tables": len(profiles), "columns": now.height}
    store(context, warehouse, COLUMN_PROFILE, now, metadata=about)
    changed = changes(before, now, COME_AND_GO)
    yield dg.MaterializeResult(
        asset_key=asset_key(COLUMN_PROFILE), check_results=[_as_before(changed)]
    )


def _profiles(warehouse: Warehouse) -> list[pl.DataFrame]:
    with warehouse.engine() as engine:
        return [
            column_profile(
                warehouse.scan(engine, table), table, warehouse.footer(table)["gosales.checksum"]
            )
            for table in PROFILED
        ]


def _last(warehouse: Warehouse) -> pl.DataFrame:
    """What the last run found; nothing when there is none, or its columns were others."""
    if not warehouse.has(COLUMN_PROFILE):
        return COLUMN_PROFILE.empty()
    found = warehouse.read_unchecked(COLUMN_PROFILE)
    return found if found.schema == COLUMN_PROFILE.types else COLUMN_PROFILE.empty()


def _as_before(changed: pl.DataFrame) -> dg.AssetCheckResult:
    told = [
        f"{table}{f'.{column}' if column else ''}: {change}"
        for table, column, change in changed.iter_rows()
    ]
    more = f"; and {len(told) - CHANGES_TOLD} more" if len(told) > CHANGES_TOLD else ""
    return dg.AssetCheckResult(
        check_name="as_before",
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(told[:CHANGES_TOLD]) + more if told else None,
        metadata={
            "changes": len(told),
            **({"what changed": _records(changed)} if told else {}),
        },
    )


def _records(frame: pl.DataFrame) -> dg.TableMetadataValue:
    return dg.MetadataValue.table([dg.TableRecord(row) for row in frame.iter_rows(named=True)])


ASSETS = [profile_columns]
CHECKS = [contract_check(COLUMN_PROFILE)]
