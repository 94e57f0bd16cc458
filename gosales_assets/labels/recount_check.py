"""The check that holds labels against the order lines: features and labels share no day."""

from datetime import date
from functools import cache

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, check_partitions
from gosales_assets.labels.contract import LABELS
from gosales_assets.labels.denylist import denied_skus
from gosales_assets.labels.recount import not_over, otherwise, recounted
from gosales_assets.partitions import GRID, KEYS, day
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LABEL_DENYLIST
from gosales_assets.star.contract import FACT_TRANSACTIONS
from gosales_assets.star.scopes import sku_sets, target_lines
from gosales_assets.warehouse import Warehouse


@dg.asset_check(
    asset=asset_key(LABELS),
    name="after_cutoff",
    additional_deps=[asset_key(FACT_TRANSACTIONS), asset_key(LABEL_DENYLIST)],
    blocking=True,
    partitions_def=GRID,
    description=(
        "Labels count the days after their cutoff and no others: net value and orders equal "
        "those counted anew from the order lines, from the day after the cutoff to the end of "
        "the window, and no window ends after the log does. A breach stops everything downstream."
    ),
)
def after_cutoff(
    context: dg.AssetCheckExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    """Compare the labels of each division with order lines dated after the cutoff."""
    denied = denied_skus(settings, warehouse.read(LABEL_DENYLIST))
    data_end = settings.sales_log.complete_through or _newest_day(warehouse)

    @cache
    def expected(cutoff: str, months: int) -> pl.DataFrame:
        with warehouse.engine() as engine:
            facts = warehouse.scan(engine, FACT_TRANSACTIONS)
            lines = target_lines(facts, KEYS.divisions, sku_sets(settings))
            return recounted(lines, day(cutoff), months, denied)

    def find(keys: dict[str, str]) -> list[Breach]:
        labels = warehouse.read_unchecked(LABELS, **keys)
        early = not_over(labels, data_end)
        if early or labels.is_empty():
            return early
        then = expected(keys["cutoff"], labels["window_months"][0])
        return otherwise(labels, then.filter(division=keys["division"]))

    return check_partitions(context, LABELS, find, name="after_cutoff")


def _newest_day(warehouse: Warehouse) -> date:
    with warehouse.engine() as engine:
        newest: date = (
            warehouse.scan(engine, FACT_TRANSACTIONS).order_date.max().to_pyarrow().as_py()
        )
    return newest
