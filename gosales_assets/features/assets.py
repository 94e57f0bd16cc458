"""Assets of the features room: what is fitted, both layers, the matrix, statistics, catalogue."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import (
    asset_key,
    asset_spec,
    check_partitions,
    contract_check,
    dep,
    store,
    table_asset,
)
from gosales_assets.features import checks, layers
from gosales_assets.features.activity import Star, open_star
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    AFFINITY_RULES,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FEATURE_CATALOG,
    FEATURE_MATRIX,
    FEATURE_STATISTICS,
    FITTED_STATISTICS,
)
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.statistics import (
    coverage_by_family,
    feature_catalog,
    feature_statistics,
)
from gosales_assets.labels.contract import CANDIDATES
from gosales_assets.partitions import (
    ALL_DIVISIONS,
    CUTOFFS,
    GRID,
    KEYS,
    SAME_CUTOFF,
    day,
    divisions_by_cutoff,
)
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import CUSTOMERS, INSTALLED_BASE
from gosales_assets.star.contract import (
    CUSTOMER_DAY,
    CUSTOMER_MONTH,
    FACT_TRANSACTIONS,
    INDUSTRY_MATCHES,
)
from gosales_assets.star.scopes import sku_sets, target_lines
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

_STAR = [dep(table) for table in (CUSTOMER_MONTH, CUSTOMER_DAY, FACT_TRANSACTIONS)]
_BESIDE = [dep(table) for table in (CUSTOMERS, INDUSTRY_MATCHES, INSTALLED_BASE)]
_FITTED = (FITTED_STATISTICS, AFFINITY_RULES, AFFINITY_EVIDENCE)
_RULES_SHOWN = 10


@dg.multi_asset(
    specs=[
        asset_spec(
            table,
            deps=[*_STAR, *_BESIDE],
            kinds={"duckdb", "python"},
        )
        for table in _FITTED
    ],
    name="features__fitted",
    partitions_def=CUTOFFS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def fitted_things(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult]:
    """Learn rules, factors, priors and rates of each cutoff on what was known by then."""
    side = _side_tables(warehouse)
    with _star(warehouse, settings) as star:
        for cutoff in sorted(context.partition_keys):
            fitted = layers.fit(star.as_of(day(cutoff)), side, KEYS.divisions, settings)
            strongest = fitted.rules.sort("lift", "antecedent", "division", descending=True)
            shown = _markdown(strongest.head(_RULES_SHOWN))
            rules = {"strongest rules": dg.MetadataValue.md(shown)}
            store(context, warehouse, FITTED_STATISTICS, fitted.statistics, cutoff=cutoff)
            store(context, warehouse, AFFINITY_RULES, fitted.rules, rules, cutoff=cutoff)
            store(context, warehouse, AFFINITY_EVIDENCE, fitted.evidence, cutoff=cutoff)
    for table in _FITTED:
        yield dg.MaterializeResult(asset_key=asset_key(table))


@table_asset(CUSTOMER_FEATURES, deps=[*_STAR, dep(FITTED_STATISTICS)], kinds={"duckdb"})
def customer_features(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Compute what is known of each customer, once per cutoff for all targets."""
    with _star(warehouse, settings) as star:
        for cutoff in sorted(context.partition_keys):
            learned = parameters_of(warehouse.read(FITTED_STATISTICS, cutoff=cutoff))
            activity = star.as_of(day(cutoff))
            frame = layers.customer_layer(activity, learned)
            seen = {"newest order line used": activity.last_day.isoformat()}
            store(context, warehouse, CUSTOMER_FEATURES, frame, seen, cutoff=cutoff)


@table_asset(
    DIVISION_FEATURES,
    deps=[
        *_STAR,
        *_BESIDE,
        *(dep(table, SAME_CUTOFF) for table in (FITTED_STATISTICS, AFFINITY_RULES)),
    ],
    kinds={"duckdb"},
)
def division_features(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Compute what is known of each customer and target: all targets of a cutoff in one pass."""
    side = _side_tables(warehouse)
    with _star(warehouse, settings) as star:
        for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
            fitted = layers.Fitted(
                statistics=warehouse.read(FITTED_STATISTICS, cutoff=cutoff),
                rules=warehouse.read(AFFINITY_RULES, cutoff=cutoff),
            )
            activity = star.as_of(day(cutoff))
            frame = layers.division_layer(activity, side, fitted, KEYS.divisions, settings)
            seen = {"newest order line used": activity.last_day.isoformat()}
            parts = frame.partition_by("division", as_dict=True)
            for division in divisions:
                keys = {"cutoff": cutoff, "division": division}
                store(context, warehouse, DIVISION_FEATURES, parts[(division,)], seen, **keys)


@table_asset(
    FEATURE_MATRIX,
    deps=[dep(DIVISION_FEATURES), dep(CUSTOMER_FEATURES, SAME_CUTOFF), dep(CANDIDATES)],
    kinds={"polars"},
)
def feature_matrix(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Join both layers for the candidates of each target."""
    for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
        customers = warehouse.read(CUSTOMER_FEATURES, cutoff=cutoff)
        for division in divisions:
            keys = {"cutoff": cutoff, "division": division}
            candidates = warehouse.read(CANDIDATES, **keys)
            frame = layers.matrix(candidates, customers, warehouse.read(DIVISION_FEATURES, **keys))
            known = 1 - sum(frame.null_count().row(0)) / max(frame.height * frame.width, 1)
            shown = {
                "features": frame.width - len(layers.MATRIX_KEYS),
                "share of values known": known,
            }
            store(context, warehouse, FEATURE_MATRIX, frame, shown, **keys)


@table_asset(
    FEATURE_STATISTICS,
    deps=[dep(FEATURE_MATRIX, ALL_DIVISIONS), dep(CUSTOMER_FEATURES)],
    kinds={"polars"},
)
def feature_statistics_of(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Describe how each feature is spread over the candidates of a cutoff."""
    for cutoff in sorted(context.partition_keys):
        grid = [{"cutoff": cutoff, "division": division} for division in KEYS.divisions]
        of_cutoff = [keys for keys in grid if warehouse.has(FEATURE_MATRIX, **keys)]
        frame = feature_statistics(
            day(cutoff),
            warehouse.read(CUSTOMER_FEATURES, cutoff=cutoff),
            [warehouse.read(FEATURE_MATRIX, **keys) for keys in of_cutoff],
        )
        shown = {"coverage": dg.MetadataValue.md(coverage_by_family(frame))}
        store(context, warehouse, FEATURE_STATISTICS, frame, shown, cutoff=cutoff)


@table_asset(FEATURE_CATALOG, deps=[dep(FEATURE_STATISTICS)], kinds={"polars"})
def feature_catalog_of(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Write down what every feature means, and how much of it is known."""
    known = [{"cutoff": c} for c in KEYS.cutoffs if warehouse.has(FEATURE_STATISTICS, cutoff=c)]
    frame = feature_catalog(warehouse.read_many(FEATURE_STATISTICS, known))
    shown = {
        "catalogue": dg.MetadataValue.md(_markdown(frame.select("feature", "meaning", "unit")))
    }
    store(context, warehouse, FEATURE_CATALOG, frame, shown)


def _finite_check(table: Table) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(table),
        name="finite",
        blocking=True,
        partitions_def=CUTOFFS if table is CUSTOMER_FEATURES else GRID,
        description="Missing values are null; no number is infinite or NaN.",
    )
    def finite(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        return check_partitions(
            context,
            table,
            lambda keys: checks.not_finite(warehouse.read_unchecked(table, **keys)),
            name="finite",
        )

    return finite


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
        return checks.differs(warehouse.read_unchecked(FEATURE_MATRIX, **keys), of_target, "div")

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


@contextmanager
def _star(warehouse: Warehouse, settings: Settings) -> Iterator[Star]:
    with open_star(warehouse, settings.window_months, sku_sets(settings)) as star:
        yield star


def _side_tables(warehouse: Warehouse) -> layers.SideTables:
    return layers.SideTables(
        customers=warehouse.read(CUSTOMERS),
        matches=warehouse.read(INDUSTRY_MATCHES),
        installed_base=warehouse.read(INSTALLED_BASE),
    )


def _markdown(frame: pl.DataFrame) -> str:
    def row(cells: Sequence[object]) -> str:
        shown = (f"{c:.3g}" if isinstance(c, float) else str(c) for c in cells)
        return f"| {' | '.join(shown)} |"

    return "\n".join([row(frame.columns), row(["---"] * frame.width), *map(row, frame.iter_rows())])


ASSETS = [
    fitted_things,
    customer_features,
    division_features,
    feature_matrix,
    feature_statistics_of,
    feature_catalog_of,
]
CHECKS = [
    *(
        contract_check(table)
        for table in (
            *_FITTED,
            CUSTOMER_FEATURES,
            DIVISION_FEATURES,
            FEATURE_MATRIX,
            FEATURE_STATISTICS,
            FEATURE_CATALOG,
        )
    ),
    _finite_check(CUSTOMER_FEATURES),
    _finite_check(FEATURE_MATRIX),
    customer_features_as_of,
    feature_matrix_as_of,
    _fitted_check(FITTED_STATISTICS),
    _fitted_check(AFFINITY_RULES),
]
