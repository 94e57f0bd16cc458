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
    """Sort rows best first and add ``rank`` (over all) and ``division_rank``, both from 1.

    Unknown expected values and recencies come last among equals.
    """
    ordered = rows.sort(list(ORDER), descending=list(ORDER.values()), nulls_last=True)
    return ordered.with_columns(
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        division_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("division"),
    )


def damped(rows: pl.DataFrame, surfaced: pl.DataFrame, factor: float) -> pl.DataFrame:
    """Lower the score of rows that were handed out lately and not acted on; add ``surfaced``.

    Parameters
    ----------
    surfaced
        ``division, customer_id`` of those rows, see `surfaced.not_acted_on`.
    """
    shown = surfaced.select("division", "customer_id", surfaced=pl.lit(True))
    marked = rows.join(
        shown, on=["division", "customer_id"], how="left", validate="m:1", maintain_order="left"
    ).with_columns(pl.col("surfaced").fill_null(False))
    score = pl.col("score")
    return marked.with_columns(
        score=pl.when("surfaced").then((score * factor).round(12)).otherwise(score)
    )
