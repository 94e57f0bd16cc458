"""Checks between tables: nothing lost, nothing doubled, no key without its row.

Pure functions over lazy frames; each gives the broken rules with counts, or an empty list.
"""

from collections.abc import Sequence

import polars as pl

from gosales_assets.breaches import FAILING_ROWS_SHOWN, Breach

MEASURES = ("quantity", "revenue", "gross_profit")


def totals_differ(
    ours: pl.LazyFrame, theirs: pl.LazyFrame, columns: Sequence[str], of: str
) -> list[Breach]:
    """Compare sums to the cent, and numbers of lines.

    Parameters
    ----------
    ours, theirs
        The tables, each with ``columns`` and an integer column ``lines``.
    of
        What is compared with what, in words.
    """
    measures = ["lines", *columns]
    left, right = (
        frame.select(pl.col(name).sum() for name in measures).collect().row(0)
        for frame in (ours, theirs)
    )
    return [
        Breach(name, f"{of}: equal sums", 1, (f"{mine} is not {other}",))
        for name, mine, other in zip(measures, left, right, strict=True)
        if mine != other
    ]


def orphans(facts: pl.LazyFrame, dimension: pl.LazyFrame, column: str) -> list[Breach]:
    """Find lines whose ``column`` names no row of the dimension."""
    lost = (
        facts.select(column)
        .join(dimension.select(column), on=column, how="anti")
        .group_by(column)
        .agg(rows=pl.len())
        .sort(column)
        .collect()
    )
    if lost.is_empty():
        return []
    rule = "every line's key has a row in the dimension"
    return [
        Breach(column, rule, int(lost["rows"].sum()), tuple(lost[column].head(FAILING_ROWS_SHOWN)))
    ]


def not_one_row_each(facts: pl.LazyFrame, dimension: pl.LazyFrame, column: str) -> list[Breach]:
    """Find out whether joins multiplied or invented rows: as many rows as keys in the facts."""
    expected = facts.select(pl.col(column).n_unique()).collect().item()
    rows = dimension.select(pl.len()).collect().item()
    if rows == expected:
        return []
    rule = f"one row per {column} of the facts"
    return [Breach(column, rule, abs(rows - expected), (f"{rows} rows for {expected} keys",))]


def unlisted_divisions(facts: pl.LazyFrame, listed: Sequence[str]) -> pl.DataFrame:
    """Count the lines of divisions that are neither a target nor excluded by the settings.

    Returns
    -------
    pl.DataFrame
        One row per such division: division, lines, customers.
    """
    return (
        facts.filter(~pl.col("division").is_in(list(listed)))
        .group_by("division")
        .agg(lines=pl.len(), customers=pl.col("customer_id").n_unique())
        .sort("division")
        .collect()
    )
