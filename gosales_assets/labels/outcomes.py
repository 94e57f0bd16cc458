"""Outcomes: what was bought in the label windows, and the label that follows.

One definition for all: the labels that models learn from, prospects, and the counting of buyers
that decides how long a target's window is.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import polars as pl

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
    numbered = _numbered(windows)
    inside = _inside(_counted(lines, denylist), numbered)
    # By order first: distinct ones take longer to count.
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
    """Sum the windows like `outcomes`, but only their value: of many windows, which overlap."""
    numbered = _numbered(windows)
    inside = _inside(_counted(lines, denylist), numbered)
    sums = inside.group_by("window", "customer_id").aggregate(
        net_gp_window=inside.value.sum().cast(MONEY)
    )
    return numbered.join(sums, "window").select(*_WINDOW, "customer_id", "net_gp_window")


def _numbered(windows: ir.Table) -> ir.Table:
    """Number the windows: to group by three columns takes longer."""
    number = ibis.row_number().over(order_by=_WINDOW)
    return windows.mutate(window=number.cast("int32"))


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


def judged(bought: ir.Table, gp_min_threshold: float) -> ir.Table:
    """Add the label to what `outcomes` gives: 1 when the net value is above the threshold.

    Parameters
    ----------
    gp_min_threshold
        Net value in base currency that must be exceeded; not negative, so that who bought nothing
        is no buyer.
    """
    buyer = is_buyer(bought.net_gp_window, gp_min_threshold)
    return bought.mutate(label=buyer.cast("int64"))


def labels(candidates: pl.DataFrame, months: int, bought: pl.DataFrame) -> pl.DataFrame:
    """Label every candidate of one window, in their order.

    Candidates without any line in the window are 0; so are those who only returned something.

    Parameters
    ----------
    candidates
        cutoff, division, customer_id, cohort: see `gosales_assets.labels.candidates`.
    months
        Length of the window.
    bought
        What `judged` gives for this window.

    Returns
    -------
    pl.DataFrame
        One row per candidate, with the columns of ``labels.labels``.
    """
    measures = ["label", "net_gp_window", "orders_window"]
    of_customers = bought.select("customer_id", *measures)
    return candidates.join(
        of_customers, on="customer_id", how="left", maintain_order="left"
    ).select(
        "cutoff",
        "division",
        "customer_id",
        pl.lit(months, pl.Int64).alias("window_months"),
        "cohort",
        pl.col(measures).fill_null(0),
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
