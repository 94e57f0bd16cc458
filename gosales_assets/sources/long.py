"""The long layout: one record is one order line."""

from collections.abc import Mapping

import polars as pl

from gosales_assets.settings import SalesLog
from gosales_assets.sources.currency import to_base
from gosales_assets.sources.layout import Layout
from gosales_assets.sources.orders import LINE_FIELDS, Parsed, cell
from gosales_assets.sources.parsing import (
    cents,
    identifier,
    is_missing_number,
    numbers,
    text,
    units,
)
from gosales_assets.sources.products import with_products
from gosales_assets.sources.quarantine import (
    BAD_NUMBER,
    NO_AMOUNT,
    NO_DIVISION,
    NO_PRODUCT,
    NO_RATE,
    UNKNOWN_PRODUCT,
    Problem,
    shown,
    with_problems,
)
from gosales_assets.sources.sku_map import SkuMap

_NUMBERS = ("quantity", "revenue", "unit_price", "cost", "gross_profit")
_LARGEST = 10**13


def parse_long(
    records: pl.DataFrame,
    orders: pl.DataFrame,
    layout: Layout,
    log: SalesLog,
    sku_map: SkuMap | None,
    keys: Mapping[str, str],
) -> Parsed:
    """Parse products and money of records whose order fields are known.

    Revenue is the log's, else unit price x quantity, a half cent rounded away from zero; gross
    profit is the log's, else revenue less cost, else unknown.

    Parameters
    ----------
    records, orders
        Cells and `order_fields` of the same records.
    keys
        Identity -> key of all divisions.
    """
    cells = records.select(
        sku=identifier(cell(layout, "sku")),
        product_name=text(cell(layout, "product_name")),
        named_division=text(cell(layout, "division")),
        **{f"{name}_cell": cell(layout, name) for name in _NUMBERS},
    )
    read = [
        numbers(cells[f"{name}_cell"], decimal_comma=log.decimal_comma).alias(f"{name}_number")
        for name in _NUMBERS
    ]
    frame = with_products(
        orders.hstack(cells).hstack(read).with_columns(_amounts()), sku_map, log, keys
    )
    unknown = NO_DIVISION if sku_map is None else UNKNOWN_PRODUCT
    frame = with_problems(frame, _problems(unknown))
    frame = frame.with_columns(
        revenue=to_base(pl.col("own_revenue"), pl.col("currency_rate")),
        gross_profit=to_base(pl.col("own_gross_profit"), pl.col("currency_rate")),
    )
    return Parsed(
        frame.select(
            "line",
            "raw",
            "line_key",
            "reason",
            "detail",
            "quantity",
            revenue="own_revenue",
            gross_profit="own_gross_profit",
        ),
        frame.select(
            LINE_FIELDS,
        ),
    )


def _amounts() -> list[pl.Expr]:
    number = {name: pl.col(f"{name}_number") for name in _NUMBERS}
    # As floats only to see that the product fits; the product itself is exact.
    fits = (
        number["unit_price"].cast(pl.Float64) * number["quantity"].cast(pl.Float64)
    ).abs() < _LARGEST
    computed = pl.when(fits).then(number["unit_price"]) * pl.when(fits).then(number["quantity"])
    revenue = cents(pl.coalesce(number["revenue"], computed))
    profit = pl.coalesce(cents(number["gross_profit"]), revenue - cents(number["cost"]))
    return [
        units(number["quantity"]).alias("quantity"),
        revenue.alias("own_revenue"),
        profit.cast(pl.Decimal(18, 2)).alias("own_gross_profit"),
    ]


def _problems(unknown: str) -> list[Problem]:
    unreadable = [
        Problem(
            BAD_NUMBER,
            pl.col(f"{name}_number").is_null() & ~is_missing_number(pl.col(f"{name}_cell")),
            shown(name, pl.col(f"{name}_cell")),
        )
        for name in _NUMBERS
    ]
    return [
        Problem(NO_PRODUCT, pl.col("sku").is_null(), pl.lit(None, pl.String)),
        Problem(unknown, pl.col("division").is_null(), shown("sku", pl.col("sku"))),
        *unreadable,
        Problem(
            NO_AMOUNT,
            pl.col("own_revenue").is_null() & pl.col("own_gross_profit").is_null(),
            pl.lit(None, pl.String),
        ),
        Problem(NO_RATE, pl.col("currency_rate").is_null(), shown("currency", pl.col("currency"))),
    ]
