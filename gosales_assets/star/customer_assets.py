"""Assets about customers: the industry file matched to them, one row for each, and advice."""

from datetime import date

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, check_partitions, contract_check, dep, table_asset
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import (
    BLOCKS,
    CONTACTS_LOG,
    CUSTOMERS,
    INDUSTRY_ENRICHMENT,
    INSTALLED_BASE,
    OPEN_DEALS,
    SALES_LINES,
)
from gosales_assets.star import customers as gathering
from gosales_assets.star.contract import DIM_CUSTOMER, INDUSTRY_MATCHES
from gosales_assets.star.industry_choice import with_verdicts
from gosales_assets.star.industry_matching import match_industries
from gosales_assets.star.validity import shown
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse

_KEY = "customer_id"
_SIDES = (CUSTOMERS, INSTALLED_BASE, OPEN_DEALS, CONTACTS_LOG, BLOCKS)


@table_asset(
    INDUSTRY_MATCHES,
    deps=[dep(SALES_LINES), dep(CUSTOMERS), dep(INDUSTRY_ENRICHMENT)],
    kinds={"duckdb", "polars"},
)
def industry_matches(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Match every customer to the companies of the industry file, by all names it ever had."""
    companies = warehouse.read(INDUSTRY_ENRICHMENT)
    with warehouse.engine() as engine:
        lines = warehouse.scan(engine, SALES_LINES)
        names = gathering.names_in_log(lines).to_polars()
        known = lines.select(_KEY).distinct().to_polars()
        newest = lines.order_date.max().to_pyarrow().as_py()
    day = _last_day(settings, newest)
    side = warehouse.read(CUSTOMERS).join(known, on=_KEY, how="semi")
    own = shown(side, _KEY, day).filter(pl.col("industry").is_not_null())
    candidates = match_industries(
        gathering.names_over_time(names, side), companies, warehouse.threads
    )
    frame = with_verdicts(candidates, own, day)
    verdicts = frame.group_by("verdict", "method").agg(pl.col(_KEY).n_unique())
    store(
        context,
        warehouse,
        INDUSTRY_MATCHES,
        frame,
        metadata={
            "companies in the industry file": companies.height,
            "customers of the log": known.height,
            "customers without an industry of their own": known.height - own.height,
            "customers to review": frame.filter("needs_review")[_KEY].n_unique(),
            **{
                f"{verdict} ({method})": customers
                for verdict, method, customers in verdicts.sort("verdict", "method").iter_rows()
            },
        },
    )


@table_asset(
    DIM_CUSTOMER,
    deps=[dep(SALES_LINES), dep(CUSTOMERS), dep(INDUSTRY_MATCHES), dep(INSTALLED_BASE)],
    kinds={"duckdb", "polars"},
)
def dim_customer(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Gather one row per customer from the log, the side tables and the industry matches."""
    with warehouse.engine() as engine:
        log = gathering.in_log(warehouse.scan(engine, SALES_LINES)).to_polars()
    day = _last_day(settings, log.select(pl.max("last_order")).item())
    sources = gathering.Sources(
        log=log,
        customers=shown(warehouse.read(CUSTOMERS), _KEY, day),
        matches=warehouse.read(INDUSTRY_MATCHES),
        installed=warehouse.read(INSTALLED_BASE, columns=[_KEY]),
    )
    frame = gathering.gather(sources)
    known = {
        f"{name} known for": f"{1 - frame[name].null_count() / max(frame.height, 1):.0%}"
        for name in ("industry", "region", "territory", "segment", "rep")
    }
    flags = {name: int(frame[name].sum()) for name in frame.columns if name.startswith("in_")}
    beside = {"customers": sources.customers, "installed_base": sources.installed}
    shares = _shares(gathering.customers_in_common(log, beside))
    about = {"attributes as of": str(day), **known, **flags, **shares}
    store(context, warehouse, DIM_CUSTOMER, frame, metadata=about)


@dg.asset_check(
    asset=asset_key(DIM_CUSTOMER),
    additional_deps=[asset_key(table) for table in _SIDES],
    description="Every table beside the log that has rows knows customers of the log.",
)
def side_tables_know_customers(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warn of tables that share no customer with the log: their ids are written another way."""
    log = warehouse.read_unchecked(DIM_CUSTOMER)
    sides = {
        table.short_name: warehouse.read(table, columns=[_KEY])
        for table in _SIDES
        if warehouse.has(table)
    }
    counts = gathering.customers_in_common(log, sides)
    foreign = counts.filter((pl.col("customers") > 0) & (pl.col("in_log") == 0))
    return dg.AssetCheckResult(
        passed=foreign.is_empty(), severity=dg.AssetCheckSeverity.WARN, metadata=_shares(counts)
    )


@dg.asset_check(
    asset=asset_key(DIM_CUSTOMER),
    additional_deps=[asset_key(CUSTOMERS)],
    description=(
        "Parent accounts are accounts that a table knows, no account is its own parent, and no "
        "chain of parents comes back to where it began. Warns and names them."
    ),
)
def parent_accounts(
    context: dg.AssetCheckExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    """Warn of parents that say nothing, or go in circles."""

    def find(_partition: dict[str, str]) -> list[Breach]:
        log = warehouse.read_unchecked(DIM_CUSTOMER)
        side = warehouse.read(CUSTOMERS)
        day = _last_day(settings, log.select(pl.max("last_order")).item())
        known = pl.concat([log.select(_KEY), side.select(_KEY)]).unique()
        return gathering.odd_parents(shown(side, _KEY, day).select(_KEY, "parent_account"), known)

    return check_partitions(context, DIM_CUSTOMER, find, name="parent_accounts", blocking=False)


def _shares(counts: pl.DataFrame) -> dict[str, str]:
    return {
        f"customers in {table}": f"of {customers:,}, {in_log:,} are customers of the log"
        for table, customers, in_log in counts.iter_rows()
    }


def _last_day(settings: Settings, newest: date) -> date:
    """Last day of the log: what is shown of a customer is what held then, whenever it is run."""
    return settings.sales_log.complete_through or newest


ASSETS = [industry_matches, dim_customer]
CHECKS = [
    *(contract_check(table) for table in (INDUSTRY_MATCHES, DIM_CUSTOMER)),
    side_tables_know_customers,
    parent_accounts,
]
