"""Assets of the labels room: candidates, labels and prevalence, all targets of a cutoff at once."""

from collections.abc import Sequence
from functools import cache

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import (
    asset_key,
    check_partitions,
    contract_check,
    dep,
    store,
    table_asset,
)
from gosales_assets.labels.candidates import candidates as candidates_of
from gosales_assets.labels.completeness import closed_windows_only, every_customer
from gosales_assets.labels.contract import CANDIDATES, LABELS, PREVALENCE
from gosales_assets.labels.denylist import denied_skus
from gosales_assets.labels.outcomes import labels as labels_of
from gosales_assets.labels.outcomes import outcomes
from gosales_assets.labels.prevalence import markdown, unusual
from gosales_assets.labels.prevalence import prevalence as prevalence_of
from gosales_assets.partitions import ALL_DIVISIONS, CUTOFFS, GRID, KEYS, day, divisions_by_cutoff
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LABEL_DENYLIST
from gosales_assets.star.contract import CUSTOMER_DAY, DIM_CUTOFF, FACT_TRANSACTIONS
from gosales_assets.star.scopes import sku_sets, target_lines
from gosales_assets.tables import Table
from gosales_assets.warehouse import MissingPartition, Warehouse


@table_asset(CANDIDATES, deps=[dep(CUSTOMER_DAY), dep(DIM_CUTOFF)], kinds={"duckdb"})
def candidates(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Pair every customer with a purchase by the cutoff with every target."""
    closed = _closed_cutoffs(warehouse)
    for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
        is_closed = _is_closed(closed, cutoff)
        with warehouse.engine() as engine:
            days = warehouse.scan(engine, CUSTOMER_DAY)
            frame = candidates_of(days, divisions, day(cutoff)).to_polars()
        for division, rows in _per_division(frame, divisions).items():
            store(
                context,
                warehouse,
                CANDIDATES,
                rows,
                metadata={
                    "owners (repeat)": int((rows["cohort"] == "repeat").sum()),
                    "window": _window(is_closed),
                },
                cutoff=cutoff,
                division=division,
            )


@table_asset(
    LABELS,
    deps=[dep(CANDIDATES), dep(FACT_TRANSACTIONS), dep(DIM_CUTOFF), dep(LABEL_DENYLIST)],
    kinds={"duckdb"},
)
def labels(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Label the candidates of closed windows; open windows get an empty partition."""
    closed = _closed_cutoffs(warehouse)
    denied = denied_skus(settings, warehouse.read(LABEL_DENYLIST))
    for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
        is_closed = _is_closed(closed, cutoff)
        frame = LABELS.empty()
        if is_closed:
            frame = _label(warehouse, settings, cutoff, divisions, denied)
        for division, rows in _per_division(frame, divisions).items():
            store(
                context,
                warehouse,
                LABELS,
                rows,
                metadata={
                    "buyers": int(rows["label"].sum()),
                    "window": _window(is_closed),
                    "products that never count": ", ".join(denied) or "none",
                },
                cutoff=cutoff,
                division=division,
            )


@table_asset(PREVALENCE, deps=[dep(LABELS, ALL_DIVISIONS)], kinds={"polars"})
def prevalence(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Count candidates and buyers per division and cohort."""
    for cutoff in context.partition_keys:
        # Not what lies in the lake: a division that left the settings may still lie there.
        of_cutoff = [{"cutoff": cutoff, "division": division} for division in KEYS.divisions]
        rows = warehouse.read_many(
            LABELS, of_cutoff, columns=["cutoff", "division", "cohort", "label"]
        )
        frame = prevalence_of(rows)
        shown = markdown(frame) if frame.height else "The window is open: nothing to count yet."
        store(
            context,
            warehouse,
            PREVALENCE,
            frame,
            metadata={"share of candidates who buy": dg.MetadataValue.md(shown)},
            cutoff=cutoff,
        )


@dg.asset_check(
    asset=asset_key(CANDIDATES),
    name="candidates_keep_every_customer",
    additional_deps=[asset_key(CUSTOMER_DAY)],
    blocking=True,
    partitions_def=GRID,
    description=(
        "Each division has one candidate per customer with a purchase by the cutoff. "
        "A breach stops everything downstream."
    ),
)
def candidates_keep_every_customer(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Compare the candidates of each division with the customers there are."""
    days = warehouse.read(CUSTOMER_DAY, columns=["customer_id", "scope", "order_date"])
    first = (
        days.filter(pl.col("scope") == "all")
        .group_by("customer_id")
        .agg(pl.col("order_date").min())["order_date"]
    )

    @cache
    def customers(cutoff: str) -> int:
        return int((first <= day(cutoff)).sum())

    def find(keys: dict[str, str]) -> list[Breach]:
        return every_customer(_rows(warehouse, CANDIDATES, keys), customers(keys["cutoff"]))

    return check_partitions(context, CANDIDATES, find, name="candidates_keep_every_customer")


@dg.asset_check(
    asset=asset_key(LABELS),
    name="windows_closed",
    additional_deps=[asset_key(CANDIDATES), asset_key(DIM_CUTOFF)],
    blocking=True,
    partitions_def=GRID,
    description=(
        "Closed windows label every candidate, and windows that end after the data label none. "
        "A breach stops everything downstream."
    ),
)
def windows_closed(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Compare the labels of each division with its candidates."""
    closed = _closed_cutoffs(warehouse)

    def find(keys: dict[str, str]) -> list[Breach]:
        return closed_windows_only(
            _rows(warehouse, LABELS, keys),
            _rows(warehouse, CANDIDATES, keys),
            is_closed=_is_closed(closed, keys["cutoff"]),
        )

    return check_partitions(context, LABELS, find, name="windows_closed")


@dg.asset_check(
    asset=asset_key(PREVALENCE),
    partitions_def=CUTOFFS,
    description="Warns where under 0.5 % or over 50 % of a division's candidates buy.",
)
def prevalence_is_usual(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Warn of targets too rare to learn from, or so common that a ranking says little."""
    return check_partitions(
        context,
        PREVALENCE,
        lambda keys: unusual(warehouse.read_unchecked(PREVALENCE, **keys)),
        name="prevalence_is_usual",
        blocking=False,
    )


def _label(
    warehouse: Warehouse,
    settings: Settings,
    cutoff: str,
    divisions: Sequence[str],
    denied: Sequence[str],
) -> pl.DataFrame:
    months = settings.window_months
    grid = [{"cutoff": cutoff, "division": division} for division in divisions]
    with warehouse.engine() as engine:
        facts = warehouse.scan(engine, FACT_TRANSACTIONS)
        lines = target_lines(facts, divisions, sku_sets(settings))
        bought = outcomes(lines, day(cutoff), months, denied)
        return labels_of(
            warehouse.scan(engine, CANDIDATES, grid),
            bought,
            months,
            settings.labels.gp_min_threshold,
        ).to_polars()


def _closed_cutoffs(warehouse: Warehouse) -> dict[str, bool]:
    """Cutoff's key -> whether its label window has closed."""
    table = warehouse.read(DIM_CUTOFF, columns=["cutoff", "is_closed"])
    return {cutoff.isoformat(): is_closed for cutoff, is_closed in table.iter_rows()}


def _is_closed(closed: dict[str, bool], cutoff: str) -> bool:
    if cutoff not in closed:
        raise MissingPartition(
            f"{DIM_CUTOFF.name} has no cutoff {cutoff}: it was made with other settings, "
            "materialize it again"
        )
    return closed[cutoff]


def _window(is_closed: bool) -> str:
    return "closed" if is_closed else "open: outcome not known yet"


def _per_division(frame: pl.DataFrame, divisions: Sequence[str]) -> dict[str, pl.DataFrame]:
    parts = frame.partition_by("division", as_dict=True)
    return {division: parts.get((division,), frame.clear()) for division in divisions}


def _rows(warehouse: Warehouse, table: Table, keys: dict[str, str]) -> int:
    return int(warehouse.footer(table, **keys)["gosales.rows"])


ASSETS = [candidates, labels, prevalence]
CHECKS = [
    *(contract_check(table) for table in (CANDIDATES, LABELS, PREVALENCE)),
    candidates_keep_every_customer,
    windows_closed,
    prevalence_is_usual,
]
