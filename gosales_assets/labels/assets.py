"""Assets of the labels room: windows, candidates, labels, prospects, prevalence; all targets."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import dagster as dg
import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import (
    asset_key,
    check_partitions,
    contract_check,
    dep,
    table_asset,
    table_check,
)
from gosales_assets.labels.candidates import candidates as candidates_of
from gosales_assets.labels.candidates import first_days
from gosales_assets.labels.candidates import prospects as prospects_of
from gosales_assets.labels.completeness import closed_windows_only, every_customer
from gosales_assets.labels.contract import (
    CANDIDATES,
    LABELS,
    NEW_LOGOS,
    PREVALENCE,
    TARGET_WINDOWS,
)
from gosales_assets.labels.denylist import denied_skus
from gosales_assets.labels.outcomes import labels as labels_of
from gosales_assets.labels.outcomes import outcomes
from gosales_assets.labels.prevalence import markdown, unusual
from gosales_assets.labels.prevalence import prevalence as prevalence_of
from gosales_assets.labels.reading import closed_of, months_known, windows_of
from gosales_assets.labels.recount_check import after_cutoff
from gosales_assets.labels.window_assets import enough_buyers, lines_in, target_windows
from gosales_assets.partitions import ALL_DIVISIONS, GRID, KEYS, day, divisions_by_cutoff
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LABEL_DENYLIST, PROSPECTS
from gosales_assets.star.contract import CUSTOMER_DAY, DIM_CUTOFF, FACT_TRANSACTIONS
from gosales_assets.storing import store
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

_WINDOWS = (DIM_CUTOFF, TARGET_WINDOWS)


@table_asset(CANDIDATES, deps=[dep(t) for t in (CUSTOMER_DAY, *_WINDOWS)], kinds={"duckdb"})
def candidates(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Pair every customer with a purchase by the cutoff with every target that may be offered."""
    windows, known = windows_of(warehouse, KEYS.divisions), months_known(warehouse)
    with warehouse.engine() as engine:
        days = warehouse.scan(engine, CUSTOMER_DAY)
        first = engine.create_table("first_days", first_days(days), temp=True)
        for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
            closed = closed_of(windows, known, day(cutoff), divisions)
            pairs = candidates_of(first, divisions, day(cutoff), settings.labels.mode)
            for division, rows in pairs.items():
                about = {
                    "owners (repeat)": int((rows["cohort"] == "repeat").sum()),
                    **_about_window(closed, windows, division),
                }
                store(context, warehouse, CANDIDATES, rows, about, cutoff=cutoff, division=division)


@table_asset(
    LABELS,
    deps=[dep(t) for t in (CANDIDATES, FACT_TRANSACTIONS, *_WINDOWS, LABEL_DENYLIST)],
    kinds={"duckdb"},
)
def labels(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Label the candidates of closed windows; open windows get an empty partition."""
    windows, known = windows_of(warehouse, KEYS.divisions), months_known(warehouse)
    denied = denied_skus(settings, warehouse.read(LABEL_DENYLIST))
    for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
        closed = closed_of(windows, known, day(cutoff), divisions)
        grid = [{"cutoff": cutoff, "division": division} for division in divisions]
        frame = LABELS.empty()
        if closed.height:
            with warehouse.engine() as engine:
                people = warehouse.scan(engine, CANDIDATES, grid)
                frame = _labelled(warehouse, engine, settings, people, closed, denied)
        for division, rows in _per_division(frame, divisions).items():
            about = {
                "buyers": int(rows["label"].sum()),
                **_about_window(closed, windows, division),
                "products that never count": ", ".join(denied) or "none",
            }
            store(context, warehouse, LABELS, rows, about, cutoff=cutoff, division=division)


@table_asset(
    NEW_LOGOS,
    deps=[dep(t) for t in (PROSPECTS, CUSTOMER_DAY, FACT_TRANSACTIONS, *_WINDOWS, LABEL_DENYLIST)],
    kinds={"duckdb"},
)
def new_logos(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Label the prospects of closed windows, by the same rule as customers."""
    windows, known = windows_of(warehouse, KEYS.divisions), months_known(warehouse)
    denied = denied_skus(settings, warehouse.read(LABEL_DENYLIST))
    given = warehouse.read(PROSPECTS, columns=["customer_id"]).height > 0
    for cutoff in sorted(context.partition_keys):
        closed = closed_of(windows, known, day(cutoff), KEYS.divisions)
        frame = NEW_LOGOS.empty()
        if given and closed.height:
            with warehouse.engine() as engine:
                companies = warehouse.scan(engine, PROSPECTS)
                days = warehouse.scan(engine, CUSTOMER_DAY)
                people = prospects_of(companies, days, KEYS.divisions, day(cutoff))
                frame = _labelled(warehouse, engine, settings, people, closed, denied)
        about = {
            "prospects": frame["customer_id"].n_unique(),
            "buyers": int(frame["label"].sum()),
            "prospects table": "given" if given else "off: none is given",
        }
        rows = frame.select(list(NEW_LOGOS.types))
        store(context, warehouse, NEW_LOGOS, rows, about, cutoff=cutoff)


@table_asset(PREVALENCE, deps=[dep(LABELS, ALL_DIVISIONS), dep(NEW_LOGOS)], kinds={"polars"})
def prevalence(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Count candidates and buyers per division and cohort."""
    for cutoff in context.partition_keys:
        # Not what lies in the lake: a division that left the settings may still lie there.
        of_cutoff = [{"cutoff": cutoff, "division": division} for division in KEYS.divisions]
        columns = ["cutoff", "division", "label"]
        rows = warehouse.read_many(LABELS, of_cutoff, columns=[*columns, "cohort"])
        frame = prevalence_of(rows, warehouse.read(NEW_LOGOS, columns=columns, cutoff=cutoff))
        shown = markdown(frame) if frame.height else "All windows are open: nothing to count yet."
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
        "Each division has one candidate per customer with a purchase by the cutoff (with "
        "labels.mode expansion: who does not own it). A breach stops everything downstream."
    ),
)
def candidates_keep_every_customer(
    context: dg.AssetCheckExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    """Compare the candidates of each division with the customers there are."""
    days = warehouse.read(CUSTOMER_DAY, columns=["customer_id", "scope", "division", "order_date"])
    first = (
        days.group_by("customer_id", "scope", "division")
        .agg(pl.col("order_date").min())
        .partition_by("division", as_dict=True)  # '' for customers as a whole
    )

    @cache
    def customers(division: str, cutoff: str) -> int:
        known = first.get((division,))
        return 0 if known is None else int((known["order_date"] <= day(cutoff)).sum())

    def find(keys: dict[str, str]) -> list[Breach]:
        everybody, cutoff = customers("", keys["cutoff"]), keys["cutoff"]
        only_new = settings.labels.mode == "expansion"
        owners = customers(keys["division"], cutoff) if only_new else 0
        return every_customer(_rows(warehouse, CANDIDATES, keys), everybody - owners)

    return check_partitions(context, CANDIDATES, find, name="candidates_keep_every_customer")


@dg.asset_check(
    asset=asset_key(LABELS),
    name="windows_closed",
    additional_deps=[asset_key(t) for t in (CANDIDATES, *_WINDOWS)],
    blocking=True,
    partitions_def=GRID,
    description=(
        "Closed windows label every candidate, and windows that end after the data label none; "
        "each division by its own window. A breach stops everything downstream."
    ),
)
def windows_closed(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Compare the labels of each division with its candidates."""
    windows, known = windows_of(warehouse, KEYS.divisions), months_known(warehouse)

    def find(keys: dict[str, str]) -> list[Breach]:
        closed = closed_of(windows, known, day(keys["cutoff"]), [keys["division"]])
        return closed_windows_only(
            _rows(warehouse, LABELS, keys),
            _rows(warehouse, CANDIDATES, keys),
            is_closed=closed.height > 0,
        )

    return check_partitions(context, LABELS, find, name="windows_closed")


prevalence_is_usual = table_check(
    PREVALENCE,
    "prevalence_is_usual",
    lambda warehouse, keys: unusual(warehouse.read_unchecked(PREVALENCE, **keys)),
    "Warns where under 0.5 % or over 50 % of a division's candidates buy.",
)


def _labelled(
    warehouse: Warehouse,
    engine: ibis.BaseBackend,
    settings: Settings,
    people: ir.Table,
    closed: pl.DataFrame,
    denied: Sequence[str],
) -> pl.DataFrame:
    """Label the people of a cutoff in the windows that have closed."""
    lines = lines_in(warehouse.scan(engine, FACT_TRANSACTIONS), closed, settings)
    windows = ibis.memtable(closed)
    bought = outcomes(lines, windows, denied)
    rows = labels_of(people, windows, bought, settings.labels.gp_min_threshold)
    return rows.to_polars()


def _about_window(closed: pl.DataFrame, windows: dict[str, int], division: str) -> dict[str, Any]:
    is_closed = division in closed["division"]
    return {
        "months ahead": windows[division],
        "window": "closed" if is_closed else "open: outcome not known yet",
    }


def _per_division(frame: pl.DataFrame, divisions: Sequence[str]) -> dict[str, pl.DataFrame]:
    parts = frame.partition_by("division", as_dict=True)
    return {division: parts.get((division,), frame.clear()) for division in divisions}


def _rows(warehouse: Warehouse, table: Table, keys: dict[str, str]) -> int:
    return int(warehouse.footer(table, **keys)["gosales.rows"])


ASSETS = [target_windows, candidates, labels, new_logos, prevalence]
CHECKS = [
    *(contract_check(t) for t in (TARGET_WINDOWS, CANDIDATES, LABELS, NEW_LOGOS, PREVALENCE)),
    enough_buyers,
    candidates_keep_every_customer,
    windows_closed,
    after_cutoff,
    prevalence_is_usual,
]
