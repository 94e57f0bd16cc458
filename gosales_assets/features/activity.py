"""What was known on the evening of a cutoff: the star's tables, cut off there and staged once.

Every feature reads only from an `Activity`, so nothing dated after the cutoff can reach it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from gosales_assets.calendar import add_months
from gosales_assets.features import staging
from gosales_assets.features.catalog import OFFSET_DAYS
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


def keys_of(scope: str) -> list[str]:
    """Columns that identify a row of a scope."""
    return ["customer_id"] if scope == "all" else ["customer_id", "division"]


@dataclass(frozen=True)
class Star:
    """The star's tables of all time, for all cutoffs of a run; each is staged when first used.

    A scope is the customer as a whole (``all``), or each division and SKU set (``div``).

    Attributes
    ----------
    facts, months, days
        star.fact_transactions, star.customer_month and star.customer_day, on any engine.
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
    months: "ibis.Table"
    days: "ibis.Table"
    stage: Callable[[str, "ibis.Table"], "ibis.Table"]
    seat_skus: Sequence[str]
    sku_sets: Mapping[str, Sequence[str]]
    window_months: int
    windows: Mapping[str, int]
    _staged: dict[str, "ibis.Table"] = field(default_factory=dict)

    def as_of(self, cutoff: date) -> "Activity":
        """Cut everything off at the evening of ``cutoff``."""
        return Activity(self, cutoff)

    def lines(self) -> "ibis.Table":
        """Order lines, with the columns that features read."""
        return self._once("facts", lambda: self.facts.select(_OF_FACTS))

    def months_of(self, scope: str) -> "ibis.Table":
        """Months of a scope, numbered: see `staging.with_ordinal`."""
        return self._once(
            f"months_{scope}", lambda: staging.with_ordinal(_of_scope(self.months, scope))
        )

    def days_of(self, scope: str) -> "ibis.Table":
        """Order days of a scope."""
        return self._once(f"days_{scope}", lambda: _of_scope(self.days, scope))

    def gaps_of(self, scope: str) -> "ibis.Table":
        """Order days of a scope, with the days since the one before."""
        return self._once(f"gaps_{scope}", lambda: staging.with_gaps(_of_scope(self.days, scope)))

    def return_days_of(self, scope: str) -> "ibis.Table":
        """Days with returns only: see `staging.days_of_returns`."""
        return self._once(
            f"return_days_{scope}",
            lambda: _of_scope(staging.days_of_returns(self.facts, self.days, self.sku_sets), scope),
        )

    def seats_of(self, scope: str) -> "ibis.Table | None":
        """Units of the SKUs that are seats, by month; ``None``: no such SKUs are set."""
        if not self.seat_skus:
            return None
        return self._once(
            f"seats_{scope}",
            lambda: _of_scope(
                staging.seat_months(self.facts, self.seat_skus, self.sku_sets), scope
            ),
        )

    def _once(self, name: str, rows: Callable[[], "ibis.Table"]) -> "ibis.Table":
        if name not in self._staged:
            self._staged[name] = self.stage(name, rows())
        return self._staged[name]


@dataclass(frozen=True)
class Activity:
    """The history of all customers as of a cutoff, as expressions over staged tables."""

    star: Star
    cutoff: date

    def lines(self) -> "ibis.Table":
        """Purchase and return lines up to the cutoff.

        Columns: customer_id, order_date, sku, division, is_return, branch, rep, quantity, value.
        Not line_id: it depends on the order of the log's rows.
        """
        return self._seen(self.star.lines())

    def months(self, scope: str) -> "ibis.Table":
        """Rows of star.customer_month, and ``age``: months back, 0 is the cutoff's month."""
        return self._aged(self.star.months_of(scope))

    def days(self, scope: str) -> "ibis.Table":
        """Rows of star.customer_day, and ``days_ago`` (0 is the cutoff itself)."""
        return self._dated(self.star.days_of(scope))

    def gaps(self, scope: str) -> "ibis.Table":
        """The same days, and ``gap``: days since the order day before."""
        return self._dated(self.star.gaps_of(scope))

    def return_days(self, scope: str) -> "ibis.Table":
        """Days with returns only: the keys of `days`, and their value."""
        return self._seen(self.star.return_days_of(scope))

    def seats(self, scope: str) -> "ibis.Table | None":
        """Units of seats by month, with ``age``; ``None``: no SKUs are set as seats."""
        seats = self.star.seats_of(scope)
        return None if seats is None else self._aged(seats)

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

    def _seen(self, days: "ibis.Table") -> "ibis.Table":
        return days.filter(days.order_date <= self.cutoff)

    def _dated(self, days: "ibis.Table") -> "ibis.Table":
        import ibis

        seen = self._seen(days)
        return seen.mutate(days_ago=ibis.literal(self.cutoff).delta(seen.order_date, unit="day"))

    def _aged(self, months: "ibis.Table") -> "ibis.Table":
        now = staging.ordinal_of(self.cutoff.year, self.cutoff.month)
        return months.filter(months.month <= self.cutoff).mutate(age=now - months.ordinal)


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
            warehouse.scan(engine, CUSTOMER_MONTH),
            warehouse.scan(engine, CUSTOMER_DAY),
            settings,
            windows or {},
            partial(_stage, engine),
        )


def star_of(
    facts: "ibis.Table",
    months: "ibis.Table",
    days: "ibis.Table",
    settings: Settings,
    windows: Mapping[str, int],
    stage: Callable[[str, "ibis.Table"], "ibis.Table"],
) -> Star:
    """Make a `Star` of tables on any engine, by what the settings say."""
    return Star(
        facts=facts,
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
