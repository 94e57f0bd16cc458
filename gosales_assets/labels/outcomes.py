"""Outcomes: what candidates bought in the label window, and the label that follows."""

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from gosales_assets.calendar import window_end

MONEY = "decimal(18, 2)"


def outcomes(lines: ir.Table, cutoff: date, months: int, denylist: Sequence[str] = ()) -> ir.Table:
    """Sum the window (cutoff, cutoff + months] per customer and target.

    Parameters
    ----------
    lines
        Order lines of the targets, see `gosales_assets.star.scopes.target_lines`.
    denylist
        SKUs that never count.

    Returns
    -------
    ir.Table
        One row per customer and target with a line in the window: customer_id, division,
        net_gp_window (returns included), orders_window (orders with a line that is no return).
    """
    inside = lines.filter(lines.order_date > cutoff, lines.order_date <= window_end(cutoff, months))
    counted = inside.filter(~inside.sku.isin(list(denylist))) if denylist else inside
    return counted.group_by("customer_id", "division").aggregate(
        net_gp_window=counted.value.sum().cast(MONEY),
        orders_window=counted.order_id.nunique(where=~counted.is_return),
    )


def labels(
    candidates: ir.Table, bought: ir.Table, months: int, gp_min_threshold: float
) -> ir.Table:
    """Label every candidate: 1 when the window's net value is above the threshold.

    Candidates without any line in the window are 0; so are those who only returned something.

    Parameters
    ----------
    candidates, bought
        See `gosales_assets.labels.candidates.candidates` and `outcomes`.
    months
        Length of the window.
    gp_min_threshold
        Net value in base currency that must be exceeded.

    Returns
    -------
    ir.Table
        One row per candidate, with the columns of ``labels.labels``.
    """
    joined = candidates.left_join(bought, ["customer_id", "division"])
    net = bought.net_gp_window.fill_null(0).cast(MONEY)
    return joined.select(
        cutoff=candidates.cutoff,
        division=candidates.division,
        customer_id=candidates.customer_id,
        window_months=ibis.literal(months),
        cohort=candidates.cohort,
        label=(net > gp_min_threshold).cast("int64"),
        net_gp_window=net,
        orders_window=bought.orders_window.fill_null(0),
    )
