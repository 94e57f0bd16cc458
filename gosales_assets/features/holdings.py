"""Who held what: dense customer x division arrays, the ground that rules and factors stand on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.division_names import division_identity
from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import OFFSET_DAYS, YEAR

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


def holdings_of(activity: Activity, targets: Sequence[str]) -> Holdings:
    """Build the arrays of one cutoff."""
    monthly = _monthly(activity)
    daily, learned_until = _daily(activity)
    divisions = set(monthly.filter(pl.col("scope") == "division")["division"])
    items = sorted({*monthly["division"], *targets}, key=lambda i: (division_identity(i), i))
    customers = activity.customers["customer_id"]
    amounts = _dense(monthly, ["orders", "value", "months"], customers, items)
    owned = _dense(daily, ["ever", "learned"], customers, items)
    return Holdings(
        customers=customers.to_list(),
        items=items,
        is_division=np.array([i in divisions or i not in activity.sku_sets for i in items], bool),
        own_divisions=_own_divisions(activity),
        orders=amounts["orders"],
        value=np.clip(amounts["value"], 0.0, None),
        months=amounts["months"],
        ever=owned["ever"],
        learned=owned["learned"],
        learned_until=learned_until,
    )


def _monthly(activity: Activity) -> pl.DataFrame:
    t = activity.of_scope(activity.months, "div")
    year = t.age < YEAR
    sums = t.group_by("customer_id", "scope", "division").aggregate(
        orders=t.orders.sum(where=year).cast("float64"),
        value=t.value.sum(where=year).cast("float64"),
        months=t.month.count(where=(t.age < 2 * YEAR) & (t.orders > 0)).cast("float64"),
    )
    return sums.to_polars()


def _daily(activity: Activity) -> tuple[pl.DataFrame, date | None]:
    t = activity.of_scope(activity.days, "div")
    until = activity.cutoff - timedelta(days=OFFSET_DAYS)
    inside = (t.order_date > activity.day_before(YEAR)) & (t.order_date <= until)
    sums = t.group_by("customer_id", "division").aggregate(
        ever=(t.count() > 0).cast("float64"),
        learned=(t.count(where=inside) > 0).cast("float64"),
        learned_until=t.order_date.max(where=inside),
    )
    frame = sums.to_polars()
    return frame, frame["learned_until"].max()


def _own_divisions(activity: Activity) -> dict[str, list[str]]:
    found = {}
    for name, skus in sorted(activity.sku_sets.items()):
        lines = activity.lines.filter(activity.lines.sku.isin(list(skus)))
        found[name] = sorted(lines.select("division").distinct().to_polars()["division"])
    return found


def _dense(
    frame: pl.DataFrame, columns: Sequence[str], customers: pl.Series, items: Sequence[str]
) -> dict[str, Array]:
    """Lay columns out as customers x items; 0 where the frame has no row."""
    rows = customers.to_frame("customer_id").with_row_index("row")
    places = pl.DataFrame({"division": items}, {"division": pl.String}).with_row_index("column")
    known = frame.join(rows, on="customer_id").join(places, on="division")
    cells = (known["row"].to_numpy(), known["column"].to_numpy())
    arrays = {column: np.zeros((customers.len(), len(items))) for column in columns}
    for column, array in arrays.items():
        array[cells] = known[column].fill_null(0.0)
    return arrays
