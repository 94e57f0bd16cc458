"""From scores to a list: a total order, and what was handed out already moved down."""

import polars as pl

# Column -> descending. Ends in the key of a row, so that the order is total.
ORDER = {
    "score": True,
    "p_icp_pct": True,
    "expected_gp": True,
    "recency_days": False,
    "customer_id": False,
    "division": False,
}


def with_ranks(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``rank`` (over all) and ``division_rank``, both from 1; the rows stay where they are.

    Unknown expected values and recencies come last among equals.
    """
    order = _order(rows)
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64, eager=False)
    sorted_divisions = rows.select(pl.col("division").gather(order))
    ranks = sorted_divisions.select(
        at=order, rank=place, division_rank=place.over("division")
    ).sort("at")
    return rows.with_columns(ranks["rank"], ranks["division_rank"])


def _order(rows: pl.DataFrame) -> pl.Series:
    """Positions of the rows, best first: by score alone, and among equal scores by the rest.

    Sorting one column is many times cheaper than six, and few scores are equal.
    """
    order = rows["score"].arg_sort(descending=True, nulls_last=True)
    score = rows["score"].gather(order)
    equal = (score == score.shift(1)).fill_null(False)
    tied = equal | equal.shift(-1).fill_null(False)
    if not tied.any():
        return order
    among = order.filter(tied)
    sorted_among = (
        rows.select(list(ORDER))[among]
        .with_columns(at=among)
        .sort(list(ORDER), descending=list(ORDER.values()), nulls_last=True)["at"]
    )
    return order.scatter(tied.arg_true(), sorted_among)


def damped(rows: pl.DataFrame, surfaced: pl.DataFrame, factor: float) -> pl.DataFrame:
    """Lower the score of rows that were handed out lately and not acted on; add ``surfaced``.

    Parameters
    ----------
    surfaced
        ``division, customer_id`` of those rows, see `surfaced.not_acted_on`.
    """
    shown = surfaced.select("division", "customer_id", surfaced=pl.lit(True))
    keys = rows.select("division", "customer_id")
    marks = keys.join(shown, on=keys.columns, how="left", validate="m:1", maintain_order="left")[
        "surfaced"
    ].fill_null(False)
    score = pl.col("score")
    return rows.with_columns(marks).with_columns(
        score=pl.when("surfaced").then((score * factor).round(12)).otherwise(score)
    )
