"""Winsor caps: money and quantities above the 99th percentile of their day count as that much.

Fitted per cutoff on all customers known by then: once for what is known of the customer, and per
target for what is known of customer and target. The layers stay raw; only the matrix is capped.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.features.catalog import CATALOG
from gosales_assets.features.contract import WINSOR_CAPS

if TYPE_CHECKING:
    import ibis

SHARE = 0.99
CAPPED_UNITS = ("base currency", "seats")
CUSTOMER = ""
"""Stands for the division where the feature is one of the customer as a whole."""


def capped_features(scope: str) -> list[str]:
    """Names of the features of a scope that are sums of money or quantities."""
    return [f.name for f in CATALOG if f.scope == scope and f.unit in CAPPED_UNITS]


def fit_caps(
    customers: "ibis.Table", divisions: "ibis.Table", cutoff: date, fit_date: date
) -> pl.DataFrame:
    """Fit the caps of a cutoff: features.winsor_caps.

    Parameters
    ----------
    customers, divisions
        Both layers of the cutoff, the second one of any targets.
    fit_date
        Last day of the data behind the layers.

    Returns
    -------
    One row per feature (and target) with any value above zero; below it nothing is cut off.
    """
    import ibis

    whole = customers.mutate(division=ibis.literal(CUSTOMER))
    found = [
        *_quantiles(whole, capped_features("all")),
        *_quantiles(divisions, capped_features("div")),
    ]
    caps = pl.concat(found).filter(pl.col("rows") > 0)
    fitted = caps.with_columns(pl.lit(cutoff).alias("cutoff"), pl.lit(fit_date).alias("fit_date"))
    return WINSOR_CAPS.typed(fitted).sort(WINSOR_CAPS.sort)


def _quantiles(layer: "ibis.Table", features: Iterable[str]) -> list[pl.DataFrame]:
    """Exact quantile of each feature's positive values, by target: one query over the layer."""
    measures = {}
    features = [name for name in features if name in layer.columns]
    for name in features:
        positive = layer[name] > 0
        measures[f"{name}|cap"] = layer[name].cast("float64").quantile(SHARE, where=positive)
        measures[f"{name}|rows"] = positive.sum().fill_null(0)
    if not measures:
        return []
    wide = layer.group_by("division").aggregate(**measures).to_polars()
    return [
        wide.select(
            "division",
            pl.lit(name).alias("feature"),
            pl.col(f"{name}|cap").cast(pl.Float64).alias("cap"),
            pl.col(f"{name}|rows").cast(pl.Int64).alias("rows"),
        )
        for name in features
    ]


def caps_of(caps: pl.DataFrame, division: str) -> dict[str, float]:
    """Caps that hold in the matrix of a target, by feature."""
    mine = caps.filter(pl.col("division").is_in([CUSTOMER, division]))
    return dict(mine.select("feature", "cap").iter_rows())


def capped(frame: pl.DataFrame, caps: Mapping[str, float]) -> pl.DataFrame:
    """Cut the features of a target's matrix off at their caps; missing values stay missing."""
    known = [name for name in caps if name in frame.columns]
    return frame.with_columns(pl.col(name).clip(upper_bound=caps[name]) for name in known)
