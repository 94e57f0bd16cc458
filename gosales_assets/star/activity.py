"""Activity: what each customer bought per month and per day, the small tables all windows read."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from gosales_assets.star.scopes import scoped_lines

MONEY, UNITS = "decimal(18, 2)", "decimal(18, 4)"


def by_month(facts: ir.Table, sets: Mapping[str, Sequence[str]]) -> ir.Table:
    """Sum the facts to ``star.customer_month``: one row per customer, scope, division and month."""
    # One aggregation per scope keeps each hash table small; a line in two scopes is read twice.
    return ibis.union(
        *(_months(lines) for lines in scoped_lines(facts, sets).values()), distinct=False
    )


def by_day(facts: ir.Table, sets: Mapping[str, Sequence[str]]) -> ir.Table:
    """Sum the facts to ``star.customer_day``: one row per customer, scope, division and day bought.

    Days on which there were only returns are left out: they are no purchases.
    """
    return ibis.union(
        *(_days(lines) for lines in scoped_lines(facts, sets).values()), distinct=False
    )


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def last_day(day: dt.date) -> dt.date:
    """Last day of the month that ``day`` is in."""


def purchase_orders(lines: ir.Table) -> ir.IntegerScalar:
    """Count the distinct orders that have at least one line that is no return."""
    return lines.order_id.nunique(where=~lines.is_return)


def _months(lines: ir.Table) -> ir.Table:
    returned = (-lines.value).sum(where=lines.is_return).fill_null(0)
    return lines.group_by(
        "customer_id", "scope", "division", month=last_day(lines.order_date)
    ).aggregate(
        orders=purchase_orders(lines),
        lines=lines.count(),
        quantity=lines.quantity.sum().cast(UNITS),
        revenue=lines.revenue.sum().cast(MONEY),
        gross_profit=lines.gross_profit.sum().cast(MONEY),
        value=lines.value.sum().cast(MONEY),
        returns=lines.is_return.sum().cast("int64"),
        returned_value=returned.cast(MONEY),
    )


def _days(lines: ir.Table) -> ir.Table:
    days = lines.group_by("customer_id", "scope", "division", "order_date").aggregate(
        orders=purchase_orders(lines), value=lines.value.sum().cast(MONEY)
    )
    return days.filter(days.orders > 0)
