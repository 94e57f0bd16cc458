"""Facts: every order line of the business, keyed, with one money measure and returns marked."""

from typing import Literal

import ibis
import ibis.expr.types as ir

from gosales_assets.settings import SettingsError

Measure = Literal["gross_profit", "revenue"]


def value_measure(
    setting: Literal["auto", "gross_profit", "revenue"], *, has_profit: bool, has_revenue: bool
) -> Measure:
    """Decide which money the log is valued by; one measure for the whole log, never a mixture.

    Parameters
    ----------
    setting
        ``settings.value``.
    has_profit, has_revenue
        Whether any line of the log has a gross profit, a revenue.

    Raises
    ------
    SettingsError
        When the measure that is asked for is nowhere in the log.
    """
    given: dict[Measure, bool] = {"gross_profit": has_profit, "revenue": has_revenue}
    if setting != "auto":
        if not given[setting]:
            raise SettingsError(
                f"value: {setting}, but no line of the sales log has a {_words(setting)}; "
                f"map its column in sales_log.columns or set value: auto"
            )
        return setting
    for measure, there in given.items():
        if there:
            return measure
    raise SettingsError(
        "value: no line of the sales log has a gross profit or a revenue; "
        "map at least one of them in sales_log.columns"
    )


def transactions(lines: ir.Table, measure: Measure) -> ir.Table:
    """Shape ``raw.sales_lines`` into ``star.fact_transactions``: one row per order line.

    A line without an order id belongs to the one order of its customer and day. A line whose money
    is unknown counts as a value of 0: the other measure in its place would mix profit and revenue.

    Parameters
    ----------
    measure
        What ``value`` is taken from, see `value_measure`.
    """
    return lines.select(
        "line_id",
        "customer_id",
        order_id=ibis.coalesce(lines.order_id, _surrogate(lines)),
        order_date=lines.order_date,
        sku=lines.sku,
        division=lines.division,
        quantity=lines.quantity,
        revenue=lines.revenue,
        gross_profit=lines.gross_profit,
        value=lines[measure].fill_null(0).cast("decimal(18, 2)"),
        is_return=is_return(lines),
        branch=lines.branch,
        rep=lines.rep,
        order_type=lines.order_type,
        currency_rate=lines.currency_rate,
        source_file=lines.source_file,
        ingested_at=lines.loaded_at,
    )


def known_money(lines: ir.Table) -> ir.Table:
    """Count the lines with a gross profit and with a revenue: one row, profit and revenue."""
    return lines.aggregate(profit=lines.gross_profit.count(), revenue=lines.revenue.count())


def summary(facts: ir.Table) -> ir.Table:
    """Sum the facts up: one row with lines, returns, made_orders, first_day and last_day."""
    made = facts.order_id == _surrogate(facts)
    return facts.aggregate(
        lines=facts.count(),
        returns=facts.is_return.sum().fill_null(0),
        made_orders=made.sum().fill_null(0),
        first_day=facts.order_date.min(),
        last_day=facts.order_date.max(),
    )


def is_return(lines: ir.Table) -> ir.BooleanValue:
    """Whether a line takes goods back: negative units, or negative money where units are unknown.

    Money is revenue where the line has it: a sale below cost has a negative profit, yet is a sale.
    """
    units = lines.quantity.fill_null(0)
    money = ibis.coalesce(lines.revenue, lines.gross_profit).fill_null(0)
    return (units < 0) | ((units == 0) & (money < 0))


def _surrogate(lines: ir.Table) -> ir.StringValue:
    return lines.customer_id.concat("@", lines.order_date.cast("string"))


def _words(measure: str) -> str:
    return measure.replace("_", " ")
