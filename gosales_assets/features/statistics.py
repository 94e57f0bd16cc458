"""How features are spread, and how much of each is known: for people, and for drift."""

from collections.abc import Sequence
from datetime import date
from functools import reduce

import polars as pl

from gosales_assets.features.catalog import CATALOG, feature_names
from gosales_assets.features.contract import FEATURE_CATALOG, FEATURE_STATISTICS

_QUANTILES = {"p01": 0.01, "p50": 0.5, "p99": 0.99}
_DIGITS = 9


def feature_statistics(
    cutoff: date, customers: pl.DataFrame, matrices: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """Describe every feature of a cutoff: features.feature_statistics.

    Parameters
    ----------
    customers
        features.customer_features: a customer's features are counted once, not once per target.
    matrices
        The matrices of all targets.
    """
    of_targets = pl.concat([m.select(feature_names("div", "mkt")) for m in matrices])
    rows = [
        _describe(cutoff, frame[name].cast(pl.Float64))
        for frame, names in (
            (customers, feature_names("all")),
            (of_targets, feature_names("div", "mkt")),
        )
        for name in names
    ]
    return FEATURE_STATISTICS.typed(pl.DataFrame(rows, infer_schema_length=None))


def _describe(cutoff: date, values: pl.Series) -> dict[str, object]:
    known = values.drop_nulls()
    described: dict[str, object] = {
        "cutoff": cutoff,
        "feature": values.name,
        "coverage": known.len() / values.len(),
        "mean": _rounded(known.mean()),
        "rows": values.len(),
    }
    for name, share in _QUANTILES.items():
        described[name] = _rounded(known.quantile(share, "nearest"))
    return described


def _rounded(value: object) -> float | None:
    # Rounded, because the mean of many numbers depends in its last digits on their order.
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, int | float) else None


def feature_catalog(statistics: pl.DataFrame) -> pl.DataFrame:
    """Write the catalogue out as a table, with the mean coverage over cutoffs."""
    coverage = dict(
        statistics.sort("cutoff")
        .group_by("feature", maintain_order=True)
        .agg(pl.col("coverage"))
        .iter_rows()
    )
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
            "coverage": _mean(coverage.get(f.name, [])),
        }
        for f in CATALOG
    ]
    return FEATURE_CATALOG.typed(pl.DataFrame(rows, infer_schema_length=None))


def _mean(values: Sequence[float]) -> float | None:
    return reduce(float.__add__, values, 0.0) / len(values) if values else None


def coverage_by_family(statistics: pl.DataFrame) -> str:
    """Markdown table of the mean coverage of each family of features."""
    family = pl.col("feature").str.split("__").list.first().alias("family")
    grouped = (
        statistics.group_by(family)
        .agg(features=pl.len(), coverage=pl.col("coverage").mean())
        .sort("family")
    )
    lines = ["| family | features | share of rows known |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {count} | {share:.0%} |" for name, count, share in grouped.iter_rows()]
    return "\n".join(lines)
