"""Hand-made order lines: only what a test is about needs to be said."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import polars as pl
from hypothesis import strategies as st

from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.sources.contract import (
    CUSTOMERS,
    INDUSTRY_ENRICHMENT,
    SALES_LINES,
)
from gosales_assets.star.contract import FACT_TRANSACTIONS
from gosales_assets.star.facts import Measure, transactions
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

NOW = datetime(2025, 1, 1, 12)
Row = dict[str, Any]


def line(customer: str, day: str, **about: Any) -> Row:
    """One order line: of product p in division Tools, one unit for 10, unless said otherwise."""
    row: Row = {
        "customer_id": customer,
        "order_date": date.fromisoformat(day),
        "sku": "p",
        "division": "Tools",
        "quantity": 1,
        "revenue": 10,
    }
    return row | about


def made(table: Table, rows: Sequence[Row]) -> pl.DataFrame:
    """A frame of ``table`` with nulls wherever a row says nothing."""
    kinds = table.types
    columns = {
        name: pl.Series(
            name,
            [
                Decimal(str(row[name]))
                if isinstance(kind, pl.Decimal) and row.get(name) is not None
                else row.get(name)
                for row in rows
            ],
            dtype=kind,
        )
        for name, kind in kinds.items()
    }
    return pl.DataFrame(columns)


def sales_lines(*rows: Row) -> pl.DataFrame:
    """``raw.sales_lines`` of these lines, in this order."""
    defaults = [
        {
            "line_id": f"f-{number:05}",
            "currency_rate": 1.0,
            "source_file": "f.csv",
            "source_line": number,
            "loaded_at": NOW,
        }
        for number in range(1, len(rows) + 1)
    ]
    return made(SALES_LINES, [a | b for a, b in zip(defaults, rows, strict=True)])


def side_customers(*rows: Row) -> pl.DataFrame:
    """``raw.customers``."""
    return made(CUSTOMERS, rows)


def companies(*rows: Row) -> pl.DataFrame:
    """``raw.industry_enrichment``."""
    return made(INDUSTRY_ENRICHMENT, rows)


@contextmanager
def tables(*frames: pl.DataFrame) -> Iterator[list[ir.Table]]:
    """Frames as Ibis tables of a fresh DuckDB."""
    with duckdb.connect(config={"threads": 2}) as connection:
        for number, frame in enumerate(frames):
            connection.register(f"frame{number}", frame.to_arrow())
            connection.sql(f"create table t{number} as from frame{number}")
        engine = ibis.duckdb.from_connection(connection)
        yield [engine.table(f"t{number}") for number in range(len(frames))]


def evaluate(expression: Callable[..., ir.Table], *frames: pl.DataFrame) -> pl.DataFrame:
    """Build an expression over frames and run it."""
    with tables(*frames) as inputs:
        return expression(*inputs).to_polars()


def facts_of(lines: pl.DataFrame, measure: Measure = "revenue") -> pl.DataFrame:
    """``star.fact_transactions`` of these order lines."""
    frame = evaluate(lambda t: transactions(t, measure), lines)
    return FACT_TRANSACTIONS.typed(frame).sort(FACT_TRANSACTIONS.sort)


def write_sources(warehouse: Warehouse, lines: pl.DataFrame, **sides: pl.DataFrame) -> None:
    """Put raw tables into a warehouse, as the sources room would; what is unsaid is empty."""
    for table in (t for t in ALL_TABLES if t.room == "raw"):
        given = lines if table is SALES_LINES else sides.get(table.short_name, table.empty())
        warehouse.write(table, given)


@st.composite
def wild_lines(draw: st.DrawFn) -> pl.DataFrame:
    """Random order lines: few customers, products and days, so that all of them collide."""
    money = st.none() | st.decimals(-50, 50, places=2)
    rows = draw(
        st.lists(
            st.builds(
                lambda customer, day, product, quantity, revenue, profit, order: line(
                    customer,
                    day.isoformat(),
                    sku=product,
                    division={"p": "Tools", "q": "Tools", "r": "Paint", "s": "Wood"}[product],
                    quantity=quantity,
                    revenue=revenue,
                    gross_profit=profit,
                    order_id=order,
                ),
                st.sampled_from(["a", "b", "c", "d"]),
                st.dates(date(2023, 11, 25), date(2024, 6, 5)),
                st.sampled_from("pqrs"),
                st.none() | st.integers(-2, 3),
                money,
                money,
                st.none() | st.sampled_from(["o1", "o2"]),
            ),
            min_size=1,
            max_size=25,
        )
    )
    return sales_lines(*rows)
