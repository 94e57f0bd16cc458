"""What single products say about a target: smoothed log lifts of SKU -> target rules."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import OFFSET_DAYS
from gosales_assets.features.history import YEAR
from gosales_assets.features.holdings import Array, Holdings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def sku_pull(
    activity: Activity, holdings: Holdings, targets: Sequence[str], least_customers: int
) -> Array:
    """Mean log lift of the products that each customer bought in the last 12 months.

    Rules are learned like those between divisions, on the orders between 12 months and 60 days
    before the cutoff. The target's own products are left out. Each lift is eased toward 1 by
    ``least_customers`` buyers who buy the target at the base rate.

    Returns
    -------
    Customers x targets; NaN where a customer bought no product with enough buyers.
    """
    baskets = _baskets(activity)
    skus = baskets["sku"].unique().sort().to_list()
    learned = _incidence(baskets.filter("learned"), holdings.customers, skus)
    held = _incidence(baskets, holdings.customers, skus)
    buyers = np.asarray(learned.sum(axis=0)).ravel()
    enough = buyers >= least_customers
    bought = holdings.learned[:, holdings.columns(targets)]
    population = max(int((holdings.learned.sum(axis=1) > 0).sum()), 1)
    base = bought.sum(axis=0) / population
    together = np.asarray(learned.T @ bought)
    rate = (together + least_customers * base) / (buyers + least_customers)[:, None]
    usable = enough[:, None] & (base > 0)[None, :] & ~_own(activity, skus, targets, baskets)
    logs = np.zeros_like(rate)
    np.log(rate / np.where(base > 0, base, 1.0), out=logs, where=usable)
    count = np.asarray(held @ usable.astype(np.float64))
    total = np.asarray(held @ logs)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _baskets(activity: Activity) -> pl.DataFrame:
    t = activity.lines
    year = t.filter(~t.is_return & (t.order_date > activity.day_before(YEAR)))
    until = activity.cutoff - timedelta(days=OFFSET_DAYS)
    grouped = year.group_by("customer_id", "sku").aggregate(
        learned=year.order_date.min() <= until, division=year.division.max()
    )
    return grouped.to_polars().sort("customer_id", "sku")


def _incidence(baskets: pl.DataFrame, customers: list[str], skus: list[str]) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    rows = pl.DataFrame({"customer_id": customers}, schema={"customer_id": pl.String})
    columns = pl.DataFrame({"sku": skus}, schema={"sku": pl.String})
    known = (
        baskets.join(rows.with_row_index("row"), on="customer_id")
        .join(columns.with_row_index("column"), on="sku")
        .sort("row", "column")
    )
    ones = np.ones(known.height)
    cells = (known["row"].to_numpy(), known["column"].to_numpy())
    return csr_matrix((ones, cells), shape=(len(customers), len(skus)))


def _own(
    activity: Activity, skus: list[str], targets: Sequence[str], baskets: pl.DataFrame
) -> np.ndarray:
    homes = baskets.select("sku", "division").unique()
    own = np.zeros((len(skus), len(targets)), dtype=bool)
    position = {sku: i for i, sku in enumerate(skus)}
    for column, target in enumerate(targets):
        if target in activity.sku_sets:
            members = [sku for sku in activity.sku_sets[target] if sku in position]
        else:
            members = homes.filter(pl.col("division") == target)["sku"].to_list()
        own[[position[sku] for sku in members], column] = True
    return own
