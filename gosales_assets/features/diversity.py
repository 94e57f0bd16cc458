"""Diversity: how widely each customer buys."""

import numpy as np
import polars as pl

from gosales_assets.features.holdings import items_of, laid_out
from gosales_assets.features.past import Past


def diversity(past: Past) -> pl.DataFrame:
    """Count divisions and products, and work out the entropy of orders over divisions.

    Returns
    -------
    One row per customer, in order of ids: ``customer_id`` and the ``diversity`` features; null: no
    order in the last 12 months.
    """
    divisions = [item for item in items_of(past, []) if item not in past.sku_sets]
    rows = past.divisions.filter(pl.col("division").is_in(divisions))
    arrays = laid_out(past, rows, divisions, {"orders": 0.0, "owned": 0.0})
    orders = arrays["orders"]
    total = orders.sum(axis=1)
    share = orders / np.maximum(total, 1.0)[:, None]
    terms, some = np.zeros_like(share), share > 0
    terms[some] = share[some] * np.log(share[some])
    # Rows come in order of customers, so that each one's are a run.
    skus = past.products["customer_id"].rle().struct.unnest()
    return past.ids.with_columns(
        pl.Series("diversity__all__divisions__12m", (orders > 0).sum(axis=1), pl.Float64),
        pl.Series("diversity__all__divisions_owned__ever", arrays["owned"].sum(axis=1)),
        pl.Series(
            "diversity__all__entropy__12m",
            np.where(total > 0, np.abs(terms.sum(axis=1)), np.nan),
        ).fill_nan(None),
    ).join(
        skus.select(
            pl.col("value").alias("customer_id"),
            pl.col("len").cast(pl.Float64).alias("diversity__all__skus__12m"),
        ),
        on="customer_id",
        how="left",
        maintain_order="left",
    )
