"""What the slow truth starts from: plain order lines and side tables, cut off at a day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from gosales_assets.settings import Settings
from gosales_assets.star.scopes import sku_sets

Line = dict[str, Any]
Truth = dict[str, float | None]
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class Past:
    """Everything that was known on the evening of a cutoff, as rows.

    Attributes
    ----------
    everything
        Rows of star.fact_transactions, also later ones.
    customers, matches, installed
        Rows of raw.customers, star.industry_matches and raw.installed_base, also later ones.
    fitted
        Stored parameters by name.
    windows
        Target -> months that are predicted; the usual ones for others.
    """

    everything: Sequence[Line]
    cutoff: date
    settings: Settings
    targets: Sequence[str]
    customers: Sequence[Line] = ()
    matches: Sequence[Line] = ()
    installed: Sequence[Line] = ()
    fitted: Mapping[str, Any] = field(default_factory=dict)
    windows: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[Line]:
        """Lines up to the cutoff."""
        return [row for row in self.everything if row["order_date"] <= self.cutoff]

    @cached_property
    def bought(self) -> list[Line]:
        """Lines up to the cutoff that are no returns."""
        return [row for row in self.lines if not row["is_return"]]

    @cached_property
    def people(self) -> list[str]:
        """Customers with any purchase."""
        return sorted({row["customer_id"] for row in self.bought})

    @cached_property
    def sets(self) -> dict[str, list[str]]:
        """SKUs of each SKU set."""
        return sku_sets(self.settings)

    @cached_property
    def seats(self) -> set[str] | None:
        """SKUs that are seats; None: the settings call nothing a seat."""
        globs = [glob.casefold() for glob in self.settings.features.seat_skus]
        skus = {row["sku"] for row in self.everything}
        found = {sku for sku in skus if any(fnmatchcase(sku.casefold(), g) for g in globs)}
        return found if globs else None

    @cached_property
    def divisions(self) -> list[str]:
        """Everything that is bought as a product line, not as a SKU set."""
        seen = {row["division"] for row in self.lines}
        return sorted((seen | set(self.targets)) - set(self.sets))

    @cached_property
    def items(self) -> list[str]:
        """Divisions and SKU sets."""
        return sorted({*self.divisions, *self.sets})

    def belongs(self, row: Line) -> list[str]:
        """Division and SKU sets that a line counts for."""
        return [row["division"], *(name for name, skus in self.sets.items() if row["sku"] in skus)]

    def own_divisions(self, target: str) -> set[str]:
        """Divisions that the products of a SKU set belong to."""
        members = self.sets.get(target, [])
        return {row["division"] for row in self.lines if row["sku"] in members}

    def window(self, target: str) -> int:
        """Months that are predicted of a target."""
        return self.windows.get(target, self.settings.window_months)

    def age(self, row: Line) -> int:
        """Months back; 0 is the cutoff's month."""
        return months_back(self.cutoff, row["order_date"])

    @cached_property
    def by_customer(self) -> dict[str, list[Line]]:
        """Lines of each customer."""
        return grouped(self.lines, lambda row: [row["customer_id"]])

    @cached_property
    def by_item(self) -> dict[str, list[Line]]:
        """Lines of each division and SKU set."""
        return grouped(self.lines, self.belongs)

    def of(self, customer: str, item: str | None = None) -> list[Line]:
        """Lines of a customer, and of one division or SKU set if named."""
        own = self.by_customer.get(customer, [])
        return own if item is None else [row for row in own if item in self.belongs(row)]

    @cached_property
    def cells(self) -> dict[tuple[str, str], list[Line]]:
        """Lines of each customer and item."""
        return grouped(
            self.lines, lambda row: [(row["customer_id"], item) for item in self.belongs(row)]
        )

    @cached_property
    def buyers_of_two_years(self) -> dict[str, set[str]]:
        """Customers who bought each item in the last 24 months."""
        return {
            item: {customer for customer in self.people if self.months(customer, item)}
            for item in self.items
        }

    def in_year(self, customer: str, item: str) -> list[Line]:
        """Lines of the last 12 months of a customer and item."""
        return [row for row in self.cells.get((customer, item), []) if self.age(row) < 12]

    def value(self, customer: str, item: str) -> float:
        """Net value of the last 12 months; 0 where it is negative."""
        return max(value_of(self.in_year(customer, item)), 0.0)

    def orders(self, customer: str, item: str) -> float:
        """Orders of the last 12 months."""
        return orders_of(self.in_year(customer, item))

    def months(self, customer: str, item: str) -> int:
        """Distinct months with an order, of the last 24."""
        own = self.cells.get((customer, item), [])
        return len({self.age(r) for r in own if not r["is_return"] and self.age(r) < 24})


def grouped(lines: Sequence[Line], keys: Any) -> dict[Any, list[Line]]:
    """Lines by each of their keys."""
    found: dict[Any, list[Line]] = defaultdict(list)
    for row in lines:
        for key in keys(row):
            found[key].append(row)
    return found


def months_back(cutoff: date, day: date) -> int:
    """0: the cutoff's month."""
    return (cutoff.year - day.year) * 12 + cutoff.month - day.month


def month_end_before(cutoff: date, months: int) -> date:
    """Last day of the month so many months before."""
    index = cutoff.year * 12 + cutoff.month - months
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)


def orders_of(lines: Sequence[Line]) -> float:
    """Orders with a purchase."""
    return float(len(order_months(lines)))


def order_months(lines: Sequence[Line]) -> list[tuple[str, int]]:
    """Order id and month (1 to 12) of each order; one that spans two months counts in both."""
    orders = {(r["order_id"], r["order_date"].replace(day=1)) for r in lines if not r["is_return"]}
    return [(order, day.month) for order, day in orders]


def value_of(lines: Sequence[Line]) -> float:
    """Net value."""
    return float(sum(row["value"] for row in lines))


def ratio(above: float, below: float) -> float | None:
    """Quotient; unknown where the divisor is not positive."""
    return above / below if below > 0 else None
