"""What a purchase is usually worth, given that there is one."""

import polars as pl

PSEUDO_BUYERS = 20  # a group of as many buyers counts as much as the whole division
CAP = 0.95
USUAL = 0.5


def purchase_values(
    buyers: pl.DataFrame, groups: pl.DataFrame | None, quantile: float = USUAL
) -> pl.DataFrame:
    """Estimate the value of a purchase per division, and per group of customers where one is given.

    Parameters
    ----------
    buyers
        Buying rows of the closed cutoffs: ``division, customer_id, net_gp_window`` (> 0).
    groups
        ``customer_id, group`` (null: unknown), such as the size class; None: no grouping.
    quantile
        Which buyer is meant: the usual one in the middle, or one near the top (a full wallet).

    Returns
    -------
    pl.DataFrame
        ``division, group, value`` (base currency per window). A null group is the division as a
        whole: the quantile of its buyers. A group's value is its own quantile, drawn toward the
        division's: (n own + 20 usual) / (n + 20), at most the division's
        95th percentile.
    """
    values = buyers.select(
        "division", "customer_id", value=pl.col("net_gp_window").cast(pl.Float64)
    )
    divisions = values.group_by("division").agg(
        usual=pl.col("value").quantile(quantile, interpolation="linear"),
        cap=pl.col("value").quantile(CAP, interpolation="linear"),
    )
    whole = divisions.select(
        "division",
        pl.lit(None, dtype=pl.String).alias("group"),
        value=pl.min_horizontal("usual", "cap"),
    )
    if groups is None:
        return whole.sort("division")
    shrunk = (
        values.join(groups.drop_nulls("group"), on="customer_id")
        .group_by("division", "group")
        .agg(own=pl.col("value").quantile(quantile, interpolation="linear"), count=pl.len())
        .join(divisions, on="division")
        .with_columns(
            drawn=(pl.col("count") * pl.col("own") + PSEUDO_BUYERS * pl.col("usual"))
            / (pl.col("count") + PSEUDO_BUYERS)
        )
        .select("division", "group", value=pl.min_horizontal("drawn", "cap"))
    )
    return pl.concat([whole, shrunk]).sort("division", "group", nulls_last=False)


def value_given_purchase(
    candidates: pl.DataFrame, values: pl.DataFrame, groups: pl.DataFrame | None
) -> pl.Series:
    """Value of a purchase for each row (``division, customer_id``); 0 where nobody ever bought.

    A customer whose group is unknown, or has no buyers, gets the division's value.
    """
    rows = candidates.select("division", "customer_id")
    if groups is None:
        rows = rows.with_columns(group=pl.lit(None, dtype=pl.String))
    else:
        rows = rows.join(groups, on="customer_id", how="left", maintain_order="left")
    whole = values.filter(pl.col("group").is_null()).select("division", whole="value")
    return (
        rows.join(
            values.drop_nulls("group"), on=["division", "group"], how="left", maintain_order="left"
        )
        .join(whole, on="division", how="left", maintain_order="left")
        .select(pl.coalesce("value", "whole", pl.lit(0.0)).alias("value_given_purchase"))
        .to_series()
    )
