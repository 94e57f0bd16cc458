"""Who bought what by a cutoff, in few numbers: what everything that is fitted learns from.

It is summed once per cutoff and kept. Rules, factors, priors and the scores made with them read
only a `Past`, so nothing dated after its cutoff can reach them.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import polars as pl

from gosales_assets.features.activity import DAYS, MONTHS, WHOLE, Activity
from gosales_assets.features.catalog import YEAR
from gosales_assets.features.ledger import Real, Seen, layout
from gosales_assets.features.measures import CENTS
from gosales_assets.features.numbering import day_number, month_number
from gosales_assets.features.past_contract import (
    CUSTOMER_PAST,
    DIVISION_PAST,
    PRODUCT_DIVISIONS,
    PRODUCT_PAST,
    PURCHASE_GAPS,
)
from gosales_assets.features.purchases import Purchases
from gosales_assets.features.served import Named
from gosales_assets.read_ahead import side_by_side
from gosales_assets.settings import Settings
from gosales_assets.star.scopes import sku_sets
from gosales_assets.warehouse import Warehouse

TABLES = {
    "customers": CUSTOMER_PAST,
    "divisions": DIVISION_PAST,
    "gaps": PURCHASE_GAPS,
    "products": PRODUCT_PAST,
    "homes": PRODUCT_DIVISIONS,
}
"""Part of a `Past` -> table of the lake that keeps it."""


@dataclass(frozen=True)
class Past:
    """What all customers bought by a cutoff.

    Attributes
    ----------
    customers
        features.customer_past: each customer with any purchase so far, sorted by id.
    divisions
        features.division_past: each customer and division or SKU set with any line so far.
    gaps
        features.purchase_gaps: months between the orders of each division or SKU set.
    products
        features.product_past: products that each customer bought in the last 12 months.
    homes
        features.product_divisions: divisions that each product's lines belonged to.
    sku_sets
        Named SKU-set targets and their SKUs.
    """

    cutoff: date
    sku_sets: Mapping[str, Sequence[str]]
    customers: pl.DataFrame
    divisions: pl.DataFrame
    gaps: pl.DataFrame
    products: pl.DataFrame
    homes: pl.DataFrame

    @cached_property
    def ids(self) -> pl.DataFrame:
        """Customers with any purchase so far, sorted: customer_id."""
        return self.customers.select("customer_id")

    @property
    def last_day(self) -> date:
        """Day of the newest purchase or return that is seen."""
        newest: date = self.homes.select(pl.col("newest").max()).item()
        return newest


class Asked(NamedTuple):
    """What was read and asked, so that what follows may run in any thread.

    Attributes
    ----------
    served, purchases
        See `Star`: of all time.
    homes
        See `Past`: as the engine says it of the cutoff, in any order.
    """

    served: Mapping[str, Named]
    purchases: Purchases
    homes: pl.DataFrame


def past_of(activity: Activity) -> Past:
    """Sum up what was bought by a cutoff."""
    return summed_up(activity, asked_of(activity))


def asked_of(activity: Activity) -> Asked:
    """Read the star and ask the engine, which answers one thread at a time."""
    star = activity.star
    ledgers = partial(star.read, (MONTHS, "div"), (DAYS, "div"), (DAYS, "all"))
    # The star keeps what it makes: here it is made side by side, one of it by the engine.
    kept: list[Callable[[], object]] = [lambda: star.served, lambda: star.purchases, ledgers]
    deque(side_by_side(kept), maxlen=0)
    return Asked(star.served, star.purchases, _homes(activity))


def summed_up(activity: Activity, asked: Asked) -> Past:
    """Work out the past from the ledgers and from what was asked."""
    found = {
        "customers": _customers(activity, asked.served),
        "divisions": _divisions(activity),
        "gaps": _gaps(activity).sort(PURCHASE_GAPS.sort),
        "products": _products(activity, asked.purchases),
        "homes": asked.homes.sort(PRODUCT_DIVISIONS.sort),
    }
    kept = {
        name: table.typed(found[name].with_columns(cutoff=pl.lit(activity.cutoff)))
        for name, table in TABLES.items()
    }
    return Past(cutoff=activity.cutoff, sku_sets=activity.star.sku_sets, **kept)


def stored_past(warehouse: Warehouse, settings: Settings, cutoff: date) -> Past:
    """Read what was kept of a cutoff.

    Raises
    ------
    MissingPartition
        When it is not there yet.
    """
    kept = {name: warehouse.read(table, cutoff=f"{cutoff}") for name, table in TABLES.items()}
    return Past(cutoff=cutoff, sku_sets=sku_sets(settings), **kept)


def _customers(activity: Activity, served: Mapping[str, Named]) -> pl.DataFrame:
    """Order days of each customer, and who served it."""
    days = activity.days(WHOLE)
    return pl.DataFrame(
        {
            "customer_id": activity.star.customers.gather(days.customers),
            "order_days": days.ends - days.begins,
            "oldest": activity.day - days.first,
            "recent": activity.day - days.last,
            **{name: of.as_of(activity.day, days.customers) for name, of in served.items()},
        }
    )


def _divisions(activity: Activity) -> pl.DataFrame:
    """Sums of the months, and until when rules may learn of the days; by division."""
    year, two_years = activity.month - YEAR, activity.month - 2 * YEAR
    rows = []
    for division in activity.star.divisions:
        months, days = activity.months(division), activity.days(division)
        laid_out = layout(days.customers, months.customers)
        since = (activity.month - month_number(edge) for edge in (days.first, days.last))
        first_age, last_age = (_whole(laid_out(ages)) for ages in since)
        sums = {
            "customer": months.customers,
            "orders": months.sum("orders", year),
            "value": months.sum("value", year) / CENTS,
            "months": months.sum("ordered", two_years),
            "owned": months.sum("ordered") > 0,
            "first_age": first_age,
            "last_age": last_age,
            "learned_until": _learned_until(activity, days, months),
        }
        rows.append(pl.DataFrame(sums).with_columns(pl.lit(division).alias("division")))
    # By customer; divisions come one after the other.
    return _with_ids(activity, pl.concat(rows).sort("customer", maintain_order=True))


def _with_ids(activity: Activity, rows: pl.DataFrame) -> pl.DataFrame:
    """Name the customers, who are told by number."""
    ids = activity.star.customers.gather(rows["customer"])
    return rows.drop("customer").with_columns(ids.alias("customer_id"))


def _learned_until(activity: Activity, days: Seen, months: Seen) -> pl.Series:
    """Newest day that rules may learn of, per customer of the months; null: there is none."""
    may_teach = days.at(day_number(activity.rules_until))
    taught = may_teach > days.at(day_number(activity.day_before(YEAR)))
    until = days.ledger.times[may_teach[taught] - 1]
    return _whole(layout(days.customers[taught], months.customers)(until)).cast(pl.Date)


def _whole(values: Real) -> pl.Series:
    """Whole numbers; null where there is none."""
    return pl.Series(values).fill_nan(None).cast(pl.Int32)


def _gaps(activity: Activity) -> pl.DataFrame:
    """Count the waits from one month with an order to the next, by their length and age."""
    waits = []
    for division in activity.star.divisions:
        days = activity.days(division)
        ledger, owners = days.ledger, days.ledger.owners
        rows = np.flatnonzero(np.arange(len(owners)) < days.until[owners])
        months, owners = month_number(ledger.times[rows]), owners[rows]
        again = np.flatnonzero((owners[1:] == owners[:-1]) & (months[1:] > months[:-1])) + 1
        begun = months[again - 1]
        gap, age = months[again] - begun, activity.month - begun
        span = int(age.max(initial=0)) + 1
        customers = np.bincount(gap * span + age)
        kinds = np.flatnonzero(customers)
        counted = {"gap": kinds // span, "age": kinds % span, "customers": customers[kinds]}
        waits.append(pl.DataFrame(counted).with_columns(pl.lit(division).alias("division")))
    return pl.concat(waits)


def _products(activity: Activity, purchases: Purchases) -> pl.DataFrame:
    """Products that each customer bought in the last 12 months; whether rules may learn of it."""
    begin, end = activity.day_before(YEAR), activity.cutoff
    return _with_ids(activity, purchases.between(begin, end, taught_until=activity.rules_until))


def _homes(activity: Activity) -> pl.DataFrame:
    """Divisions of each product: newest line, number of lines, bought in the last 12 months."""
    t = activity.product_days()
    bought = t.bought & (t.order_date > activity.day_before(YEAR))
    return (
        t.group_by("sku", "division")
        .aggregate(newest=t.order_date.max(), lines=t.lines.sum(), bought=bought.any())
        .to_polars()
    )
