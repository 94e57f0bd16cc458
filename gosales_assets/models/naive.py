"""The naive rankings that every model has to beat: plain counts that anyone could sort by."""

import polars as pl

OWNED = "diversity__all__divisions_owned__ever"
ORDERS_OF_DIVISION = "rfm__div__orders__ever"
ORDERS = "rfm__all__orders__ever"


def naive_score(matrix: pl.DataFrame, cohort: str = "all") -> pl.Series:
    """Rank by orders of the division, or for expansion by the number of product lines owned.

    Parameters
    ----------
    matrix
        Rows of a feature matrix (of one or more divisions of one cutoff).
    cohort
        "all" and "repeat" rank by orders of the division; "expansion" by product lines owned.

    Returns
    -------
    pl.Series
        A score in [0, 1], higher is likelier, aligned with the rows; not a probability. It is
        count + total orders / (1 + most total orders), scaled: ties in the count are broken by
        the total orders, and equal rows have equal scores.
    """
    count = OWNED if cohort == "expansion" else ORDERS_OF_DIVISION
    wanted = matrix.select(
        count=pl.col(count).fill_null(0).cast(pl.Float64),
        orders=pl.col(ORDERS).fill_null(0).cast(pl.Float64),
    )
    orders = pl.col("orders")
    combined = pl.col("count") + orders / (1 + orders.max())
    return wanted.select(naive=combined / (1 + combined.max()))["naive"]
