"""From probabilities to ranked rows: percentile, grade, trend."""

import polars as pl

from gosales_assets.scores.grading import grade, percentile, trend


def graded(scored: pl.DataFrame) -> pl.DataFrame:
    """Add ``icp_percentile, icp_grade`` within the division to rows with ``icp_score``."""
    return scored.with_columns(icp_percentile=percentile()).with_columns(icp_grade=grade())


def with_trend(scored: pl.DataFrame, earlier: pl.DataFrame | None) -> pl.DataFrame:
    """Add ``trend`` against the percentiles of the previous cutoff (None: there are none)."""
    if earlier is None:
        return scored.with_columns(trend=pl.lit("new"))
    before = earlier.select("division", "customer_id", before="icp_percentile")
    return (
        scored.join(before, on=["division", "customer_id"], how="left", maintain_order="left")
        .with_columns(trend=trend("icp_percentile", "before"))
        .drop("before")
    )
