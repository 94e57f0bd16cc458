"""What features read of the order lines, shaped for reading often: made once, cut off per cutoff.

A row never depends on a later day, so cutting these tables off at a cutoff gives what the same
shaping would have given on that evening.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gosales_assets.features.catalog import YEAR
from gosales_assets.star.activity import last_day
from gosales_assets.star.scopes import scoped_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis

_KEYS = ["customer_id", "scope", "division"]
DAY_KEYS = [*_KEYS, "order_date"]


def with_ordinal(months: "ibis.Table") -> "ibis.Table":
    """Number the months without gaps: ``ordinal``, from which ages are differences."""
    number = months.month.year() * YEAR + months.month.month()
    return months.mutate(ordinal=number.cast("int32"))


def ordinal_of(year: int, month: int) -> int:
    """Number of a month as in `with_ordinal`."""
    return year * YEAR + month


def product_days(facts: "ibis.Table") -> "ibis.Table":
    """Count lines by product, division and day: sku, division, order_date, lines, bought.

    ``bought``: whether any of the lines is no return.
    """
    days = facts.group_by("sku", "division", "order_date")
    return days.aggregate(lines=facts.count(), bought=(~facts.is_return).any())


def days_with_returns(facts: "ibis.Table", sets: Mapping[str, Sequence[str]]) -> "ibis.Table":
    """Value of the returns of each day; star.customer_day leaves out days with nothing else.

    Returns
    -------
    One row per customer, scope, division and day: `DAY_KEYS`, value.
    """
    returns = facts.filter(facts.is_return)
    sums = [
        lines.group_by(DAY_KEYS).aggregate(value=lines.value.sum())
        for lines in scoped_lines(returns, sets).values()
    ]
    return _stacked(sums)


def seat_months(
    facts: "ibis.Table", globs: Sequence[str], sets: Mapping[str, Sequence[str]]
) -> "ibis.Table":
    """Units of the SKUs that are seats; lines without a number of units count none.

    Returns
    -------
    One row per customer, scope, division and month: the keys, month, ordinal, quantity.
    """
    skus = matching(facts.select("sku").distinct().to_polars()["sku"], globs)
    seats = facts.filter(facts.sku.isin(skus))
    sums = [
        lines.group_by(*_KEYS, month=last_day(lines.order_date)).aggregate(
            quantity=lines.quantity.sum().fill_null(0)
        )
        for lines in scoped_lines(seats, sets).values()
    ]
    return with_ordinal(_stacked(sums))


def matching(skus: "Iterable[str]", globs: Sequence[str]) -> list[str]:
    """SKUs that match any of the globs, whatever the letter case, sorted."""
    lowered = [glob.casefold() for glob in globs]
    return sorted(sku for sku in skus if any(fnmatchcase(sku.casefold(), glob) for glob in lowered))


def _stacked(tables: Sequence["ibis.Table"]) -> "ibis.Table":
    import ibis

    return ibis.union(*tables, distinct=False)
