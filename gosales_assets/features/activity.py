"""What was known on the evening of a cutoff: the star's tables, read once and cut off there.

Every feature reads only from an `Activity`, so nothing dated after the cutoff can reach it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.features import staging
from gosales_assets.features.catalog import OFFSET_DAYS
from gosales_assets.features.ledger import Ledger, Seen, Whole, ledgers_of
from gosales_assets.features.measures import (
    DAY,
    MONTH,
    OF_DAYS,
    OF_MONTHS,
    OF_RETURN_DAYS,
)
from gosales_assets.features.numbering import day_number, numbers_among
from gosales_assets.features.purchases import Purchases, purchases_of
from gosales_assets.features.served import Named, served_days, served_of
from gosales_assets.read_ahead import side_by_side
from gosales_assets.settings import Settings
from gosales_assets.star.contract import CUSTOMER_DAY, CUSTOMER_MONTH, FACT_TRANSACTIONS
from gosales_assets.star.scopes import sku_sets
from gosales_assets.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend

WHOLE = ""
"""Stands for the division where a customer is looked at as a whole."""
MONTHS, DAYS, RETURN_DAYS = "months", "days", "days of returns"
_MEASURED = {MONTHS: (MONTH, OF_MONTHS), DAYS: (DAY, OF_DAYS), RETURN_DAYS: (DAY, OF_RETURN_DAYS)}
_Ledgers = tuple[dict[str, Ledger], Ledger]
"""Ledgers of one kind and scope by division, and one of a division that nobody ever bought."""


def keys_of(scope: str) -> list[str]:
    """Columns that identify a row of a scope."""
    return ["customer_id"] if scope == "all" else ["customer_id", "division"]


@dataclass(frozen=True)
class Star:
    """The star's tables of all time, for all cutoffs of a run; each is read when first used.

    What is asked of the rows for one cutoff after the other is looked up in their ledgers, one for
    each division and SKU set and one for everything together. What is summed anew is asked of the
    engine, which answers one thread at a time.

    Attributes
    ----------
    facts
        star.fact_transactions on any engine, to be summed.
    lines, months, days
        star.fact_transactions, star.customer_month and star.customer_day, to be read.
    stage
        Computes an expression and keeps its rows under a name, on the same engine.
    seat_skus
        Globs of the SKUs that are seats.
    sku_sets
        Named SKU-set targets and their SKUs.
    window_months, windows
        Months that are predicted: as a rule, and of each target.
    """

    facts: "ibis.Table"
    lines: pl.LazyFrame
    months: pl.LazyFrame
    days: pl.LazyFrame
    stage: Callable[[str, "ibis.Table"], "ibis.Table"]
    seat_skus: Sequence[str]
    sku_sets: Mapping[str, Sequence[str]]
    window_months: int
    windows: Mapping[str, int]
    _kept: dict[str, "ibis.Table"] = field(default_factory=dict)
    _ledgers: dict[tuple[str, str], _Ledgers] = field(default_factory=dict)

    def as_of(self, cutoff: date) -> "Activity":
        """Cut everything off at the evening of ``cutoff``."""
        return Activity(self, cutoff)

    @property
    def divisions(self) -> list[str]:
        """Divisions and SKU sets that anybody ever had a line of, sorted."""
        return sorted(self._ledgers_of(MONTHS, "div")[0])

    @cached_property
    def customers(self) -> pl.Series:
        """Everybody that the star ever saw, sorted: a customer's number is its place here."""
        everybody = self.months.filter(pl.col("scope") == "all").select("customer_id")
        return everybody.collect().to_series().unique().sort()

    def numbers(self, customers: pl.Series) -> Whole:
        """Numbers of customers, by their ids."""
        return numbers_among(self.customers, customers)

    @cached_property
    def purchases(self) -> Purchases:
        """Days on which customers bought products."""
        return purchases_of(self.lines, self.customers)

    @cached_property
    def served(self) -> Mapping[str, Named]:
        """Branch and rep of the customers' days; made by the engine."""
        return served_of(served_days(self.facts).to_polars(), self.customers)

    def product_days(self) -> "ibis.Table":
        """Days on which products were bought or returned: see `staging`."""
        return self._staged("product_days", lambda: staging.product_days(self.facts))

    def months_of(self, division: str) -> Ledger:
        """Months of a division or SKU set (`WHOLE`: of everything): see `measures`."""
        return self._ledger(MONTHS, division)

    def days_of(self, division: str) -> Ledger:
        """Order days, likewise."""
        return self._ledger(DAYS, division)

    def return_days_of(self, division: str) -> Ledger:
        """Days with returns only, likewise."""
        return self._ledger(RETURN_DAYS, division)

    def read(self, *wanted: tuple[str, str]) -> None:
        """Make ledgers of some kinds and scopes, side by side, as far as they are not there yet.

        Ledgers, once made, may be asked in any thread.
        """
        missing = [each for each in wanted if each not in self._ledgers]
        made = side_by_side(
            partial(_made, kind, scope, self._rows(kind), self.customers) for kind, scope in missing
        )
        self._ledgers.update(zip(missing, made, strict=True))

    def seats_of(self, scope: str) -> "ibis.Table | None":
        """Units of the SKUs that are seats, by month; ``None``: no such SKUs are set."""
        if not self.seat_skus:
            return None
        return self._staged(
            f"seats_{scope}",
            lambda: _of_scope(
                staging.seat_months(self.facts, self.seat_skus, self.sku_sets), scope
            ),
        )

    def _staged(self, name: str, rows: Callable[[], "ibis.Table"]) -> "ibis.Table":
        if name not in self._kept:
            self._kept[name] = self.stage(name, rows())
        return self._kept[name]

    def _ledger(self, kind: str, division: str) -> Ledger:
        """Ledger of a division; all of a scope are made at once."""
        kept, nobodys = self._ledgers_of(kind, "all" if division == WHOLE else "div")
        return kept.get(division, nobodys)

    def _ledgers_of(self, kind: str, scope: str) -> _Ledgers:
        if (kind, scope) not in self._ledgers:
            self.read((kind, scope))
        return self._ledgers[kind, scope]

    def _rows(self, kind: str) -> pl.LazyFrame:
        if kind == RETURN_DAYS:
            returns = staging.days_with_returns(self.facts, self.sku_sets).to_polars()
            return returns.lazy().join(self.days, on=staging.DAY_KEYS, how="anti")
        return self.months if kind == MONTHS else self.days


@dataclass(frozen=True)
class Activity:
    """The history of all customers as of a cutoff."""

    star: Star
    cutoff: date

    def product_days(self) -> "ibis.Table":
        """Days on which products were bought or returned, up to the cutoff: see `Star`."""
        days = self.star.product_days()
        return days.filter(days.order_date <= self.cutoff)

    def months(self, division: str) -> Seen:
        """Months of a division (or `WHOLE`) up to the cutoff's, in time of `month`."""
        return self.star.months_of(division).as_of(self.month)

    def days(self, division: str) -> Seen:
        """Order days up to the cutoff, in time of `day`."""
        return self.star.days_of(division).as_of(self.day)

    def return_days(self, division: str) -> Seen:
        """Days with returns only, likewise."""
        return self.star.return_days_of(division).as_of(self.day)

    def seats(self, scope: str) -> "ibis.Table | None":
        """Units of seats by month, with ``age``; ``None``: no SKUs are set as seats."""
        seats = self.star.seats_of(scope)
        if seats is None:
            return None
        return seats.filter(seats.month <= self.cutoff).mutate(age=self.month - seats.ordinal)

    @property
    def day(self) -> int:
        """The cutoff as days since 1970."""
        return day_number(self.cutoff)

    @property
    def month(self) -> int:
        """Number of the cutoff's month: see `staging.ordinal_of`."""
        return staging.ordinal_of(self.cutoff.year, self.cutoff.month)

    def window_of(self, target: str) -> int:
        """Months that are predicted of a target."""
        return self.star.windows.get(target, self.star.window_months)

    def day_before(self, months: int) -> date:
        """Last day before the window of so many months that ends at the cutoff."""
        return add_months(self.cutoff, -months)

    @property
    def rules_until(self) -> date:
        """Newest day that rules are learned of: what came later leaves them room to be news."""
        return self.cutoff - timedelta(days=OFFSET_DAYS)


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
        yield star_of(
            warehouse.scan(engine, FACT_TRANSACTIONS),
            warehouse.lazy(FACT_TRANSACTIONS),
            warehouse.lazy(CUSTOMER_MONTH),
            warehouse.lazy(CUSTOMER_DAY),
            settings,
            windows or {},
            partial(_stage, engine),
        )


def star_of(
    facts: "ibis.Table",
    lines: pl.LazyFrame,
    months: pl.LazyFrame,
    days: pl.LazyFrame,
    settings: Settings,
    windows: Mapping[str, int],
    stage: Callable[[str, "ibis.Table"], "ibis.Table"],
) -> Star:
    """Make a `Star` of its tables, by what the settings say."""
    return Star(
        facts=facts,
        lines=lines,
        months=months,
        days=days,
        stage=stage,
        seat_skus=settings.features.seat_skus,
        sku_sets=sku_sets(settings),
        window_months=settings.window_months,
        windows=windows,
    )


def _stage(engine: "Backend", name: str, expression: "ibis.Table") -> "ibis.Table":
    """Read once and keep as a table, so that many queries stay shallow."""
    return engine.create_table(name, expression, temp=True)


def _of_scope(table: "ibis.Table", scope: str) -> "ibis.Table":
    whole = table.scope == "all"
    return table.filter(whole if scope == "all" else ~whole)


def _made(kind: str, scope: str, rows: pl.LazyFrame, customers: pl.Series) -> _Ledgers:
    """Read the rows of a scope and make their ledgers."""
    whole = pl.col("scope") == "all"
    frame = rows.filter(whole if scope == "all" else ~whole).drop("scope").collect()
    names = frame["division"].unique().sort()
    *each, nobodys = ledgers_of(
        frame.drop("customer_id", "division"),
        numbers_among(names, frame["division"]),
        numbers_among(customers, frame["customer_id"]),
        *_MEASURED[kind],
        names.len() + 1,
    )
    return dict(zip(names, each, strict=True)), nobodys
