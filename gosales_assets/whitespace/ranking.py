"""From scores to a list: a total order, ranks, and a diversified selection."""

import math

import polars as pl

MAX_DIVISION_SHARE = 0.6

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


def with_selection(ranked: pl.DataFrame, top_percent: float) -> pl.DataFrame:
    """Add ``selected``: the best ``top_percent`` of the rows, without one division taking over.

    No division may fill more than 60 % of the selection while others have candidates: its rows
    beyond that are passed over and the next best of the others pulled in. Only when those run out
    are the passed-over rows taken after all.
    """
    size = selection_size(ranked.height, top_percent)
    cap = max(1, math.floor(MAX_DIVISION_SHARE * size))
    passed_over = pl.col("division_rank") > cap
    place = pl.struct(passed_over, pl.col("rank")).rank("ordinal")
    return ranked.with_columns(selected=place <= size)


def selection_size(rows: int, top_percent: float) -> int:
    """Rows to select: the share of all, rounded up."""
    return math.ceil(round(rows * top_percent, 9))
