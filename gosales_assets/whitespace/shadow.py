"""Rankings beside the list, for comparison only: simple ones, the old heuristic, a challenger."""

import polars as pl

from gosales_assets.whitespace.contract import POTENTIAL

FREQUENCY, RECENCY, VALUE = 0.5, 0.3, 0.2
FROM_CUSTOMER_FEATURES = {
    "divisions_owned": "diversity__all__divisions_owned__ever",
    "orders": "rfm__all__orders__12m",
    "days": "recency__all__days__ever",
    "spent": "rfm__all__value__12m",
}


def shadow_rows(listed: pl.DataFrame, features: pl.DataFrame) -> pl.DataFrame:
    """Score the ranked rows of a list by the simple rankings.

    Parameters
    ----------
    listed
        The list, all states.
    features
        ``customer_id`` and the keys of `FROM_CUSTOMER_FEATURES`.

    Returns
    -------
    pl.DataFrame
        Ranked rows with ``score_naive`` (divisions owned), ``score_popularity`` (the division's
        share of owners) and ``score_legacy``: .5 frequency + .3 recency + .2 value, each as a share
        of the largest in the list.
    """
    popularity = listed.group_by("division").agg(
        score_popularity=(pl.col("state") == "owned").mean()
    )
    frequency, days = pl.col("orders").fill_null(0), pl.col("days")
    spent = pl.col("spent").fill_null(0).clip(0)
    recency = pl.when(days.is_not_null()).then(1 - _of_largest(days)).otherwise(0.0)
    return (
        listed.filter(pl.col("state") == POTENTIAL)
        .join(features, on="customer_id", how="left", validate="m:1")
        .join(popularity, on="division", how="left", validate="m:1")
        .with_columns(
            score_naive=pl.col("divisions_owned").fill_null(0),
            score_legacy=(
                FREQUENCY * _of_largest(frequency) + RECENCY * recency + VALUE * _of_largest(spent)
            ).round(12),
        )
        .drop(FROM_CUSTOMER_FEATURES)
    )


def _of_largest(amount: pl.Expr) -> pl.Expr:
    largest = amount.max()
    return pl.when(largest > 0).then(amount / largest).otherwise(0.0)
