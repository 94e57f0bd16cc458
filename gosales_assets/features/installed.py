"""Products that customers own or subscribe to, as known at the cutoff."""

import polars as pl

from gosales_assets.features.catalog import EXPIRING_DAYS
from gosales_assets.features.past import Past


def installed(past: Past, base: pl.DataFrame) -> pl.DataFrame | None:
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
    cutoff = past.cutoff
    seen = base.filter(pl.col("purchase_date") <= cutoff)
    if seen.is_empty():
        return None
    belongs = pl.concat([_divisions(past), _sets(past)])
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


def _divisions(past: Past) -> pl.DataFrame:
    """Division of each SKU on its newest day; of two on that day the one with more lines."""
    ordered = past.homes.sort("sku", "newest", "lines", "division")
    return ordered.group_by("sku", maintain_order=True).agg(pl.col("division").last())


def _sets(past: Past) -> pl.DataFrame:
    rows = [(sku, name) for name, skus in sorted(past.sku_sets.items()) for sku in skus]
    return pl.DataFrame(rows, schema={"sku": pl.String, "division": pl.String}, orient="row")
