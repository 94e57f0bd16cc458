"""Outcomes: what was bought in the label windows, and the label that follows.

One definition for all: the labels that models learn from, prospects, and the counting of buyers
that decides how long a target's window is.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from gosales_assets.star.activity import last_day

MONEY = "decimal(18, 2)"
_WINDOW = ["cutoff", "division", "window_months"]


def outcomes(lines: ir.Table, windows: ir.Table, denylist: Sequence[str] = ()) -> ir.Table:
    """Sum the windows (cutoff, window_end] per customer.

    Parameters
    ----------
    lines
        Order lines of the targets, see `gosales_assets.star.scopes.target_lines`.
    windows
        One row per cutoff, division and length: see
        `gosales_assets.labels.windows.window_table`.
    denylist
        SKUs that never count.

    Returns
    -------
    ir.Table
        One row per window and customer with a line in it: cutoff, division, window_months,
        customer_id, net_gp_window (returns included), orders_window (orders with a line that is
        no return).
    """
    # Grouped by a number for the window, and by order first: distinct ones take longer to count.
    number = ibis.row_number().over(order_by=_WINDOW)
    numbered = windows.mutate(window=number.cast("int32"))
    inside = _inside(_counted(lines, denylist), numbered)
    orders = inside.group_by("window", "customer_id", "order_id").aggregate(
        value=inside.value.sum(), bought=(~inside.is_return).any()
    )
    sums = orders.group_by("window", "customer_id").aggregate(
        net_gp_window=orders.value.sum().cast(MONEY),
        orders_window=orders.bought.cast("int64").sum().cast("int64"),
    )
    bought = numbered.join(sums, "window")
    return bought.select(*_WINDOW, "customer_id", "net_gp_window", "orders_window")


def net_values(lines: ir.Table, windows: ir.Table, denylist: Sequence[str] = ()) -> ir.Table:
    """Sum the windows like `outcomes`, but only their value: of many windows, which overlap.

    All windows begin and end with months, so lines are first summed by month.
    """
    counted = _counted(lines, denylist)
    month = last_day(counted.order_date)
    months = counted.group_by("division", "customer_id", order_date=month).aggregate(
        value=counted.value.sum()
    )
    inside = _inside(months, windows)
    return inside.group_by(*_WINDOW, "customer_id").aggregate(
        net_gp_window=inside.value.sum().cast(MONEY)
    )


def _counted(lines: ir.Table, denylist: Sequence[str]) -> ir.Table:
    return lines.filter(~lines.sku.isin(list(denylist))) if denylist else lines


def _inside(lines: ir.Table, windows: ir.Table) -> ir.Table:
    """Pair each line with the windows of its target that it lies in."""
    return lines.join(
        windows,
        [
            lines.division == windows.division,
            lines.order_date > windows.cutoff,
            lines.order_date <= windows.window_end,
        ],
    )


def is_buyer(net_value: ir.Value, gp_min_threshold: float) -> ir.BooleanValue:
    """Whether a window's net value makes a buyer: it must exceed the threshold."""
    return net_value > gp_min_threshold


def labels(
    candidates: ir.Table, windows: ir.Table, bought: ir.Table, gp_min_threshold: float
) -> ir.Table:
    """Label every candidate of a window: 1 when its net value is above the threshold.

    Candidates without any line in the window are 0; so are those who only returned something.

    Parameters
    ----------
    candidates
        See `gosales_assets.labels.candidates`. Those of targets without a window get no row.
    windows
        As of `outcomes`, one per cutoff and division.
    bought
        What `outcomes` gives for these windows.
    gp_min_threshold
        Net value in base currency that must be exceeded.

    Returns
    -------
    ir.Table
        One row per candidate of a window, with the columns of ``labels.labels``.
    """
    people = ["cutoff", "division", "customer_id", "window_months"]
    of_windows = windows.join(candidates, ["cutoff", "division"]).select(*people, "cohort")
    joined = of_windows.left_join(bought, people)
    net = joined.net_gp_window.fill_null(0).cast(MONEY)
    return joined.select(
        *people,
        "cohort",
        label=is_buyer(net, gp_min_threshold).cast("int64"),
        net_gp_window=net,
        orders_window=joined.orders_window.fill_null(0),
    )


def positives(bought: ir.Table, gp_min_threshold: float) -> ir.Table:
    """Count the buyers of each window: cutoff, division, window_months, positives.

    Parameters
    ----------
    bought
        What `net_values` gives, of candidates only.
    """
    buyers = bought.filter(is_buyer(bought.net_gp_window, gp_min_threshold))
    return buyers.group_by(*_WINDOW).aggregate(positives=buyers.count())
