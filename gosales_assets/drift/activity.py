"""Whether the sales log itself still looks as it did: volume, and what is new in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.division_names import division_identity
from gosales_assets.drift.alerts import Alert, Severity

if TYPE_CHECKING:
    import ibis

RECENT_MONTHS = 3
# Orders a year before, under which a ratio is chance.
ENOUGH_ORDERS = 50
ENOUGH_CUSTOMERS = 30
FEWER, MORE, HALVED = 0.7, 1.5, 0.5
NEW_SKU_SHARE = 0.25
UNKNOWN_INDUSTRIES = 0.20


@dataclass(frozen=True)
class Span:
    """Days after ``start``, up to and including ``end``."""

    start: date
    end: date

    @classmethod
    def up_to(cls, end: date, months: int = RECENT_MONTHS) -> "Span":
        """Make the span of the given number of months that ends on a month-end."""
        return cls(add_months(end, -months), end)


def monthly_orders(customer_month: "ibis.Table", cutoff: date) -> pl.DataFrame:
    """Orders per division and month up to the cutoff; division "" is the whole log."""
    orders = customer_month.filter(customer_month.month <= cutoff)
    return (
        orders.group_by("division", "month")
        .aggregate(orders=orders.orders.sum().cast("int64"))
        .order_by("division", "month")
        .to_polars()
    )


def volume_alerts(orders: pl.DataFrame, cutoff: date, data_start: date) -> Iterator[Alert]:
    """Compare the last three months' orders with the same months of the year before."""
    now = Span.up_to(cutoff)
    before = Span.up_to(add_months(cutoff, -12))
    if data_start > before.start:
        return
    counted = orders.group_by("division").agg(now=_orders_in(now), before=_orders_in(before))
    for row in counted.sort("division").iter_rows(named=True):
        if row["before"] < ENOUGH_ORDERS:
            continue
        ratio = row["now"] / row["before"]
        if FEWER <= ratio <= MORE:
            continue
        division = row["division"] or None
        # A single division may be wound down for good reasons; a whole log that halves is broken.
        severity: Severity = "info" if ratio > 1 else "warn"
        if division is None and ratio < HALVED:
            severity = "hard"
        what = f"orders of {division}" if division else "orders"
        yield Alert(
            division,
            "volume",
            severity,
            ratio,
            FEWER if ratio < 1 else MORE,
            f"{row['now']} {what} in the three months to {cutoff}, {row['before']} in the same "
            "months of the year before.",
            "Check that all files of the log were loaded and that nothing was renamed.",
        )


def division_alerts(
    dim_division: pl.DataFrame, listed: set[str], cutoff: date, data_start: date
) -> Iterator[Alert]:
    """Name divisions that are new, and those sold without being listed as target or excluded.

    ``listed`` holds identities (`division_names.division_identity`) of targets and exclusions.
    """
    recent = Span.up_to(cutoff)
    sold = dim_division.filter(
        (pl.col("scope") == "division") & (pl.col("first_sold") <= cutoff)
    ).sort("division")
    for name, first_sold in sold.select("division", "first_sold").iter_rows():
        if division_identity(name) not in listed:
            yield Alert(
                name,
                "division not listed",
                "warn",
                1.0,
                0.0,
                f"{name} has been sold since {first_sold} and is neither predicted nor excluded.",
                "Restart the code location to pick it up as a target, or name it in "
                "targets.exclude.",
            )
        elif first_sold > recent.start and _has_a_year(data_start, cutoff):
            days = (cutoff - first_sold).days
            yield Alert(
                name,
                "new division",
                "info",
                float(days),
                float((cutoff - recent.start).days),
                f"{name} was first sold on {first_sold}, {days} days before the cutoff.",
                "Its scores rest on little history; give it two windows before relying on them.",
            )


def lines_by_novelty(
    facts: "ibis.Table", products: "ibis.Table", cutoff: date
) -> Mapping[str, int]:
    """Count the last three months' purchase lines: all of them, and those of new SKUs."""
    recent = Span.up_to(cutoff)
    lines = facts.filter(
        facts.order_date > recent.start, facts.order_date <= cutoff, ~facts.is_return
    )
    known = lines.join(products.select("sku", "first_sold"), "sku")
    counted = known.aggregate(
        lines=known.count(), new=(known.first_sold > recent.start).sum().fill_null(0).cast("int64")
    )
    return dict(counted.to_polars().row(0, named=True))


def sku_alerts(lines: Mapping[str, int], cutoff: date, data_start: date) -> Iterator[Alert]:
    """Warn where much of what is sold was not sold before."""
    if not _has_a_year(data_start, cutoff) or lines["lines"] < ENOUGH_ORDERS:
        return
    share = lines["new"] / lines["lines"]
    if share > NEW_SKU_SHARE:
        yield Alert(
            None,
            "new SKUs",
            "warn",
            share,
            NEW_SKU_SHARE,
            f"{share:.0%} of the order lines of the last three months are of SKUs that were not "
            "sold before.",
            "Check that the SKU map knows them and that no SKUs were renumbered.",
        )


def industry_alerts(customers: pl.DataFrame, cutoff: date) -> Iterator[Alert]:
    """Warn where customers who came lately have no industry, while older ones do."""
    recent = Span.up_to(cutoff)
    known = customers.filter(pl.col("first_order") <= cutoff)
    newcomers = known.filter(pl.col("first_order") > recent.start)
    older = known.filter(pl.col("first_order") <= recent.start)
    if min(newcomers.height, older.height) < ENOUGH_CUSTOMERS:
        return
    unknown, usual = (f["industry"].null_count() / f.height for f in (newcomers, older))
    if unknown - usual > UNKNOWN_INDUSTRIES:
        yield Alert(
            None,
            "unknown industries",
            "warn",
            unknown,
            usual + UNKNOWN_INDUSTRIES,
            f"{unknown:.0%} of the customers of the last three months have no industry; of those "
            f"before, {usual:.0%} have none.",
            "Bring the customers side table up to date.",
        )


def _orders_in(span: Span) -> pl.Expr:
    return (
        pl.col("orders")
        .filter(pl.col("month").is_between(span.start, span.end, closed="right"))
        .sum()
    )


def _has_a_year(data_start: date, cutoff: date) -> bool:
    return data_start <= add_months(cutoff, -12)
