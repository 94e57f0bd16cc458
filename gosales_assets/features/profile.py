"""What customers alike do: purchase rates by industry, size, region, branch, rep and so on.

Each rate is the share of the customers with the same attribute value that bought the target,
shrunk toward the share among all customers (sub-industries toward their industry). Only
attributes that do not change over time may be used for a past cutoff: those that the settings
declare stable. Branch and rep come from the customer's newest line by then.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets.features.holdings import Array
from gosales_assets.features.shrinkage import rate_prior, shrunk
from gosales_assets.settings import Settings

if TYPE_CHECKING:
    import ibis

PARENTS = {"sub_industry": "industry"}
_FROM_LINES = ("branch", "rep")


def stable_attributes(customers: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Keep of star.dim_customer what past cutoffs may use; all else becomes null.

    Returns
    -------
    One row per customer: customer_id and the attributes of the side tables.
    """
    declared = {name: set(side.stable) for name, side in settings.side_tables.items()}
    stable = declared.get("customers", set())
    enriched = declared.get("industry_enrichment", set())
    by_enrichment = pl.col("industry_source") == "enrichment"
    kept = []
    for name in ATTRIBUTES:
        if name in _FROM_LINES:
            continue
        allowed = pl.lit(name in stable)
        if name in ("industry", "sub_industry"):
            allowed = pl.when(by_enrichment).then(name in enriched).otherwise(name in stable)
        kept.append(pl.when(allowed).then(pl.col(name)).alias(name))
    return customers.select("customer_id", *kept)


def latest_of_lines(lines: "ibis.Table") -> pl.DataFrame:
    """Branch and rep of each customer's newest line that names one."""
    order = (lines.order_date, lines.line_id)
    key = order[0].cast("string") + order[1]  # ISO days sort as text
    return (
        lines.mutate(key=key)
        .group_by("customer_id")
        .aggregate(
            branch=lines.branch.argmax(key, where=lines.branch.notnull()),
            rep=lines.rep.argmax(key, where=lines.rep.notnull()),
        )
        .to_polars()
    )


def attribute_rates(values: Sequence[str | None], bought: Array, parents: Array) -> dict[str, Any]:
    """Fit smoothed rates per attribute value.

    Parameters
    ----------
    values
        The attribute, per customer; missing where unknown.
    bought
        Customers x targets, 1 where bought.
    parents
        Rate that each customer's value is shrunk toward: customers x targets.

    Returns
    -------
    ``values`` (sorted) and ``rates`` (values x targets), ready for JSON.
    """
    names = sorted({v for v in values if v is not None})
    position = {name: i for i, name in enumerate(names)}
    known = np.array([v is not None for v in values], dtype=bool)
    group = np.array([position[v] for v in values if v is not None], dtype=np.int64)
    trials = np.bincount(group, minlength=len(names)).astype(np.float64)
    successes = _sums(group, bought[known], len(names))
    prior = _sums(group, parents[known], len(names)) / trials[:, None]
    rates = np.zeros_like(successes)
    for target in range(bought.shape[1]):
        strength = rate_prior(successes[:, target], trials)
        rates[:, target] = shrunk(successes[:, target], trials, prior[:, target], strength)
    return {"values": names, "rates": rates.tolist()}


def rates_of(values: Sequence[str | None], fitted: dict[str, Any], targets: int) -> Array:
    """Look the fitted rates up: customers x targets; NaN where the value is unknown."""
    table = np.array([*fitted["rates"], [np.nan] * targets], dtype=np.float64)
    position = {name: i for i, name in enumerate(fitted["values"])}
    return np.asarray(table[[position.get(v, -1) if v is not None else -1 for v in values]])


def _sums(group: np.ndarray, columns: Array, groups: int) -> Array:
    sums = [np.bincount(group, weights=column, minlength=groups) for column in columns.T]
    return np.array(sums, dtype=np.float64).T.reshape(groups, columns.shape[1])
