"""Orders: what a record says of customer, day and currency, the same in both layouts."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from gosales_assets.settings import SalesLog
from gosales_assets.sources.currency import base_per_unit, currencies
from gosales_assets.sources.dates import dates
from gosales_assets.sources.layout import Layout
from gosales_assets.sources.parsing import SPACES, identifier, text
from gosales_assets.sources.quarantine import (
    BAD_DATE,
    FUTURE,
    NO_CUSTOMER,
    NO_DATE,
    Problem,
    shown,
    with_problems,
)
from gosales_assets.sources.rates import Rates

ORDER_FIELDS = (
    "customer_id",
    "customer_name",
    "account_prefix",
    "order_id",
    "order_date",
    "branch",
    "rep",
    "order_type",
    "status",
    "currency",
    "currency_rate",
)
# What both layouts make of a line; "own" money is in the row's currency.
LINE_FIELDS = (
    "line",
    *ORDER_FIELDS,
    "sku",
    "product_name",
    "division",
    "quantity",
    "revenue",
    "gross_profit",
    "own_revenue",
    "own_gross_profit",
)
_ATTRIBUTES = ("branch", "rep", "order_type", "status")
_DIGITS = "0123456789"
_BETWEEN = "-:" + SPACES  # an account number and the name after it


@dataclass(frozen=True)
class Parsed:
    """A chunk of records, parsed.

    Parameters
    ----------
    records
        One row per record: ``line, raw, line_key, reason, detail`` (null: usable) and its own
        sums ``quantity, revenue, gross_profit`` as far as its cells can be read.
    lines
        One row per order line of any record, usable or not: ``line`` and what `raw.sales_lines`
        says of it, with ``own_revenue`` and ``own_gross_profit`` before conversion.
    """

    records: pl.DataFrame
    lines: pl.DataFrame


def cell(layout: Layout, column: str) -> pl.Expr:
    """Text of one of our columns; null where the file has it not."""
    at = layout.columns.get(column)
    return pl.lit(None, pl.String) if at is None else pl.col(str(at))


def order_fields(
    records: pl.DataFrame,
    layout: Layout,
    log: SalesLog,
    rates: Rates,
    date_order: str,
    today: date,
) -> pl.DataFrame:
    """Parse what both layouts share and note the first problem of each record.

    Parameters
    ----------
    rates
        What other currencies are worth on a row without a rate of its own.

    Returns
    -------
    ``line, raw, line_key, reason, detail`` and `ORDER_FIELDS`, one row per record.
    """
    name = text(cell(layout, "customer_name"))
    prefix, account = _account(name)
    frame = records.select(
        "line",
        "raw",
        line_key=identifier(cell(layout, "line_id")),
        reason=pl.lit(None, pl.String),
        detail=pl.lit(None, pl.String),
        customer_id=identifier(cell(layout, "customer_id")),
        customer_name=account,
        account_prefix=prefix,
        order_id=pl.coalesce(
            identifier(cell(layout, "order_id")), identifier(cell(layout, "invoice_id"))
        ),
        date_cell=cell(layout, "order_date"),
        currency=currencies(cell(layout, "currency"), log.base_currency),
        **{column: text(cell(layout, column)) for column in _ATTRIBUTES},
    )
    rate_at = layout.columns.get("currency_rate")
    days = dates(frame["date_cell"], date_order)
    frame = frame.with_columns(
        order_date=days["day"],
        no_date=days["missing"],
        currency_rate=base_per_unit(
            frame["currency"],
            days["day"],
            None if rate_at is None else records[str(rate_at)],
            "" if rate_at is None else layout.file.header[rate_at],
            rates,
            decimal_comma=log.decimal_comma,
        ),
    )
    return with_problems(frame, _problems(today)).drop("date_cell", "no_date")


def _account(name: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Part an account number of three digits or more, if a name begins with one, from the name."""
    rest = name.str.strip_chars_start(_DIGITS)
    bare = rest.str.strip_chars_start(_BETWEEN)
    digits = name.str.len_bytes() - rest.str.len_bytes()
    parted = (digits >= 3) & (bare != "") & (bare.str.len_bytes() < rest.str.len_bytes())
    return pl.when(parted).then(name.str.head(digits)), pl.when(parted).then(bare).otherwise(name)


def _problems(today: date) -> list[Problem]:
    date_shown = shown("order_date", pl.col("date_cell").fill_null(""))
    return [
        Problem(NO_CUSTOMER, pl.col("customer_id").is_null(), pl.lit(None, pl.String)),
        Problem(NO_DATE, pl.col("no_date"), date_shown),
        Problem(BAD_DATE, pl.col("order_date").is_null(), date_shown),
        Problem(FUTURE, pl.col("order_date") > today, date_shown),
    ]
