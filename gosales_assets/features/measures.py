"""What ledgers add up of the star's rows, in whole numbers, and how they count time."""

from collections.abc import Mapping

import polars as pl

from gosales_assets.features.catalog import YEAR

Measures = Mapping[str, pl.Expr]
QUARTERS = range(1, 5)
MAY_BE_UNKNOWN = ("revenue", "gross_profit", "quantity")
CENTS, FRACTIONS = 100, 10_000
"""Of a unit of money, and of a unit sold: the decimals that the star keeps."""


def _whole(name: str, parts: int) -> pl.Expr:
    """A decimal column in parts of its unit; 0 where it is missing."""
    decimals = len(str(parts)) - 1
    exact = pl.col(name).fill_null(0).cast(pl.Decimal(38, decimals))
    return exact.to_physical().cast(pl.Int64)


MONTH = pl.col("month").dt.year().cast(pl.Int64) * YEAR + pl.col("month").dt.month()
"""Number of the month of a row of star.customer_month: see `staging.ordinal_of`."""
DAY = pl.col("order_date").to_physical().cast(pl.Int64)
"""Day of a row of star.customer_day: days since 1970."""

_ORDERS, _VALUE = pl.col("orders").cast(pl.Int64), _whole("value", CENTS)
OF_MONTHS: Measures = {
    "orders": _ORDERS,
    **{name: pl.col(name).cast(pl.Int64) for name in ("lines", "returns")},
    "value": _VALUE,
    **{name: _whole(name, CENTS) for name in ("revenue", "gross_profit", "returned_value")},
    "quantity": _whole("quantity", FRACTIONS),
    **{f"{name}_known": pl.col(name).is_not_null().cast(pl.Int64) for name in MAY_BE_UNKNOWN},
    "ordered": (_ORDERS > 0).cast(pl.Int64),
    **{f"{name}_by_month": of * MONTH for name, of in (("orders", _ORDERS), ("value", _VALUE))},
    **{f"orders_quarter_{q}": _ORDERS * (pl.col("month").dt.quarter() == q) for q in QUARTERS},
}
"""Of star.customer_month: its columns, money in cents, units in ten-thousandths; 1 where a column
is not missing, and where there is an order; orders and value times the number of the month; orders
of the months in one quarter of a year."""
OF_DAYS: Measures = {"orders": _ORDERS, "value": _VALUE}
"""Of star.customer_day."""
OF_RETURN_DAYS: Measures = {"value": _VALUE}
"""Of days with returns only: see `staging.days_of_returns`."""
