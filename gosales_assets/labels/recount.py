"""Recount: label windows counted anew, straight from order lines, to hold the labels against.

It shares no code with `gosales_assets.labels.outcomes`, so that a window that begins too early or
ends too late there does not go unseen here.
"""

from collections.abc import Collection
from datetime import date

import ibis.expr.types as ir
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.calendar import add_months

_EXAMPLES = 3
_MEASURES = ("net_gp_window", "orders_window")


def recounted(
    lines: ir.Table, cutoff: date, months: int, denied: Collection[str] = ()
) -> pl.DataFrame:
    """Count what was bought in the ``months`` after a cutoff.

    Parameters
    ----------
    lines
        Order lines of the targets, see `gosales_assets.star.scopes.target_lines`.
    denied
        SKUs that never count.

    Returns
    -------
    pl.DataFrame
        One row per target and customer with a line then: division, customer_id, net_gp_window,
        orders_window.
    """
    days = lines.order_date.between(_day_after(cutoff), add_months(cutoff, months))
    then = lines.filter(days)
    if denied:
        then = then.filter(then.sku.notin(sorted(denied)))
    bought = ~then.is_return
    counted = then.group_by("division", "customer_id").aggregate(
        net_gp_window=then.value.sum().cast("decimal(18, 2)"),
        orders_window=then.order_id.nunique(where=bought),
    )
    return counted.to_polars()


def otherwise(labels: pl.DataFrame, expected: pl.DataFrame) -> list[Breach]:
    """Find labels that do not say what `recounted` found; who bought nothing counts as zero.

    Parameters
    ----------
    labels, expected
        Rows of ``labels.labels`` and of `recounted`, of one cutoff and target.
    """
    joined = labels.join(expected, on="customer_id", how="left", suffix="_expected")
    found = []
    for measure in _MEASURES:
        theirs = pl.col(f"{measure}_expected").fill_null(0)
        wrong = joined.filter(pl.col(measure) != theirs)
        if wrong.height:
            rule = "as the order lines after the cutoff say, up to the end of the window"
            examples = tuple(wrong["customer_id"].head(_EXAMPLES))
            found.append(Breach(measure, rule, wrong.height, examples))
    return found


def not_over(labels: pl.DataFrame, data_end: date) -> list[Breach]:
    """Find labels whose window ends after the last day that the log is complete for."""
    windows = labels.select("cutoff", "window_months").unique().sort("cutoff", "window_months")
    return [
        Breach(
            "label",
            f"no label before its window has closed; the log ends on {data_end}",
            labels.filter(cutoff=cutoff, window_months=months).height,
            (f"{months} months from {cutoff}",),
        )
        for cutoff, months in windows.iter_rows()
        if add_months(cutoff, months) > data_end
    ]


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
