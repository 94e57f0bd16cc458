"""What was known on the evening of a cutoff: the star's tables, cut off there and staged once.

Every feature reads only from an `Activity`, so nothing dated after the cutoff can reach it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.features import coding, staging
from gosales_assets.settings import Settings
from gosales_assets.star.contract import CUSTOMER_DAY, CUSTOMER_MONTH, FACT_TRANSACTIONS
from gosales_assets.star.scopes import sku_sets
from gosales_assets.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend

_OF_FACTS = [
    *("customer_id", "order_date", "sku", "division", "is_return", "branch", "rep"),
    *("quantity", "value"),
]


@dataclass(frozen=True)
class Activity:
    """The history of all customers as of a cutoff, as expressions over staged tables.

    Attributes
    ----------
    months
        star.customer_month up to the cutoff, and ``age``: months back, 0 is the cutoff's month.
    days
        star.customer_day up to the cutoff, ``gap`` (days since the order day before), and
        ``days_ago`` (0 is the cutoff itself).
    return_days
        Days with returns only, up to the cutoff: the keys of ``days``, and their value.
    seats
        Units per month of the SKUs that are seats, with ``age``; ``None``: no such SKUs are set.
    lines
        Purchase and return lines up to the cutoff: customer_id, order_date, sku, division,
        is_return, branch, rep. Not line_id: it depends on the order of the log's rows.
    sku_sets
        Named SKU-set targets and their SKUs.
    window_months, windows
        Months that are predicted: as a rule, and of each target.
    """

    cutoff: date
    window_months: int
    months: "ibis.Table"
    days: "ibis.Table"
    return_days: "ibis.Table"
    seats: "ibis.Table | None"
    lines: "ibis.Table"
    sku_sets: Mapping[str, Sequence[str]]
    windows: Mapping[str, int]

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

    def window_of(self, target: str) -> int:
        """Months that are predicted of a target."""
        return self.windows.get(target, self.window_months)

    def day_before(self, months: int) -> date:
        """Last day before the window of so many months that ends at the cutoff."""
        return add_months(self.cutoff, -months)


@dataclass(frozen=True)
class Star:
    """The star's tables of all time, staged once for all cutoffs of a run; see `Activity`."""

    window_months: int
    windows: Mapping[str, int]
    sku_sets: Mapping[str, Sequence[str]]
    months: "ibis.Table"
    days: "ibis.Table"
    return_days: "ibis.Table"
    seats: "ibis.Table | None"
    facts: "ibis.Table"

    def as_of(self, cutoff: date) -> Activity:
        """Cut everything off at the evening of ``cutoff``."""
        import ibis

        def aged(months: "ibis.Table") -> "ibis.Table":
            now = staging.ordinal_of(cutoff.year, cutoff.month)
            return months.filter(months.month <= cutoff).mutate(age=now - months.ordinal)

        def seen(days: "ibis.Table") -> "ibis.Table":
            return days.filter(days.order_date <= cutoff)

        days = seen(self.days)
        return Activity(
            cutoff=cutoff,
            window_months=self.window_months,
            months=aged(self.months),
            days=days.mutate(days_ago=ibis.literal(cutoff).delta(days.order_date, unit="day")),
            return_days=seen(self.return_days),
            seats=None if self.seats is None else aged(self.seats),
            lines=seen(self.facts),
            sku_sets=self.sku_sets,
            windows=self.windows,
        )


@contextmanager
def open_star(
    warehouse: Warehouse, settings: Settings, windows: Mapping[str, int] | None = None
) -> Iterator[Star]:
    """Open the star; its staged tables live as long as the context.

    Parameters
    ----------
    windows
        Target -> months that are predicted of it; None: the usual months of the settings, for
        what is computed once for all targets.

    Raises
    ------
    MissingPartition
        When the star's tables are not there.
    """
    with warehouse.engine() as engine:
        tables = {
            "facts": warehouse.scan(engine, FACT_TRANSACTIONS).select(_OF_FACTS),
            "months": warehouse.scan(engine, CUSTOMER_MONTH),
            "days": warehouse.scan(engine, CUSTOMER_DAY),
        }
        coded = coding.with_coded_texts(engine, tables)
        yield staged(
            coded["facts"],
            coded["months"],
            coded["days"],
            settings,
            windows or {},
            partial(_stage, engine),
        )


def staged(
    facts: "ibis.Table",
    months: "ibis.Table",
    days: "ibis.Table",
    settings: Settings,
    windows: Mapping[str, int],
    stage: Callable[[str, "ibis.Table"], "ibis.Table"],
) -> Star:
    """Shape the star's tables for reading often, on whatever engine they are.

    Parameters
    ----------
    facts, months, days
        star.fact_transactions, star.customer_month and star.customer_day.
    windows
        Target -> months that are predicted of it, where not the usual ones.
    stage
        Computes an expression and keeps its rows under a name, on the same engine.
    """
    sets, globs = sku_sets(settings), settings.features.seat_skus
    facts = stage("facts", facts.select(_OF_FACTS))
    staged_days = stage("days", staging.with_gaps(days))
    seats = staging.seat_months(facts, globs, sets) if globs else None
    return Star(
        window_months=settings.window_months,
        windows=windows,
        sku_sets=sets,
        months=stage("months", staging.with_ordinal(months)),
        days=staged_days,
        return_days=stage("return_days", staging.days_of_returns(facts, staged_days, sets)),
        seats=None if seats is None else stage("seats", seats),
        facts=facts,
    )


def _stage(engine: "Backend", name: str, expression: "ibis.Table") -> "ibis.Table":
    """Read once and keep as a table, so that many queries stay shallow."""
    return coding.keep_rows(engine, name, expression)
