"""What was known on the evening of a cutoff: the star's tables, cut off there and staged once.

Every feature reads only from an `Activity`, so nothing dated after the cutoff can reach it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.star.contract import CUSTOMER_DAY, CUSTOMER_MONTH, FACT_TRANSACTIONS
from gosales_assets.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend


@dataclass(frozen=True)
class Activity:
    """The history of all customers as of a cutoff, as expressions over staged tables.

    Attributes
    ----------
    months
        star.customer_month up to the cutoff, and ``age``: months back, 0 is the cutoff's month.
    days
        star.customer_day up to the cutoff, and ``days_ago`` (0 is the cutoff itself).
    lines
        Purchase and return lines up to the cutoff: customer_id, order_date, line_id, sku,
        division, is_return, branch, rep.
    sku_sets
        Named SKU-set targets and their SKUs.
    """

    cutoff: date
    window_months: int
    months: "ibis.Table"
    days: "ibis.Table"
    lines: "ibis.Table"
    sku_sets: Mapping[str, Sequence[str]]

    @cached_property
    def customers(self) -> pl.DataFrame:
        """Customers with any purchase so far, sorted: customer_id."""
        found = self.days.filter(self.days.scope == "all").select("customer_id").distinct()
        return found.to_polars().sort("customer_id")

    @cached_property
    def last_day(self) -> date:
        """Day of the newest purchase or return that is seen."""
        return self.lines.order_date.max().to_pyarrow().as_py()

    def of_scope(self, table: "ibis.Table", scope: str) -> "ibis.Table":
        """Rows of the customer as a whole (``all``), or per division and SKU set (``div``)."""
        whole = table.scope == "all"
        return table.filter(whole if scope == "all" else ~whole)

    def day_before(self, months: int) -> date:
        """Last day before the window of so many months that ends at the cutoff."""
        return add_months(self.cutoff, -months)


@dataclass(frozen=True)
class Star:
    """The star's tables of all time, staged once for all cutoffs of a run."""

    window_months: int
    sku_sets: Mapping[str, Sequence[str]]
    months: "ibis.Table"
    days: "ibis.Table"
    facts: "ibis.Table"

    def as_of(self, cutoff: date) -> Activity:
        """Cut everything off at the evening of ``cutoff``."""
        import ibis

        months = self.months.filter(self.months.month <= cutoff)
        days = self.days.filter(self.days.order_date <= cutoff)
        months_back = (cutoff.year * 12 + cutoff.month) - (
            months.month.year() * 12 + months.month.month()
        )
        days_back = ibis.literal(cutoff).delta(days.order_date, unit="day")
        return Activity(
            cutoff=cutoff,
            window_months=self.window_months,
            months=months.mutate(age=months_back),
            days=days.mutate(days_ago=days_back),
            lines=self.facts.filter(self.facts.order_date <= cutoff),
            sku_sets=self.sku_sets,
        )


@contextmanager
def open_star(
    warehouse: Warehouse, window_months: int, sku_sets: Mapping[str, Sequence[str]]
) -> Iterator[Star]:
    """Open the star; its staged tables live as long as the context.

    Raises
    ------
    MissingPartition
        When the star's tables are not there.
    """
    with warehouse.engine() as engine:
        facts = warehouse.scan(engine, FACT_TRANSACTIONS)
        yield Star(
            window_months=window_months,
            sku_sets=dict(sku_sets),
            months=_stage(engine, "months", warehouse.scan(engine, CUSTOMER_MONTH)),
            days=_stage(engine, "days", warehouse.scan(engine, CUSTOMER_DAY).drop("value")),
            facts=facts.select(
                *("customer_id", "order_date", "line_id", "sku", "division", "is_return"),
                *("branch", "rep"),
            ),
        )


def _stage(engine: "Backend", name: str, expression: "ibis.Table") -> "ibis.Table":
    """Read once and keep as a table, so that many queries stay shallow."""
    return engine.create_table(name, expression, temp=True)
