"""What customers alike do: purchase rates by industry, size, region, branch, rep and so on.

Each rate is the share of the customers with the same attribute value that bought the target,
shrunk toward the share among all customers (sub-industries toward their industry). A past cutoff
may use only what was known then: rows of a side table that say since when they hold, and columns
that the settings declare stable. Branch and rep come from the customer's newest line by then.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets.features.holdings import Array
from gosales_assets.features.shrinkage import rate_prior, shrunk
from gosales_assets.settings import Settings
from gosales_assets.star.industry_choice import industries_known_by
from gosales_assets.star.validity import known_by

PARENTS = {"sub_industry": "industry"}
_FROM_LINES = ("branch", "rep")
_INDUSTRY = ("industry", "sub_industry")


def attributes_known_by(
    customers: pl.DataFrame, matches: pl.DataFrame, cutoff: date, settings: Settings
) -> pl.DataFrame:
    """What the side tables said of each customer on the evening of a cutoff.

    That is the newest row by then; of rows that do not say since when they hold, only columns that
    the settings declare stable. The industry file speaks where the customers table does not.

    Parameters
    ----------
    customers, matches
        raw.customers and star.industry_matches.

    Returns
    -------
    At most one row per customer: customer_id and the attributes of the side tables; null: unknown.
    """
    declared = {name: set(side.stable) for name, side in settings.side_tables.items()}
    stable = declared.get("customers", set())
    own = known_by(customers, "customer_id", cutoff, stable)
    elsewhere = industries_known_by(
        matches,
        cutoff,
        names_are_stable="customer_name" in stable,
        stable=declared.get("industry_enrichment", set()),
    )
    both = own.join(elsewhere, on="customer_id", how="full", coalesce=True, suffix="_elsewhere")
    # An industry comes whole from one source.
    silent = pl.all_horizontal(pl.col(name).is_null() for name in _INDUSTRY)
    return both.select(
        "customer_id",
        *(
            pl.when(silent).then(f"{name}_elsewhere").otherwise(name).alias(name)
            if name in _INDUSTRY
            else name
            for name in ATTRIBUTES
            if name not in _FROM_LINES
        ),
    )


def attribute_rates(values: pl.Series, bought: Array, parents: Array) -> dict[str, Any]:
    """Fit smoothed rates per attribute value.

    Parameters
    ----------
    values
        The attribute, per customer; missing where unknown.
    bought
        Customers x targets, 1 where bought; by column (Fortran order), it is read fastest.
    parents
        Rate that each customer's value is shrunk toward, likewise.

    Returns
    -------
    ``values`` (sorted) and ``rates`` (values x targets), ready for JSON.
    """
    names = values.drop_nulls().unique().sort().to_list()
    group = _positions(values.drop_nulls(), names)
    known = values.is_not_null().to_numpy()
    trials = np.bincount(group, minlength=len(names)).astype(np.float64)
    successes = _sums(group, bought, known, len(names))
    prior = _sums(group, parents, known, len(names)) / trials[:, None]
    rates = np.zeros_like(successes)
    for target in range(bought.shape[1]):
        strength = rate_prior(successes[:, target], trials)
        rates[:, target] = shrunk(successes[:, target], trials, prior[:, target], strength)
    return {"values": names, "rates": rates.tolist()}


def rates_of(values: pl.Series, fitted: dict[str, Any], targets: int) -> Array:
    """Look the fitted rates up: customers x targets; NaN where the value is unknown."""
    table = np.array([*fitted["rates"], [np.nan] * targets], dtype=np.float64)
    return np.asarray(table[_positions(values, fitted["values"])])


def _positions(values: pl.Series, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Place of each value among the names; how many there are for those that are none of them."""
    places = values.cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int64)
    return places.fill_null(len(names)).to_numpy()


def _sums(group: np.ndarray, columns: Array, known: npt.NDArray[np.bool_], groups: int) -> Array:
    sums = [np.bincount(group, column[known], groups) for column in columns.T]
    return np.array(sums, dtype=np.float64).T.reshape(groups, columns.shape[1])
