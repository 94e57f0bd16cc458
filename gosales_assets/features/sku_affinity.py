"""What single products say about a target: smoothed lifts of product -> target rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.features.contract import PRODUCT_RULES
from gosales_assets.features.holdings import Holdings
from gosales_assets.features.numbering import numbers_among, numbers_of_runs
from gosales_assets.features.past import Past
from gosales_assets.features.pull import Pull, places_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Baskets:
    """Products bought in the last 12 months: customers (rows, sorted) x SKUs (columns, sorted).

    Attributes
    ----------
    held, learned
        1 where bought in the last 12 months, and where that was 60 days ago or more.
    homes
        Divisions that each SKU's lines belonged to: ``sku, division``.
    """

    skus: list[str]
    held: "csr_matrix"
    learned: "csr_matrix"
    homes: pl.DataFrame


def baskets_of(past: Past) -> Baskets:
    """Build the baskets of one cutoff."""
    homes = past.homes.filter("bought").select("sku", "division")
    skus = homes["sku"].unique(maintain_order=True)
    rows = numbers_of_runs(past.ids["customer_id"], past.products["customer_id"])
    columns = numbers_among(skus, past.products["sku"])
    may_teach = past.products["learned"].to_numpy()
    shape = (past.ids.height, skus.len())
    return Baskets(
        skus=skus.to_list(),
        held=_incidence(rows, columns, shape),
        learned=_incidence(rows[may_teach], columns[may_teach], shape),
        homes=homes,
    )


def learn_product_rules(
    past: Past,
    baskets: Baskets,
    holdings: Holdings,
    targets: Sequence[str],
    least_customers: int,
) -> pl.DataFrame:
    """Find what each product with enough buyers says: features.product_rules, in its order.

    Rules are learned like those between divisions, on the orders between 12 months and 60 days
    before the cutoff. The target's own products are left out. Each lift is eased toward 1 by
    ``least_customers`` buyers who buy the target at the base rate.
    """
    bought = holdings.learned[:, holdings.columns(targets)]
    population = max(int((holdings.learned.sum(axis=1) > 0).sum()), 1)
    base = bought.sum(axis=0) / population
    buyers = np.asarray(baskets.learned.sum(axis=0)).ravel()
    together = np.asarray(baskets.learned.T @ bought)
    usable = (buyers >= least_customers)[:, None] & (base > 0)
    sku, target = np.nonzero(usable & ~_own(past, baskets, targets))
    eased = together[sku, target] + least_customers * base[target]
    rate = eased / (buyers[sku] + least_customers)
    rules = pl.DataFrame(
        {
            "sku": pl.Series(baskets.skus, dtype=pl.String).gather(sku),
            "division": pl.Series(targets, dtype=pl.String).gather(target),
            "antecedent_customers": buyers[sku],
            "support_customers": together[sku, target],
            "base_rate": base[target],
            "lift": rate / base[target],
        }
    ).with_columns(
        pl.lit(past.cutoff).alias("cutoff"),
        pl.lit(holdings.learned_until, pl.Date).alias("fit_date"),
    )
    return PRODUCT_RULES.typed(rules).sort(PRODUCT_RULES.sort)


def products_pull(baskets: Baskets, rules: pl.DataFrame, targets: Sequence[str]) -> Pull:
    """Sum up the log lifts of the rules that apply to the products that each customer bought.

    Parameters
    ----------
    rules
        features.product_rules, in its order; `Pull.best` counts its rows.
    """
    antecedents = pl.DataFrame({"sku": baskets.skus}, {"sku": pl.String})
    places = places_of(rules, antecedents, targets)
    return Pull(baskets.held, places, np.log(rules["lift"].to_numpy()))


def _incidence(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, int]
) -> "csr_matrix":
    """1 in these places; rows ascend, as those of features.product_past do."""
    from scipy.sparse import csr_matrix

    ends = np.append(0, np.cumsum(np.bincount(rows, minlength=shape[0])))
    found = csr_matrix((np.ones(len(rows)), columns, ends), shape=shape)
    found.sort_indices()  # fixes the order of summation
    return found


def _own(past: Past, baskets: Baskets, targets: Sequence[str]) -> npt.NDArray[np.bool_]:
    """SKUs x targets: whether a SKU is one of the target's own."""
    own = np.zeros((len(baskets.skus), len(targets)), dtype=bool)
    position = {sku: i for i, sku in enumerate(baskets.skus)}
    for column, target in enumerate(targets):
        members = (
            past.sku_sets[target]
            if target in past.sku_sets
            else baskets.homes.filter(pl.col("division") == target)["sku"].to_list()
        )
        own[[position[sku] for sku in members if sku in position], column] = True
    return own
