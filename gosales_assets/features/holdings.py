"""Who held what: dense customer x division arrays, the ground that rules and factors stand on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.division_names import division_identity
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
    items = sorted({*sums["division"].unique(), *targets}, key=lambda i: (division_identity(i), i))
    ids = past.ids["customer_id"]
    arrays = _dense(sums, ["orders", "value", "months", "owned", "learned"], ids, items, 0.0)
    ages = _dense(sums, ["first_age", "last_age"], ids, items, np.nan)
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
        **ages,
    )


def _own_divisions(past: Past) -> dict[str, list[str]]:
    found = {}
    for name, skus in sorted(past.sku_sets.items()):
        own = past.homes.filter(pl.col("sku").is_in(list(skus)))
        found[name] = sorted(own["division"].unique())
    return found


def _dense(
    frame: pl.DataFrame,
    columns: Sequence[str],
    customers: pl.Series,
    items: Sequence[str],
    nothing: float,
) -> dict[str, Array]:
    """Lay columns out as customers x items; ``nothing`` where the frame has no value."""
    known = frame.with_columns(
        pl.col(name).cast(pl.Enum(names), strict=False).to_physical()
        for name, names in (("customer_id", customers), ("division", items))
    ).drop_nulls(["customer_id", "division"])
    cells = (known["customer_id"].to_numpy(), known["division"].to_numpy())
    shape = (customers.len(), len(items))
    arrays = {column: np.full(shape, nothing) for column in columns}
    for column, array in arrays.items():
        array[cells] = known[column].cast(pl.Float64).fill_null(nothing)
    return arrays
