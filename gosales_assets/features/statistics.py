"""How features are spread, and how much of each is known: for people, and for drift."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from statistics import fmean

import polars as pl

from gosales_assets.feature_families import Family
from gosales_assets.features.catalog import CATALOG
from gosales_assets.features.contract import (
    FEATURE_CATALOG,
    FEATURE_MATRIX,
    FEATURE_STATISTICS,
    IN_MATRIX,
    MATRIX_STATISTICS,
    OFF,
)
from gosales_assets.warehouse import Written

QUANTILES = {"p01": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}
_DIGITS = 9


def feature_statistics(
    layer: pl.DataFrame, cutoff: date, division: str, caps: Mapping[str, float]
) -> pl.DataFrame:
    """Describe every feature of a layer: rows of features.feature_statistics.

    Each column is sorted once. So quantiles are exact (the smallest value that has at least that
    share of the known ones at or below it), and the mean adds up in an order that does not depend
    on the rows'.

    Parameters
    ----------
    layer
        features.customer_features, or one target of features.division_features: one at a time is
        all that memory has to hold.
    division
        The target; empty for the customers' own features.
    caps
        Feature -> winsor cap.
    """
    features = [name for name in layer.columns if "__" in name]
    ordered = layer.select(pl.col(features).cast(pl.Float64).sort(nulls_last=True))
    rows = [
        {
            "cutoff": cutoff,
            "feature": values.name,
            "division": division,
            "rows": layer.height,
            "cap": caps.get(values.name),
            **_spread(values.drop_nulls(), layer.height),
        }
        for values in ordered
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides=FEATURE_STATISTICS.types)
    return FEATURE_STATISTICS.typed(frame)


def _spread(known: pl.Series, rows: int) -> dict[str, float | None]:
    """Coverage, mean and quantiles of a column's known values, which are sorted."""
    count = known.len()
    if not count:
        return {"coverage": 0.0, "mean": None, **dict.fromkeys(QUANTILES)}
    places = [math.ceil(share * count) - 1 for share in QUANTILES.values()]
    return {
        "coverage": count / rows,
        "mean": _rounded(float(known.sum()) / count),
        **dict(zip(QUANTILES, map(_rounded, known.gather(places)), strict=True)),
    }


def _rounded(value: float) -> float:
    # Sums differ in their last digits between processors; 0.0 is added since -0.0 is no news.
    return float(f"{value:.{_DIGITS}g}") + 0.0


def matrix_statistics(written: Sequence[Written], cutoff: date) -> pl.DataFrame:
    """Put sizes and checksums of a cutoff's matrices together: features.matrix_statistics."""
    features = sum("__" in name for name in FEATURE_MATRIX.types)
    rows = [
        {
            "cutoff": cutoff,
            "division": matrix.partition["division"],
            "rows": matrix.rows,
            "features": features,
            "checksum": matrix.checksum,
        }
        for matrix in written
    ]
    return MATRIX_STATISTICS.typed(pl.DataFrame(rows, schema_overrides=MATRIX_STATISTICS.types))


def feature_catalog(statistics: pl.DataFrame, families_off: Sequence[Family]) -> pl.DataFrame:
    """Write the catalogue out as a table, with the mean coverage over cutoffs and targets."""
    ordered = statistics.sort("feature", "cutoff", "division")
    grouped = ordered.group_by("feature", maintain_order=True).agg("coverage")
    coverage = {name: fmean(shares) for name, shares in grouped.iter_rows()}
    rows = [
        {
            "feature": f.name,
            "family": f.family,
            "scope": f.scope,
            "measure": f.measure,
            "window": f.window,
            "meaning": f.meaning,
            "unit": f.unit,
            "null_means": f.null_means,
            "status": OFF if f.family in families_off else IN_MATRIX,
            "coverage": coverage.get(f.name),
        }
        for f in CATALOG
    ]
    return FEATURE_CATALOG.typed(pl.DataFrame(rows, infer_schema_length=None))
