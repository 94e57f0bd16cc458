"""Assets of the labels room: windows, candidates, labels, prospects, prevalence; all targets."""

from collections.abc import Iterator, Sequence
from functools import cache, partial
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
from gosales_assets.labels.candidates import first_purchases
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
from gosales_assets.labels.outcomes import judged, outcomes
from gosales_assets.labels.outcomes import labels as labels_of
from gosales_assets.labels.prevalence import cohorts_of, markdown, unusual
from gosales_assets.labels.prevalence import prevalence as prevalence_of
from gosales_assets.labels.reading import closed_of, months_known, windows_of
from gosales_assets.labels.recount_check import after_cutoff
from gosales_assets.labels.window_assets import enough_buyers, lines_in, target_windows
from gosales_assets.partitions import ALL_DIVISIONS, GRID, KEYS, day, divisions_by_cutoff
from gosales_assets.read_ahead import read_ahead
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LABEL_DENYLIST, PROSPECTS
from gosales_assets.star.contract import CUSTOMER_DAY, DIM_CUTOFF, FACT_TRANSACTIONS
from gosales_assets.storing import Made, Task, store, store_each
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
        first = first_purchases(warehouse.scan(engine, CUSTOMER_DAY), KEYS.divisions)

    def paired(cutoff: str, division: str, about: dict[str, Any]) -> list[Made]:
        rows = candidates_of(first, division, day(cutoff), settings.labels.mode)
        keys = {"cutoff": cutoff, "division": division}
        owners = {"owners (repeat)": int((rows["cohort"] == "repeat").sum())}
        return [Made(CANDIDATES, rows, keys, owners | about)]

    def tasks() -> Iterator[Task]:
        for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
            closed = closed_of(windows, known, day(cutoff), divisions)
            for division in divisions:
                yield partial(paired, cutoff, division, _about_window(closed, windows, division))

    store_each(context, warehouse, tasks())


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
    cells = divisions_by_cutoff(context.partition_keys)
    denied = denied_skus(settings, warehouse.read(LABEL_DENYLIST))

    def labelled(
        cutoff: str, division: str, bought: pl.DataFrame | None, about: dict[str, Any]
    ) -> list[Made]:
        keys, rows = {"cutoff": cutoff, "division": division}, LABELS.empty()
        if bought is not None:
            own = bought.filter(division=division)
            rows = labels_of(warehouse.read(CANDIDATES, **keys), windows[division], own)
        return [Made(LABELS, rows, keys, {"buyers": int(rows["label"].sum()), **about})]

    def outcomes_of(facts: ir.Table) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
        for cutoff in cells:
            closed = closed_of(windows, known, day(cutoff), cells[cutoff])
            yield cutoff, closed, _bought(facts, closed, settings, denied)

    def tasks(facts: ir.Table) -> Iterator[Task]:
        for cutoff, closed, bought in read_ahead(outcomes_of(facts)):
            for division in cells[cutoff]:
                about = {
                    **_about_window(closed, windows, division),
                    "products that never count": ", ".join(denied) or "none",
                }
                rows = bought if division in closed["division"] else None
                yield partial(labelled, cutoff, division, rows, about)

    with warehouse.engine() as engine:
        store_each(context, warehouse, tasks(warehouse.scan(engine, FACT_TRANSACTIONS)))


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
                people = prospects_of(companies, days, KEYS.divisions, day(cutoff)).to_polars()
                facts = warehouse.scan(engine, FACT_TRANSACTIONS)
                bought = _bought(facts, closed, settings, denied)
            frame = pl.concat(
                labels_of(
                    people.filter(division=division),
                    windows[division],
                    bought.filter(division=division),
                )
                for division in closed["division"]
            )
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

    def counted(cutoff: str, division: str) -> pl.DataFrame:
        keys, columns = {"cutoff": cutoff, "division": division}, ["cohort", "label"]
        rows = warehouse.read(LABELS, columns=columns, **keys)
        named = {"cutoff": pl.lit(day(cutoff)), "division": pl.lit(division)}
        return cohorts_of(rows.with_columns(**named))

    for cutoff in context.partition_keys:
        # Not what lies in the lake: a division that left the settings may still lie there.
        counts = pl.concat(counted(cutoff, division) for division in KEYS.divisions)
        frame = prevalence_of(counts, warehouse.read(NEW_LOGOS, cutoff=cutoff))
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


def _bought(
    facts: ir.Table, closed: pl.DataFrame, settings: Settings, denied: Sequence[str]
) -> pl.DataFrame:
    """Sum and judge what was bought in the windows of a cutoff that have closed."""
    lines = lines_in(facts, closed, settings)
    bought = judged(
        outcomes(lines, ibis.memtable(closed), denied), settings.labels.gp_min_threshold
    )
    return bought.drop("cutoff", "window_months").to_polars()


def _about_window(closed: pl.DataFrame, windows: dict[str, int], division: str) -> dict[str, Any]:
    is_closed = division in closed["division"]
    return {
        "months ahead": windows[division],
        "window": "closed" if is_closed else "open: outcome not known yet",
    }


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
