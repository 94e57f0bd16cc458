"""Who held what: dense customer x division arrays, the ground that rules and factors stand on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.division_names import division_identity
from gosales_assets.features.numbering import numbers_among, numbers_of_runs
from gosales_assets.features.past import Past

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Holdings:
    """Purchases per customer (rows, sorted by id) and item (columns, sorted by name).

    Letter case, spaces and accents of a name do not count in the order: sums and factors depend on
    it in their last digits.

    Attributes
    ----------
    items
        All divisions with any line so far, all SKU sets, and all targets.
    is_division
        Per item: a division, not a SKU set.
    own_divisions
        Per SKU set: the divisions that its SKUs belonged to so far.
    orders, value
        Orders and net value (negative sums count as 0) of the last 12 months.
    months
        Distinct months with an order, of the last 24.
    ever
        1 where the item was ever bought.
    learned
        1 where it was bought between 12 months and 60 days before the cutoff.
    learned_until
        Newest order day behind ``learned``; null: there is none.
    first_age, last_age
        Months since the month of the first and of the newest order; NaN: never ordered.
    """

    customers: list[str]
    items: list[str]
    is_division: npt.NDArray[np.bool_]
    own_divisions: dict[str, list[str]]
    orders: Array
    value: Array
    months: Array
    ever: Array
    learned: Array
    learned_until: date | None
    first_age: Array
    last_age: Array

    def column(self, item: str) -> int:
        """Position of an item."""
        return self.items.index(item)

    def columns(self, items: Sequence[str]) -> list[int]:
        """Positions of items."""
        return [self.items.index(item) for item in items]

    @property
    def held(self) -> Array:
        """1 where the item was bought in the last 12 months."""
        return (self.orders > 0).astype(np.float64)


def holdings_of(past: Past, targets: Sequence[str]) -> Holdings:
    """Build the arrays of one cutoff."""
    sums = past.divisions.with_columns(learned=pl.col("learned_until").is_not_null())
    items = items_of(past, targets)
    counts = ["orders", "value", "months", "owned", "learned"]
    nothing = dict.fromkeys(counts, 0.0) | dict.fromkeys(["first_age", "last_age"], np.nan)
    arrays = laid_out(past, sums, items, nothing)
    return Holdings(
        customers=past.ids["customer_id"].to_list(),
        items=items,
        is_division=np.array([item not in past.sku_sets for item in items], bool),
        own_divisions=_own_divisions(past),
        orders=arrays["orders"],
        value=np.clip(arrays["value"], 0.0, None),
        months=arrays["months"],
        ever=arrays["owned"],
        learned=arrays["learned"],
        learned_until=sums.select(pl.col("learned_until").max()).item(),
        first_age=arrays["first_age"],
        last_age=arrays["last_age"],
    )


def items_of(past: Past, targets: Sequence[str]) -> list[str]:
    """All divisions and SKU sets with any line so far, and all targets, sorted by name."""
    found = {*past.divisions["division"].unique(), *targets}
    return sorted(found, key=lambda item: (division_identity(item), item))


def _own_divisions(past: Past) -> dict[str, list[str]]:
    found = {}
    for name, skus in sorted(past.sku_sets.items()):
        own = past.homes.filter(pl.col("sku").is_in(list(skus)))
        found[name] = sorted(own["division"].unique())
    return found


def laid_out(
    past: Past, sums: pl.DataFrame, items: Sequence[str], nothing: Mapping[str, float]
) -> dict[str, Array]:
    """Lay columns out as customers x items.

    Parameters
    ----------
    sums
        Rows by customer_id and division; those of nobody in ``past`` are left out.
    nothing
        The columns, and what stands where the rows have no value.
    """
    shape = (past.ids.height, len(items))
    ids, names = past.ids["customer_id"], pl.Series(items, dtype=pl.String)
    rows = numbers_of_runs(ids, sums["customer_id"], strict=False)
    known = rows >= 0
    places = (rows * len(items) + numbers_among(names, sums["division"]))[known]
    arrays = {column: np.full(shape[0] * shape[1], empty) for column, empty in nothing.items()}
    for column, array in arrays.items():
        values = sums[column].cast(pl.Float64).fill_null(nothing[column]).to_numpy()
        array[places] = values[known]
    return {column: array.reshape(shape) for column, array in arrays.items()}
