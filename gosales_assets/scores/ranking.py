"""From log odds to scored rows: calibration, percentile, grade, trend."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.metrics import sigmoid
from gosales_assets.scores.grading import grade, percentile, trend

DECIMALS = 9


class Uncalibrated(Exception):
    """A division has no usable calibration; the message names it."""


def probabilities(
    candidates: pl.DataFrame, logits: NDArray[np.float64], calibration: pl.DataFrame
) -> pl.DataFrame:
    """Calibrate each row by its division's curve, and rank it within the division.

    Parameters
    ----------
    candidates
        ``division, customer_id`` of each row.
    logits
        The model's log odds of each row.
    calibration
        ``division, slope, intercept, method``, one row per division.

    Returns
    -------
    pl.DataFrame
        The rows with ``icp_score, icp_percentile, icp_grade, calibration_method``.

    Raises
    ------
    Uncalibrated
        When a division of the rows has no slope or intercept.
    """
    curves = calibration.select("division", "slope", "intercept", calibration_method="method")
    known = curves.drop_nulls(["slope", "intercept"])["division"]
    lost = sorted(set(candidates["division"].unique()) - set(known))
    if lost:
        raise Uncalibrated(f"no calibration of {', '.join(lost)}: materialize models/calibration")
    rows = candidates.join(curves, on="division", how="left", maintain_order="left")
    raw = rows["intercept"].to_numpy() + rows["slope"].to_numpy() * logits
    scored = rows.drop("slope", "intercept").with_columns(
        icp_score=pl.Series(np.round(sigmoid(raw), DECIMALS))
    )
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
