"""Assets of the features room: what is fitted, both layers, the matrix, statistics, catalogue."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import dagster as dg
import polars as pl

from gosales_assets.contracts import asset_key, asset_spec, contract_check, dep, table_asset
from gosales_assets.features import caps, layers
from gosales_assets.features.activity import Activity, Star, open_star
from gosales_assets.features.asset_checks import AS_OF_CHECKS
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    AFFINITY_RULES,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FEATURE_CATALOG,
    FEATURE_MATRIX,
    FEATURE_STATISTICS,
    FITTED_STATISTICS,
    MATRIX_STATISTICS,
    PAST,
    PRODUCT_RULES,
    WINSOR_CAPS,
)
from gosales_assets.features.figures import pictures
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.past import TABLES, Asked, Past, asked_of, stored_past, summed_up
from gosales_assets.features.statistics import (
    feature_catalog,
    feature_statistics,
    matrix_statistics,
)
from gosales_assets.labels.contract import CANDIDATES, TARGET_WINDOWS
from gosales_assets.labels.reading import windows_of
from gosales_assets.partitions import (
    ALL_DIVISIONS,
    CUTOFFS,
    KEYS,
    SAME_CUTOFF,
    day,
    divisions_by_cutoff,
)
from gosales_assets.pictures import png
from gosales_assets.read_ahead import read_ahead
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import CUSTOMERS, INSTALLED_BASE
from gosales_assets.star.contract import (
    CUSTOMER_DAY,
    CUSTOMER_MONTH,
    FACT_TRANSACTIONS,
    INDUSTRY_MATCHES,
)
from gosales_assets.storing import Made, Task, store, store_each
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

_STAR = [dep(table) for table in (CUSTOMER_MONTH, CUSTOMER_DAY, FACT_TRANSACTIONS)]
_BESIDE = [dep(table) for table in (CUSTOMERS, INDUSTRY_MATCHES, INSTALLED_BASE)]
_FITTED = (FITTED_STATISTICS, AFFINITY_RULES, PRODUCT_RULES, AFFINITY_EVIDENCE)
_RULES_SHOWN = 10


@dg.multi_asset(
    specs=[asset_spec(table, deps=_STAR, kinds={"duckdb"}) for table in PAST],
    name="features__past",
    partitions_def=CUTOFFS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def past(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult]:
    """Cut the star off at each cutoff and sum up once what all that is fitted learns from."""

    def of(activity: Activity, asked: Asked) -> list[Made]:
        found, keys = summed_up(activity, asked), {"cutoff": f"{activity.cutoff}"}
        seen = {"newest order line used": found.last_day.isoformat()}
        return [Made(table, getattr(found, name), keys, seen) for name, table in TABLES.items()]

    with open_star(warehouse, settings) as star:
        activities = [star.as_of(day(cutoff)) for cutoff in sorted(context.partition_keys)]
        tasks = (partial(of, activity, asked_of(activity)) for activity in activities)
        store_each(context, warehouse, tasks)
    for table in PAST:
        yield dg.MaterializeResult(asset_key=asset_key(table))


@dg.multi_asset(
    specs=[
        asset_spec(
            table, deps=[*(dep(t) for t in (*PAST, TARGET_WINDOWS)), *_BESIDE], kinds={"python"}
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
    side, windows = _side_tables(warehouse), windows_of(warehouse, KEYS.divisions)

    def learned(cutoff: str) -> list[Made]:
        seen, keys = stored_past(warehouse, settings, day(cutoff)), {"cutoff": cutoff}
        fitted = layers.fit(seen, side, KEYS.divisions, windows, settings)
        rules = {"strongest rules": _strongest(fitted.rules, AFFINITY_RULES)}
        of_products = {"strongest rules": _strongest(fitted.product_rules, PRODUCT_RULES)}
        return [
            Made(FITTED_STATISTICS, fitted.statistics, keys),
            Made(AFFINITY_RULES, fitted.rules, keys, rules),
            Made(PRODUCT_RULES, fitted.product_rules, keys, of_products),
            Made(AFFINITY_EVIDENCE, fitted.evidence, keys),
        ]

    # Around all: what one thread sets and lifts again is lifted for the other, too.
    with layers.one_blas_thread():
        cutoffs = sorted(context.partition_keys)
        store_each(context, warehouse, (partial(learned, cutoff) for cutoff in cutoffs))
    for table in _FITTED:
        yield dg.MaterializeResult(asset_key=asset_key(table))


@table_asset(
    CUSTOMER_FEATURES,
    deps=[*_STAR, *(dep(table) for table in (*PAST, FITTED_STATISTICS))],
    kinds={"duckdb"},
)
def customer_features(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Compute what is known of each customer, once per cutoff for all targets."""

    def tasks(star: Star) -> Iterator[Task]:
        for cutoff in sorted(context.partition_keys):
            learned = parameters_of(warehouse.read(FITTED_STATISTICS, cutoff=cutoff))
            known = stored_past(warehouse, settings, day(cutoff))
            rows = layers.customer_layer(star.as_of(day(cutoff)), known, learned)
            yield partial(_made, CUSTOMER_FEATURES, {"cutoff": cutoff}, rows, known)

    with open_star(warehouse, settings) as star:
        store_each(context, warehouse, tasks(star))


@table_asset(
    DIVISION_FEATURES,
    deps=[
        *_STAR,
        *_BESIDE,
        dep(TARGET_WINDOWS),
        *(
            dep(table, SAME_CUTOFF)
            for table in (*PAST, FITTED_STATISTICS, AFFINITY_RULES, PRODUCT_RULES)
        ),
    ],
    kinds={"duckdb"},
)
def division_features(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Compute what is known of each customer and target: all targets of a cutoff in one pass."""
    cells, side = divisions_by_cutoff(context.partition_keys), _side_tables(warehouse)

    def layers_of(star: Star) -> Iterator[tuple[str, Past, Callable[[str], pl.DataFrame]]]:
        for cutoff in cells:
            fitted = layers.Fitted(
                statistics=warehouse.read(FITTED_STATISTICS, cutoff=cutoff),
                rules=warehouse.read(AFFINITY_RULES, cutoff=cutoff),
                product_rules=warehouse.read(PRODUCT_RULES, cutoff=cutoff),
            )
            seen, known = star.as_of(day(cutoff)), stored_past(warehouse, settings, day(cutoff))
            shared = (seen, known, side, fitted, KEYS.divisions, settings)
            yield cutoff, known, layers.division_layer(*shared)

    def tasks(star: Star) -> Iterator[Task]:
        for cutoff, known, rows_of in read_ahead(layers_of(star)):
            for division in cells[cutoff]:
                keys = {"cutoff": cutoff, "division": division}
                yield partial(_made, DIVISION_FEATURES, keys, partial(rows_of, division), known)

    with open_star(warehouse, settings, windows_of(warehouse, KEYS.divisions)) as star:
        store_each(context, warehouse, tasks(star))


def _made(
    table: Table, keys: dict[str, str], rows: Callable[[], pl.DataFrame], known: Past
) -> list[Made]:
    return [Made(table, rows(), keys, {"newest order line used": known.last_day.isoformat()})]


@table_asset(
    WINSOR_CAPS,
    deps=[dep(CUSTOMER_FEATURES), dep(DIVISION_FEATURES, ALL_DIVISIONS), dep(FITTED_STATISTICS)],
    kinds={"duckdb"},
)
def winsor_caps(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Fit where money and quantities are cut off, on all customers known by each cutoff."""
    for cutoff in sorted(context.partition_keys):
        fit_date = warehouse.read(FITTED_STATISTICS, cutoff=cutoff)["fit_date"][0]
        with warehouse.engine() as engine:
            customers = warehouse.scan(engine, CUSTOMER_FEATURES, [{"cutoff": cutoff}])
            divisions = warehouse.scan(
                engine, DIVISION_FEATURES, _of_cutoff(warehouse, DIVISION_FEATURES, cutoff)
            )
            frame = caps.fit_caps(customers, divisions, day(cutoff), fit_date)
        store(context, warehouse, WINSOR_CAPS, frame, cutoff=cutoff)


@table_asset(
    FEATURE_MATRIX,
    deps=[
        dep(DIVISION_FEATURES),
        *(dep(table, SAME_CUTOFF) for table in (CUSTOMER_FEATURES, WINSOR_CAPS)),
        dep(CANDIDATES),
    ],
    kinds={"polars"},
)
def feature_matrix(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Join both layers for the candidates of each target, money and quantities capped."""

    def joined(customers: pl.DataFrame, limits: pl.DataFrame, keys: dict[str, str]) -> list[Made]:
        frame = layers.matrix(
            warehouse.read(CANDIDATES, **keys),
            customers,
            warehouse.read(DIVISION_FEATURES, **keys),
            caps.caps_of(limits, keys["division"]),
        )
        known = 1 - sum(frame.null_count().row(0)) / max(frame.height * frame.width, 1)
        features = frame.width - len(layers.MATRIX_KEYS)
        shown = {"features": features, "share of values known": known}
        return [Made(FEATURE_MATRIX, frame, keys, shown)]

    def tasks() -> Iterator[Task]:
        for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
            customers = warehouse.read(CUSTOMER_FEATURES, cutoff=cutoff)
            limits = warehouse.read(WINSOR_CAPS, cutoff=cutoff)
            for division in divisions:
                keys = {"cutoff": cutoff, "division": division}
                yield partial(joined, customers, limits, keys)

    store_each(context, warehouse, tasks())


@table_asset(
    FEATURE_STATISTICS,
    deps=[dep(CUSTOMER_FEATURES), dep(DIVISION_FEATURES, ALL_DIVISIONS), dep(WINSOR_CAPS)],
    kinds={"polars", "matplotlib"},
)
def feature_statistics_of(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Describe and draw how each feature is spread over the customers of a cutoff."""
    for cutoff in sorted(context.partition_keys):
        fitted_caps = warehouse.read(WINSOR_CAPS, cutoff=cutoff)
        whole = warehouse.read(CUSTOMER_FEATURES, cutoff=cutoff)
        described = [feature_statistics(whole, day(cutoff), "", caps.caps_of(fitted_caps, ""))]
        for keys in _of_cutoff(warehouse, DIVISION_FEATURES, cutoff):
            layer, division = warehouse.read(DIVISION_FEATURES, **keys), keys["division"]
            limits = caps.caps_of(fitted_caps, division)
            described.append(feature_statistics(layer, day(cutoff), division, limits))
        frame = pl.concat(described)
        shown = {title: png(figure, title) for title, figure in pictures(frame).items()}
        store(context, warehouse, FEATURE_STATISTICS, frame, shown, cutoff=cutoff)


@table_asset(MATRIX_STATISTICS, deps=[dep(FEATURE_MATRIX, ALL_DIVISIONS)])
def matrix_statistics_of(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Note size and checksum of each target's matrix."""
    for cutoff in sorted(context.partition_keys):
        made = _of_cutoff(warehouse, FEATURE_MATRIX, cutoff)
        written = [warehouse.written(FEATURE_MATRIX, **keys) for keys in made]
        frame = matrix_statistics(written, day(cutoff))
        store(context, warehouse, MATRIX_STATISTICS, frame, cutoff=cutoff)


@table_asset(FEATURE_CATALOG, deps=[dep(FEATURE_STATISTICS)], kinds={"polars"})
def feature_catalog_of(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Write down what every feature means, how much of it is known, and whether models see it."""
    known = [{"cutoff": c} for c in KEYS.cutoffs if warehouse.has(FEATURE_STATISTICS, cutoff=c)]
    statistics = warehouse.read_many(FEATURE_STATISTICS, known)
    frame = feature_catalog(statistics, settings.features.families_off)
    listed = _markdown(frame.select("feature", "meaning", "unit", "coverage"))
    store(context, warehouse, FEATURE_CATALOG, frame, {"catalogue": dg.MetadataValue.md(listed)})


def _side_tables(warehouse: Warehouse) -> layers.SideTables:
    return layers.SideTables(
        customers=warehouse.read(CUSTOMERS),
        matches=warehouse.read(INDUSTRY_MATCHES),
        installed_base=warehouse.read(INSTALLED_BASE),
    )


def _of_cutoff(warehouse: Warehouse, table: Table, cutoff: str) -> list[dict[str, str]]:
    """Partitions of a grid table that are there for a cutoff."""
    grid = [{"cutoff": cutoff, "division": division} for division in KEYS.divisions]
    return [keys for keys in grid if warehouse.has(table, **keys)]


def _strongest(rules: pl.DataFrame, table: Table) -> dg.MetadataValue:
    """Table of the rules with the greatest lifts; of equals the first."""
    ordered = rules.sort(
        "lift", *table.sort, descending=[True, *[False] * len(table.sort)], nulls_last=False
    )
    return dg.MetadataValue.md(_markdown(ordered.head(_RULES_SHOWN)))


def _markdown(frame: pl.DataFrame) -> str:
    def row(cells: Sequence[object]) -> str:
        shown = (f"{c:.3g}" if isinstance(c, float) else str(c) for c in cells)
        return f"| {' | '.join(shown)} |"

    return "\n".join([row(frame.columns), row(["---"] * frame.width), *map(row, frame.iter_rows())])


ASSETS = [
    past,
    fitted_things,
    customer_features,
    division_features,
    winsor_caps,
    feature_matrix,
    feature_statistics_of,
    matrix_statistics_of,
    feature_catalog_of,
]
CHECKS = [
    *(
        contract_check(table)
        for table in (
            *PAST,
            *_FITTED,
            CUSTOMER_FEATURES,
            DIVISION_FEATURES,
            WINSOR_CAPS,
            FEATURE_MATRIX,
            FEATURE_STATISTICS,
            MATRIX_STATISTICS,
            FEATURE_CATALOG,
        )
    ),
    *AS_OF_CHECKS,
]
