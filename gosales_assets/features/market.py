"""How the market for each target moves: base rate of the last closed window, and momentum."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import YEAR
from gosales_assets.features.ratios import log_ratio, relative_change

if TYPE_CHECKING:
    import ibis


def market(activity: Activity, targets: Sequence[str], gp_min_threshold: float) -> pl.DataFrame:
    """Compute the ``mkt`` features, one row per target.

    The base rate is the label's own definition one window earlier: of the customers with any
    purchase by C - W, the share whose net value of the target in (C - W, C] is above the
    threshold; W is the target's own window. Null while the log is too young to have such customers.
    """
    by_months: dict[int, list[str]] = {}
    for target in targets:
        by_months.setdefault(activity.window_of(target), []).append(target)
    return pl.concat(
        [
            _of_window(activity, own, months, gp_min_threshold)
            for months, own in sorted(by_months.items())
        ]
    )


def _of_window(
    activity: Activity, targets: Sequence[str], window: int, threshold: float
) -> pl.DataFrame:
    """Features of the targets that have this window."""
    known_now, known_then = (activity.day_before(months) for months in (window, 2 * window))
    first = _first_days(activity)
    population = first.aggregate(
        now=(first.first_day <= known_now).sum(), then=(first.first_day <= known_then).sum()
    )
    customers_now, customers_then = population.to_polars().row(0)
    sums = _sums(activity, window)
    t = sums.left_join(first, "customer_id")
    counts = t.group_by("division").aggregate(
        buyers_now=((t.net_now > threshold) & (t.first_day <= known_now)).sum().cast("float64"),
        buyers_then=((t.net_then > threshold) & (t.first_day <= known_then)).sum().cast("float64"),
        buyers=(t.orders > 0).sum().cast("float64"),
        buyers_before=(t.orders_before > 0).sum().cast("float64"),
        value=t.value.sum().cast("float64"),
        value_before=t.value_before.sum().cast("float64"),
    )
    frame = pl.DataFrame({"division": targets}, schema={"division": pl.String}).join(
        counts.to_polars(), on="division", how="left"
    )
    rate, then = _share("buyers_now", customers_now), _share("buyers_then", customers_then)
    year, last_year = (pl.col(name).fill_null(0.0) for name in ("buyers", "buyers_before"))
    value, last_value = (pl.col(name).fill_null(0.0) for name in ("value", "value_before"))
    return frame.select(
        "division",
        rate.alias("market__mkt__base_rate__now"),
        (rate - then).alias("market__mkt__base_rate_trend__now"),
        log_ratio(year, last_year).alias("market__mkt__buyers_momentum__now"),
        relative_change(value, last_value).alias("market__mkt__value_momentum__now"),
    )


def _share(buyers: str, population: int | None) -> pl.Expr:
    if not population:
        return pl.lit(None, dtype=pl.Float64)
    return pl.col(buyers).fill_null(0.0) / population


def _first_days(activity: Activity) -> "ibis.Table":
    """Day of each customer's first purchase of anything: ``customer_id, first_day``."""
    days = activity.of_scope(activity.days, "all")
    return days.group_by("customer_id").aggregate(first_day=days.order_date.min())


def _sums(activity: Activity, window: int) -> "ibis.Table":
    """What each customer bought of each division: in the last two windows, and the last two years.

    Returns
    -------
    One row per customer and division: net_now, net_then (by window), orders, orders_before, value,
    value_before (by year).
    """
    t = activity.of_scope(activity.months, "div")
    now, then = t.age < window, (t.age >= window) & (t.age < 2 * window)
    year, before = t.age < YEAR, (t.age >= YEAR) & (t.age < 2 * YEAR)
    return t.group_by("customer_id", "division").aggregate(
        net_now=t.value.sum(where=now).cast("float64"),
        net_then=t.value.sum(where=then).cast("float64"),
        orders=t.orders.sum(where=year),
        orders_before=t.orders.sum(where=before),
        value=t.value.sum(where=year),
        value_before=t.value.sum(where=before),
    )
