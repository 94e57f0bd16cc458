"""The asset that decides how many months are predicted of each target, and its check."""

from datetime import date

import dagster as dg
import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.breaches import remarks
from gosales_assets.contracts import asset_key, check_partitions, dep, table_asset
from gosales_assets.labels.candidates import of_candidates
from gosales_assets.labels.contract import TARGET_WINDOWS
from gosales_assets.labels.denylist import denied_skus
from gosales_assets.labels.outcomes import net_values, positives
from gosales_assets.labels.reading import months_known
from gosales_assets.labels.windows import Wanted, closed_windows, in_words, markdown, too_few
from gosales_assets.labels.windows import target_windows as target_windows_of
from gosales_assets.partitions import KEYS
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LABEL_DENYLIST
from gosales_assets.sources.outline import own_windows
from gosales_assets.star.contract import CUSTOMER_DAY, DIM_CUTOFF, FACT_TRANSACTIONS
from gosales_assets.star.scopes import sku_sets, target_lines
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse


@table_asset(
    TARGET_WINDOWS,
    deps=[dep(t) for t in (FACT_TRANSACTIONS, CUSTOMER_DAY, DIM_CUTOFF, LABEL_DENYLIST)],
    kinds={"duckdb"},
)
def target_windows(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Decide the window of each target, once for all cutoffs, by the buyers of closed cutoffs."""
    wanted = Wanted(settings.window_months, own_windows(settings), settings.labels.positives_floor)
    closed = closed_windows(KEYS.divisions, wanted, months_known(warehouse))
    with warehouse.engine() as engine:
        lines = lines_in(warehouse.scan(engine, FACT_TRANSACTIONS), closed, settings)
        bought = net_values(
            lines, ibis.memtable(closed), denied_skus(settings, warehouse.read(LABEL_DENYLIST))
        )
        days = warehouse.scan(engine, CUSTOMER_DAY)
        counted = positives(
            of_candidates(bought, days, settings.labels.mode), settings.labels.gp_min_threshold
        ).to_polars()
    frame = target_windows_of(KEYS.divisions, wanted, closed, counted)
    months = dict(frame.select("division", "window_months").iter_rows())
    store(
        context,
        warehouse,
        TARGET_WINDOWS,
        frame,
        metadata={
            "months ahead": in_words(months),
            "windows": dg.MetadataValue.md(markdown(frame)),
        },
    )


@dg.asset_check(
    asset=asset_key(TARGET_WINDOWS),
    description=(
        "Each target has a closed cutoff to learn from, with as many buyers as "
        "labels.positives_floor asks for. A breach is a warning."
    ),
)
def enough_buyers(
    context: dg.AssetCheckExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    """Warn of targets that no window gives enough buyers."""
    floor = settings.labels.positives_floor
    return check_partitions(
        context,
        TARGET_WINDOWS,
        lambda keys: remarks(too_few(warehouse.read_unchecked(TARGET_WINDOWS, **keys), floor)),
        name="enough_buyers",
        blocking=False,
    )


def lines_in(facts: ir.Table, windows: pl.DataFrame, settings: Settings) -> ir.Table:
    """Order lines of the windows' targets, from the first day of any window to the last."""
    first, last = windows["cutoff"].min(), windows["window_end"].max()
    if not (isinstance(first, date) and isinstance(last, date)):
        return target_lines(facts.limit(0), KEYS.divisions, sku_sets(settings))
    inside = facts.filter(facts.order_date > first, facts.order_date <= last)
    targets = windows["division"].unique().sort().to_list()
    return target_lines(inside, targets, sku_sets(settings))
