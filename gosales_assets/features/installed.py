"""Products that customers own or subscribe to, as known at the cutoff."""

from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.features.activity import Activity

if TYPE_CHECKING:
    import ibis

EXPIRING_DAYS = 90
COUNTS = ("active", "owned", "expiring_90d")
"""Features that are 0, not missing, for a customer without installed products."""


def installed(activity: Activity, base: pl.DataFrame) -> pl.DataFrame | None:
    """Count the installed base per customer and division or SKU set.

    Rows without a purchase date, or dated after the cutoff, do not exist yet. A product belongs
    to the division of its newest line by the cutoff.

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
    belongs = pl.concat([_divisions(activity.lines), _sets(activity)])
    expiry = pl.col("expiration_date")
    days_left = (expiry - pl.lit(cutoff)).dt.total_days()
    age = (pl.lit(cutoff) - pl.col("purchase_date")).dt.total_days()
    counts = {
        "active": (days_left.is_null() | (days_left > 0)).sum(),
        "owned": pl.len(),
        "expiring_90d": ((days_left > 0) & (days_left <= EXPIRING_DAYS)).sum(),
        "days_since_expiry": (-days_left.filter(days_left <= 0)).min(),
        "tenure": age.max(),
    }
    return (
        seen.join(belongs, on="sku")
        .group_by("customer_id", "division")
        .agg(e.cast(pl.Float64).alias(f"installed__div__{name}__now") for name, e in counts.items())
    )


def _divisions(lines: "ibis.Table") -> pl.DataFrame:
    key = lines.order_date.cast("string") + lines.line_id
    newest = lines.group_by("sku").aggregate(division=lines.division.argmax(key))
    return newest.to_polars()


def _sets(activity: Activity) -> pl.DataFrame:
    rows = [(sku, name) for name, skus in sorted(activity.sku_sets.items()) for sku in skus]
    return pl.DataFrame(rows, schema={"sku": pl.String, "division": pl.String}, orient="row")
