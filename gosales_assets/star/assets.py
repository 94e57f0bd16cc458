"""Assets of the star room: facts, dimensions, and the monthly and daily activity tables."""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
import ibis.expr.types as ir
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, contract_check, dep, table_asset, table_check
from gosales_assets.division_names import division_identity
from gosales_assets.partitions import day, partition_keys
from gosales_assets.parts import Part, basis_of, files_of
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import SALES_LINES
from gosales_assets.sources.outline import own_windows
from gosales_assets.sources.sku_map import load_sku_map
from gosales_assets.star import activity, checks, customer_assets, dimensions, profile_assets
from gosales_assets.star.contract import (
    CUSTOMER_DAY,
    CUSTOMER_MONTH,
    DIM_CUSTOMER,
    DIM_CUTOFF,
    DIM_DIVISION,
    DIM_PRODUCT,
    FACT_TRANSACTIONS,
)
from gosales_assets.star.cutoffs import cutoff_table
from gosales_assets.star.facts import known_money, summary, transactions, value_measure
from gosales_assets.star.monthly import bring_up_to_date, by_month
from gosales_assets.star.scopes import sku_sets
from gosales_assets.storing import note, store
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse, checking


@table_asset(FACT_TRANSACTIONS, deps=[dep(SALES_LINES)], kinds={"duckdb"})
def fact_transactions(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Key every order line, value it, and mark the returns; months that did not change stay."""
    with warehouse.engine() as engine:
        lines = warehouse.scan(engine, SALES_LINES)
        profit, revenue = known_money(lines).to_polars().row(0)
        measure = value_measure(settings.value, has_profit=profit > 0, has_revenue=revenue > 0)
    written = _by_month(
        context, warehouse, FACT_TRANSACTIONS, SALES_LINES, [measure], "order_date",
        lambda lines: transactions(lines, measure),
    )  # fmt: skip
    with warehouse.engine() as engine:
        facts = summary(warehouse.scan(engine, FACT_TRANSACTIONS)).to_polars().row(0, named=True)
    known = profit if measure == "gross_profit" else revenue
    about = {
        "value is": measure.replace("_", " "),
        "lines of unknown value (counted as 0)": facts["lines"] - known,
        "lines whose order was made of customer and day": facts["made_orders"],
        "returns": facts["returns"],
        "first order": str(facts["first_day"]),
        "last order": str(facts["last_day"]),
    }
    note(context, FACT_TRANSACTIONS, warehouse.written(FACT_TRANSACTIONS), about | written)


@table_asset(DIM_PRODUCT, deps=[dep(SALES_LINES)], kinds={"duckdb"})
def dim_product(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Gather one row per product of the log, with family and sale type from the SKU map."""
    with warehouse.engine() as engine:
        frame = dimensions.products(warehouse.scan(engine, SALES_LINES)).to_polars()
    known = _sku_map(settings).unique("sku", keep="first", maintain_order=True)
    store(
        context,
        warehouse,
        DIM_PRODUCT,
        frame.join(known.drop("division"), on="sku", how="left"),
        metadata={"divisions": frame["division"].n_unique()},
    )


@table_asset(DIM_DIVISION, deps=[dep(FACT_TRANSACTIONS)], kinds={"duckdb"})
def dim_division(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """List every division and SKU set, with the ones that are predicted."""
    sets = sku_sets(settings)
    with warehouse.engine() as engine:
        facts = warehouse.scan(engine, FACT_TRANSACTIONS)
        sold = dimensions.first_sales(facts, sets).to_polars()
        skus = set(facts.select("sku").distinct().to_polars()["sku"])
    frame = dimensions.divisions(
        sold,
        partition_keys(settings).divisions,
        list(sets),
        settings.window_months,
        own_windows(settings),
    )
    families = dimensions.division_families(_sku_map(settings))
    unsold = sorted({sku for members in sets.values() for sku in members} - skus)
    store(
        context,
        warehouse,
        DIM_DIVISION,
        frame.join(families, on="division", how="left"),
        metadata={
            "targets": int(frame["is_target"].sum()),
            "targets never sold": ", ".join(
                frame.filter(pl.col("is_target") & pl.col("first_sold").is_null())["division"]
            ),
            "products of SKU sets never sold": ", ".join(unsold),
        },
    )


@table_asset(DIM_CUTOFF, deps=[dep(FACT_TRANSACTIONS)], kinds={"polars"})
def dim_cutoff(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """List the cutoffs, and whether each one's outcome is known."""
    with warehouse.engine() as engine:
        facts = summary(warehouse.scan(engine, FACT_TRANSACTIONS)).to_polars().row(0, named=True)
    first, last = facts["first_day"], facts["last_day"]
    frame = cutoff_table(
        [day(cutoff) for cutoff in partition_keys(settings).cutoffs],
        settings.window_months,
        first,
        settings.sales_log.complete_through or last,
        shortest=min([settings.window_months, *own_windows(settings).values()]),
    )
    closed = int(frame["is_closed"].sum())
    store(
        context,
        warehouse,
        DIM_CUTOFF,
        frame,
        metadata={"closed cutoffs": closed, "open cutoffs": frame.height - closed},
    )


@table_asset(CUSTOMER_MONTH, deps=[dep(FACT_TRANSACTIONS)], kinds={"duckdb"})
def customer_month(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Sum the facts by customer, scope, division and month; months that did not change stay."""
    sets = sku_sets(settings)
    about = _by_month(
        context, warehouse, CUSTOMER_MONTH, FACT_TRANSACTIONS, [sets], "month",
        lambda facts: activity.by_month(facts, sets),
    )  # fmt: skip
    note(context, CUSTOMER_MONTH, warehouse.written(CUSTOMER_MONTH), about)


@table_asset(CUSTOMER_DAY, deps=[dep(FACT_TRANSACTIONS)], kinds={"duckdb"})
def customer_day(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Sum the facts by customer, scope, division and day of purchase, month by month."""
    sets = sku_sets(settings)
    about = _by_month(
        context, warehouse, CUSTOMER_DAY, FACT_TRANSACTIONS, [sets], "order_date",
        lambda facts: activity.by_day(facts, sets),
    )  # fmt: skip
    note(context, CUSTOMER_DAY, warehouse.written(CUSTOMER_DAY), about)


def _by_month(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    table: Table,
    upstream: Table,
    made_with: Sequence[Any],
    day: str,
    shape: Callable[[ir.Table], ir.Table],
) -> dict[str, Any]:
    """Make a table of another one month by month; gives what to say of it in the UI.

    Parameters
    ----------
    made_with
        What else the rows depend on.
    day
        Column that says which month a row belongs to.
    """
    folder = warehouse.path(upstream).parent
    warehouse.files(upstream)  # raises where the upstream table is missing or broken
    months = by_month(warehouse.parts(upstream).values())
    basis = basis_of(warehouse.code_version, *made_with)

    def make(parts: Sequence[Part]) -> pl.DataFrame:
        with warehouse.engine() as engine:
            files = [str(file) for file in files_of(folder, parts)]
            return shape(engine.read_parquet(files, hive_partitioning=False)).to_polars()

    with warehouse.rewrite(table, context.run.run_id) as rewrite:
        made = bring_up_to_date(rewrite, months, basis, make, day)
    return {"months": len(months), "months made in this run": len(made)}


def _sku_map(settings: Settings) -> pl.DataFrame:
    """Read sku, division, family and sale type off the SKU map; no rows without a map."""
    columns = ["sku", "division", "family", "sale_type"]
    sku_map = load_sku_map(settings)
    if sku_map is None:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return sku_map.entries.select(columns)


def _lazy(warehouse: Warehouse, table: Table) -> pl.LazyFrame:
    """Scan a table as it lies in the lake, marked as broken or not: for the checks themselves."""
    with checking(table):
        return warehouse.lazy(table)


def _check(
    name: str,
    table: Table,
    against: Table,
    description: str,
    find: Callable[[pl.LazyFrame, pl.LazyFrame], list[Breach]],
) -> dg.AssetChecksDefinition:
    """Make a blocking check of one table against another one that it came from."""
    return table_check(
        table,
        name,
        lambda warehouse, _: find(_lazy(warehouse, table), _lazy(warehouse, against)),
        f"{description} A breach stops everything downstream.",
        against=[against],
        blocking=True,
    )


def _foreign_keys(dimension: Table, column: str) -> dg.AssetChecksDefinition:
    return _check(
        "foreign_keys",
        dimension,
        FACT_TRANSACTIONS,
        f"Every order line's {column} has a row here.",
        lambda ours, facts: checks.orphans(facts, ours, column),
    )


@dg.asset_check(
    asset=asset_key(DIM_DIVISION),
    additional_deps=[asset_key(FACT_TRANSACTIONS)],
    description="Every division in the data is a target, or excluded in targets.exclude.",
)
def lines_in_unlisted_divisions(
    warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> dg.AssetCheckResult:
    """Warn of divisions that would be a silent gap: in the data, neither target nor excluded."""
    excluded = {division_identity(name) for name in settings.targets.exclude}
    divisions = _lazy(warehouse, DIM_DIVISION).collect()
    listed = [
        row["division"]
        for row in divisions.iter_rows(named=True)
        if row["is_target"] or division_identity(row["division"]) in excluded
    ]
    unlisted = checks.unlisted_divisions(_lazy(warehouse, FACT_TRANSACTIONS), listed)
    shown = [dg.TableRecord(row) for row in unlisted.iter_rows(named=True)]
    return dg.AssetCheckResult(
        passed=unlisted.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description="neither targets nor excluded: " + ", ".join(unlisted["division"])
        if shown
        else None,
        metadata={
            "unlisted divisions": unlisted.height,
            **({"divisions": dg.MetadataValue.table(shown)} if shown else {}),
        },
    )


ASSETS = [
    fact_transactions,
    *customer_assets.ASSETS,
    *profile_assets.ASSETS,
    dim_product,
    dim_division,
    dim_cutoff,
    customer_month,
    customer_day,
]
CHECKS = [
    *(
        contract_check(table)
        for table in (
            FACT_TRANSACTIONS,
            DIM_PRODUCT,
            DIM_DIVISION,
            DIM_CUTOFF,
            CUSTOMER_MONTH,
            CUSTOMER_DAY,
        )
    ),
    _check(
        "conservation",
        FACT_TRANSACTIONS,
        SALES_LINES,
        "As many lines, and the same quantity, revenue and gross profit, as were loaded.",
        lambda ours, lines: checks.totals_differ(
            ours.with_columns(lines=1),
            lines.with_columns(lines=1),
            checks.MEASURES,
            "facts and loaded lines",
        ),
    ),
    _foreign_keys(DIM_CUSTOMER, "customer_id"),
    _check(
        "one_row_per_customer",
        DIM_CUSTOMER,
        FACT_TRANSACTIONS,
        "Joining names and attributes neither multiplied customers nor lost any.",
        lambda ours, facts: checks.not_one_row_each(facts, ours, "customer_id"),
    ),
    _foreign_keys(DIM_PRODUCT, "sku"),
    _foreign_keys(DIM_DIVISION, "division"),
    *(
        _check(
            "foreign_keys",
            table,
            DIM_CUSTOMER,
            "Every customer here has a row in star.dim_customer.",
            lambda ours, customers: checks.orphans(ours, customers, "customer_id"),
        )
        for table in (CUSTOMER_MONTH, CUSTOMER_DAY)
    ),
    _check(
        "conservation",
        CUSTOMER_MONTH,
        FACT_TRANSACTIONS,
        "The months add up to the facts, overall and over divisions.",
        lambda ours, facts: [
            breach
            for scope in ("all", "division")
            for breach in checks.totals_differ(
                ours.filter(pl.col("scope") == scope),
                facts.with_columns(lines=1),
                (*checks.MEASURES, "value"),
                f"months (scope {scope}) and facts",
            )
        ],
    ),
    lines_in_unlisted_divisions,
    *customer_assets.CHECKS,
    *profile_assets.CHECKS,
]
