"""Percentile, grade, trend and segment of a score: the rules that people read."""

import polars as pl

GRADE_FLOORS = {"A": 0.90, "B": 0.70, "C": 0.40, "D": 0.20}
LOWEST = "F"
TREND_STEP = 0.05
RECENT_ORDERS = "rfm__all__orders__12m"


def percentile(score: str = "icp_score", over: str = "division") -> pl.Expr:
    """Share of the division's rows that score lower, equal ones (and itself) counted half.

    (mean rank - 1/2) / rows: where all are equal, each is at .5; ties share one value.
    """
    rank = pl.col(score).rank("average").over(over)
    return ((rank - 0.5) / pl.len().over(over)).round(9)


def grade(percentile: str = "icp_percentile") -> pl.Expr:
    """Letter of a percentile; the floor of a grade belongs to it."""
    letter = pl.lit(LOWEST)
    for name, floor in reversed(GRADE_FLOORS.items()):
        letter = pl.when(pl.col(percentile) >= floor).then(pl.lit(name)).otherwise(letter)
    return letter


def trend(now: str, before: str) -> pl.Expr:
    """Direction of a percentile; more than .05 counts, no earlier score is new."""
    change = (pl.col(now) - pl.col(before)).round(9)
    return (
        pl.when(pl.col(before).is_null())
        .then(pl.lit("new"))
        .when(change > TREND_STEP)
        .then(pl.lit("up"))
        .when(change < -TREND_STEP)
        .then(pl.lit("down"))
        .otherwise(pl.lit("steady"))
    )


def segment() -> pl.Expr:
    """Warm when anything was bought in the last 12 months, else cold (older history only)."""
    return pl.when(pl.col(RECENT_ORDERS) > 0).then(pl.lit("warm")).otherwise(pl.lit("cold"))
