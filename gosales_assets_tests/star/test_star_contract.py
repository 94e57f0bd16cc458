"""Contracts of the star: days and counts that cannot be are shown with their key, and only warn."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.sources.contract import SALES_LINES
from gosales_assets.star.contract import (
    CUSTOMER_DAY,
    CUSTOMER_MONTH,
    DIM_CUSTOMER,
    DIM_CUTOFF,
    DIM_DIVISION,
    DIM_PRODUCT,
    FACT_TRANSACTIONS,
)
from gosales_assets.tables import Table
from gosales_assets_tests.star.order_lines import line, sales_lines

AHEAD = date.today() + timedelta(days=2)  # a run of the suite may pass midnight
LONG_AGO = date(1899, 12, 31)
DAY, LATER = date(2024, 1, 31), date(2024, 7, 31)
SPAN = {"first_order": DAY, "last_order": LATER, "first_sold": DAY, "last_sold": LATER}
PLAIN: dict[str, Any] = {
    "scope": "division",
    "cutoff": DAY,
    "window_end": LATER,
    "data_start": DAY,
    "data_end": LATER,
    "industry_source": None,
}


def one_row(table: Table, **about: Any) -> pl.DataFrame:
    """Make a row that keeps the contract, but for what is said."""
    by_type = {"String": "x", "Boolean": True, "Date": DAY, "Int64": 1, "Float64": 1.0}
    row = {name: by_type.get(str(kind), 1) for name, kind in table.types.items()}
    row |= {name: value for name, value in (SPAN | PLAIN).items() if name in row}
    row |= {name: DAY for name, kind in table.types.items() if str(kind).startswith("Datetime")}
    frame = pl.DataFrame([row | about], strict=False)
    return table.typed(frame.with_columns(pl.col(pl.Null).cast(pl.String)))


@pytest.mark.parametrize(
    "table",
    [FACT_TRANSACTIONS, DIM_CUSTOMER, DIM_PRODUCT, DIM_DIVISION, DIM_CUTOFF, CUSTOMER_MONTH,
     CUSTOMER_DAY],
    ids=lambda table: table.name,
)  # fmt: skip
def test_a_plain_row_keeps_the_contract(table: Table) -> None:
    assert breaches(table, one_row(table)) == []


@pytest.mark.parametrize(
    ("table", "about", "column"),
    [
        (FACT_TRANSACTIONS, {"order_date": AHEAD}, "order_date"),
        (FACT_TRANSACTIONS, {"order_date": LONG_AGO}, "order_date"),
        (FACT_TRANSACTIONS, {"customer_id": ""}, "customer_id"),
        (FACT_TRANSACTIONS, {"currency_rate": 0.0}, "currency_rate"),
        (DIM_CUSTOMER, {"first_order": LATER, "last_order": DAY}, "last_order"),
        (DIM_CUSTOMER, {"industry_source": "hearsay"}, "industry_source"),
        (DIM_PRODUCT, {"first_sold": LATER, "last_sold": DAY}, "last_sold"),
        (DIM_DIVISION, {"first_sold": AHEAD}, "first_sold"),
        (DIM_CUTOFF, {"window_end": DAY - timedelta(days=1)}, "window_end"),
        (DIM_CUTOFF, {"data_start": LATER, "data_end": DAY}, "data_end"),
        (CUSTOMER_MONTH, {"lines": 1, "returns": 2}, "lines"),
        (CUSTOMER_DAY, {"orders": 0}, "orders"),
    ],
)
def test_what_cannot_be_is_shown_with_its_key_and_only_warns(
    table: Table, about: dict[str, Any], column: str
) -> None:
    row = one_row(table, **about)
    (found,) = breaches(table, row)
    assert found.column == column
    assert not found.blocking
    key, value = found.examples[0].rsplit(": ", 1)
    assert all(f"{name} {row[name].item()}" in key for name in table.sort)
    assert value == str(row[column].item())


def test_lines_of_the_log_are_dated_from_1900_to_today() -> None:
    lines = sales_lines(*(line("c", str(day)) for day in (LONG_AGO, DAY, date.today(), AHEAD)))
    found = breaches(SALES_LINES, lines)
    assert [(b.column, b.rows) for b in found] == [("order_date", 1), ("order_date", 1)]
