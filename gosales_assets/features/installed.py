"""Products that customers own or subscribe to, as known at the cutoff."""

from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import EXPIRING_DAYS

if TYPE_CHECKING:
    import ibis


def installed(activity: Activity, base: pl.DataFrame) -> pl.DataFrame | None:
    """Count the installed base per customer and division or SKU set.

    Rows without a purchase date, or dated after the cutoff, do not exist yet. A product belongs
    to the division of its newest line by the cutoff. One whose last day is the cutoff has expired;
    one without a last day never does, and is no subscription.

    Parameters
    ----------
    base
        raw.installed_base.

    Returns
    -------
    customer_id, division and the ``installed`` features; ``None`` when nothing was installed by
    the cutoff (the signal is absent then).
    """
    cutoff = activity.cutoff
    seen = base.filter(pl.col("purchase_date") <= cutoff)
    if seen.is_empty():
        return None
    belongs = pl.concat([_divisions(activity.lines, seen["sku"]), _sets(activity)])
    days_left = (pl.col("expiration_date") - pl.lit(cutoff)).dt.total_days()
    age = (pl.lit(cutoff) - pl.col("purchase_date")).dt.total_days()
    expiring = {
        f"expiring_{days}d": ((days_left > 0) & (days_left <= days)).sum() for days in EXPIRING_DAYS
    }
    measures = {
        "active": (days_left.is_null() | (days_left > 0)).sum(),
        "owned": pl.len(),
        "on_subscription": (days_left > 0).sum(),
        "off_subscription": (days_left <= 0).sum(),
        **expiring,
        "days_since_expiry": (-days_left.filter(days_left <= 0)).min(),
        "tenure": age.max(),
    }
    return (
        seen.join(belongs, on="sku")
        .group_by("customer_id", "division")
        .agg(
            value.cast(pl.Float64).alias(f"installed__div__{name}__now")
            for name, value in measures.items()
        )
    )


def _divisions(lines: "ibis.Table", skus: pl.Series) -> pl.DataFrame:
    """Division of each SKU on its newest day; of two on that day the one with more lines."""
    wanted = lines.filter(lines.sku.isin(skus.unique().sort().to_list()))
    found = wanted.group_by("sku", "division").aggregate(
        day=wanted.order_date.max(), lines=wanted.count()
    )
    ordered = found.to_polars().sort("sku", "day", "lines", "division")
    return ordered.group_by("sku", maintain_order=True).agg(pl.col("division").last())


def _sets(activity: Activity) -> pl.DataFrame:
    rows = [(sku, name) for name, skus in sorted(activity.sku_sets.items()) for sku in skus]
    return pl.DataFrame(rows, schema={"sku": pl.String, "division": pl.String}, orient="row")
