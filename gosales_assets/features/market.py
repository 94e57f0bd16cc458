"""How the market for each target moves: base rate of the last closed window, and momentum."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.features.activity import Activity
from gosales_assets.features.history import YEAR, log_ratio, relative_change

if TYPE_CHECKING:
    import ibis


def market(activity: Activity, targets: Sequence[str], gp_min_threshold: float) -> pl.DataFrame:
    """Compute the ``mkt`` features, one row per target.

    The base rate is the label's own definition one window earlier: of the customers with any
    purchase by C - W, the share whose net value of the target in (C - W, C] is above the
    threshold. Null while the log is too young to have such customers.
    """
    base = _base_rate(activity, activity.window_months, gp_min_threshold)
    before = _base_rate(activity, 2 * activity.window_months, gp_min_threshold)
    frame = (
        pl.DataFrame({"division": targets}, schema={"division": pl.String})
        .join(_momentum(activity), on="division", how="left")
        .join(base[0].rename({"buyers": "buyers_now"}), on="division", how="left")
        .join(before[0].rename({"buyers": "buyers_then"}), on="division", how="left")
    )
    rate, then = (
        _share(name, population)
        for name, population in (("buyers_now", base[1]), ("buyers_then", before[1]))
    )
    year, last_year = (pl.col(name).fill_null(0.0) for name in ("buyers", "buyers_before"))
    value, last_value = (pl.col(name).fill_null(0.0) for name in ("value", "value_before"))
    return frame.select(
        "division",
        rate.alias("market__mkt__base_rate__now"),
        (rate - then).alias("market__mkt__base_rate_trend__now"),
        log_ratio(year, last_year).alias("market__mkt__buyers_momentum__now"),
        relative_change(value, last_value).alias("market__mkt__value_momentum__now"),
    )


def _share(buyers: str, population: int) -> pl.Expr:
    if population == 0:
        return pl.lit(None, dtype=pl.Float64)
    return pl.col(buyers).fill_null(0.0) / population


def _base_rate(activity: Activity, months_back: int, threshold: float) -> tuple[pl.DataFrame, int]:
    """Buyers per division in the window that began so many months ago, and the candidates then."""
    window = activity.window_months
    days, months = activity.days, activity.of_scope(activity.months, "div")
    begin = activity.day_before(months_back)
    known = days.filter((days.scope == "all") & (days.order_date <= begin))
    known = known.select("customer_id").distinct()
    inside = months.filter((months.age < months_back) & (months.age >= months_back - window))
    net = inside.group_by("customer_id", "division").aggregate(net=inside.value.sum())
    bought = net.filter(net.net.cast("float64") > threshold).semi_join(known, "customer_id")
    buyers = bought.group_by("division").aggregate(buyers=bought.count().cast("float64"))
    return buyers.to_polars(), int(known.count().to_pyarrow().as_py())


def _momentum(activity: Activity) -> pl.DataFrame:
    t = activity.of_scope(activity.months, "div")
    year, before = t.age < YEAR, (t.age >= YEAR) & (t.age < 2 * YEAR)

    def buyers(period: "ibis.Value") -> "ibis.Value":
        return t.customer_id.nunique(where=period & (t.orders > 0)).cast("float64")

    return (
        t.group_by("division")
        .aggregate(
            buyers=buyers(year),
            buyers_before=buyers(before),
            value=t.value.sum(where=year).cast("float64"),
            value_before=t.value.sum(where=before).cast("float64"),
        )
        .to_polars()
    )
