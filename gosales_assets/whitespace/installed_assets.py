"""Installed base of the divisions: who still owns what, and since when it has all expired."""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

KEYS = ["division", "customer_id"]


def by_division(
    base: pl.DataFrame, products: pl.DataFrame, sku_sets: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Say which division or SKU set each asset belongs to.

    Parameters
    ----------
    base
        raw.installed_base.
    products
        ``sku, division`` of star.dim_product.
    sku_sets
        Key of each SKU set -> its SKUs.

    Returns
    -------
    pl.DataFrame
        ``division, customer_id, purchase_date, expiration_date``, one row per asset and division
        or set; products that were never sold belong to none.
    """
    members = [(sku, name) for name, skus in sorted(sku_sets.items()) for sku in skus]
    kinds = {"sku": pl.String, "division": pl.String}
    belongs = pl.concat(
        [products.select("sku", "division"), pl.DataFrame(members, schema=kinds, orient="row")]
    ).unique()
    return base.join(belongs, on="sku").select(*KEYS, "purchase_date", "expiration_date")


def holdings(assets: pl.DataFrame, on: date, *, newest: bool) -> pl.DataFrame:
    """What each customer has of a division on a day.

    Parameters
    ----------
    assets
        See `by_division`. An asset exists from its purchase; one without that day counts for the
        newest list only, since nobody knows whether it was there before.
    on
        Day to look at. An asset whose last day it is has expired; one without last day never does.

    Returns
    -------
    pl.DataFrame
        ``division, customer_id``, ``expired_days`` (since the last one expired; null: one is still
        active) and ``active_until`` (last day of the longest; null: it has none, or all expired).
    """
    bought = (pl.col("purchase_date") <= on).fill_null(newest)
    last = pl.col("expiration_date")
    active = last.is_null() | (last > on)
    days = (pl.lit(on) - last.max()).dt.total_days()
    return (
        assets.filter(bought)
        .group_by(KEYS)
        .agg(
            expired_days=pl.when(~active.any()).then(days),
            active_until=pl.when(active.any() & last.is_not_null().all()).then(last.max()),
        )
        .sort(KEYS)
    )
