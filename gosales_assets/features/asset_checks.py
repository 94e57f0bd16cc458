"""Checks that run on everybody's data: numbers are finite, and nothing dated later was used.

They are the probes of the leakage battery that are cheap enough to run each time, see
`gosales_assets.leakage`.
"""

from functools import cache

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, check_partitions, table_check
from gosales_assets.features import caps, checks, told
from gosales_assets.features.contract import (
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FEATURE_MATRIX,
    FITTED,
    WINSOR_CAPS,
)
from gosales_assets.partitions import CUTOFFS, GRID, KEYS, day
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import CUSTOMERS, INSTALLED_BASE
from gosales_assets.star.contract import FACT_TRANSACTIONS, INDUSTRY_MATCHES
from gosales_assets.star.scopes import sku_sets, target_lines
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse


def _finite_check(table: Table) -> dg.AssetChecksDefinition:
    return table_check(
        table,
        "finite",
        lambda warehouse, keys: checks.not_finite(warehouse.read_unchecked(table, **keys)),
        "Missing values are null; no number is infinite or NaN.",
        blocking=True,
    )


_AS_OF = (
    "Orders, value and recency equal those computed anew from order lines up to the cutoff: "
    "nothing dated later was used. A breach stops everything downstream."
)


@dg.asset_check(
    asset=asset_key(CUSTOMER_FEATURES),
    name="as_of",
    additional_deps=[asset_key(FACT_TRANSACTIONS)],
    blocking=True,
    partitions_def=CUTOFFS,
    description=_AS_OF,
)
def customer_features_as_of(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Compare customers' features with order lines cut off at the cutoff."""

    def find(keys: dict[str, str]) -> list[Breach]:
        with warehouse.engine() as engine:
            lines = warehouse.scan(engine, FACT_TRANSACTIONS)
            expected = checks.recomputed(lines, day(keys["cutoff"]), ["customer_id"])
        return checks.differs(warehouse.read_unchecked(CUSTOMER_FEATURES, **keys), expected, "all")

    return check_partitions(context, CUSTOMER_FEATURES, find, name="as_of")


@dg.asset_check(
    asset=asset_key(FEATURE_MATRIX),
    name="as_of",
    additional_deps=[asset_key(FACT_TRANSACTIONS)],
    blocking=True,
    partitions_def=GRID,
    description=_AS_OF,
)
def feature_matrix_as_of(
    context: dg.AssetCheckExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    """Compare targets' features with order lines cut off at the cutoff."""

    @cache
    def expected(cutoff: str) -> pl.DataFrame:
        with warehouse.engine() as engine:
            facts = warehouse.scan(engine, FACT_TRANSACTIONS)
            lines = target_lines(facts, KEYS.divisions, sku_sets(settings))
            return checks.recomputed(lines, day(cutoff), ["division", "customer_id"])

    def find(keys: dict[str, str]) -> list[Breach]:
        of_target = expected(keys["cutoff"]).filter(pl.col("division") == keys["division"])
        fitted_caps = warehouse.read(WINSOR_CAPS, cutoff=keys["cutoff"])
        return checks.differs(
            warehouse.read_unchecked(FEATURE_MATRIX, **keys),
            of_target,
            "div",
            caps.caps_of(fitted_caps, keys["division"]),
        )

    return check_partitions(context, FEATURE_MATRIX, find, name="as_of")


def _fitted_check(table: Table) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(table),
        name="as_of",
        blocking=True,
        partitions_def=CUTOFFS,
        description="What was fitted for a cutoff was fitted on days up to it.",
    )
    def as_of_cutoff(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> dg.AssetCheckResult:
        return check_partitions(
            context,
            table,
            lambda keys: checks.fitted_later(warehouse.read_unchecked(table, **keys)),
            name="as_of",
        )

    return as_of_cutoff


@dg.asset_check(
    asset=asset_key(DIVISION_FEATURES),
    name="side_tables_as_of",
    additional_deps=[asset_key(table) for table in (CUSTOMERS, INDUSTRY_MATCHES, INSTALLED_BASE)],
    blocking=True,
    partitions_def=GRID,
    description=(
        "Industry, region and the like speak only of customers of whom a table told by the "
        "cutoff, or in columns that the settings call stable; installed products were bought by "
        "then. A breach stops everything downstream."
    ),
)
def side_tables_as_of(
    context: dg.AssetCheckExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    """Compare targets' features with what the side tables could tell at the cutoff."""
    customers, matches = warehouse.read(CUSTOMERS), warehouse.read(INDUSTRY_MATCHES)
    base = warehouse.read(INSTALLED_BASE)

    @cache
    def known(cutoff: str) -> dict[str, pl.Series]:
        return told.customers_told(customers, matches, day(cutoff), settings)

    def find(keys: dict[str, str]) -> list[Breach]:
        columns = [name for name in told.COLUMNS if name in DIVISION_FEATURES.types]
        rows = warehouse.read(DIVISION_FEATURES, columns=columns, **keys)
        early = told.told_too_early(rows, known(keys["cutoff"]))
        return early + told.installed_too_early(rows, base, day(keys["cutoff"]))

    return check_partitions(context, DIVISION_FEATURES, find, name="side_tables_as_of")


AS_OF_CHECKS = [
    _finite_check(CUSTOMER_FEATURES),
    _finite_check(FEATURE_MATRIX),
    customer_features_as_of,
    feature_matrix_as_of,
    side_tables_as_of,
    *(_fitted_check(table) for table in FITTED),
]
