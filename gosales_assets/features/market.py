"""How the market for each target moves: base rate of the last closed window, and momentum."""

from collections.abc import Sequence

import polars as pl

from gosales_assets.features.activity import Activity
from gosales_assets.features.history import sums_of
from gosales_assets.features.ratios import log_ratio, relative_change

_SUMS = (
    "value_window",
    "value_window_before",
    *(f"rfm__div__{measure}__{w}" for measure in ("orders", "value") for w in ("12m", "24m")),
)


def market(
    activity: Activity,
    since: pl.DataFrame,
    targets: Sequence[str],
    gp_min_threshold: float,
) -> pl.DataFrame:
    """Compute the ``mkt`` features, one row per target.

    The base rate is the label's own definition one window earlier: of the customers with any
    purchase by C - W, the share whose net value of the target in (C - W, C] is above the
    threshold; W is the target's own window. Null while the log is too young to have such customers.

    Parameters
    ----------
    since
        Days since each customer's first purchase of anything: customer (its number), oldest.
    """
    known = _known_customers(activity, since["oldest"], targets)
    rows = (
        pl.concat(_sums_of(activity, target) for target in targets)
        .join(since.rename({"oldest": "since"}), on="customer", how="left")
        .join(known, on="division")
    )
    orders, orders_before = _years("orders")
    value, value_before = (_cents(year) for year in _years("value"))
    counts = rows.group_by("division").agg(
        buyers_now=_buyers("value_window", gp_min_threshold, "days_now"),
        buyers_then=_buyers("value_window_before", gp_min_threshold, "days_then"),
        buyers=(orders > 0).sum(),
        buyers_before=(orders_before > 0).sum(),
        value=value.sum(),
        value_before=value_before.sum(),
    )
    frame = known.join(counts, on="division", how="left")
    rate = _share("buyers_now", "customers_now")
    year, last_year, value_now, value_then = (
        pl.col(name).fill_null(0).cast(pl.Float64)
        for name in ("buyers", "buyers_before", "value", "value_before")
    )
    return frame.select(
        "division",
        rate.alias("market__mkt__base_rate__now"),
        (rate - _share("buyers_then", "customers_then")).alias("market__mkt__base_rate_trend__now"),
        log_ratio(year, last_year).alias("market__mkt__buyers_momentum__now"),
        relative_change(value_now, value_then).alias("market__mkt__value_momentum__now"),
    )


def _sums_of(activity: Activity, target: str) -> pl.DataFrame:
    """Sums of everybody with a line of a target, also of who only ever returned something."""
    customers = activity.months(target).customers
    sums = sums_of(activity, target, _SUMS, customers)
    return sums.with_columns(pl.Series("customer", customers), pl.lit(target).alias("division"))


def _known_customers(activity: Activity, since: pl.Series, targets: Sequence[str]) -> pl.DataFrame:
    """How long ago each target's last two windows began, and how many were customers by then."""
    rows = []
    for target in targets:
        window = activity.window_of(target)
        now, then = ((activity.cutoff - activity.day_before(n * window)).days for n in (1, 2))
        known = {"customers_now": (since >= now).sum(), "customers_then": (since >= then).sum()}
        rows.append({"division": target, "days_now": now, "days_then": then, **known})
    kinds = {"division": pl.String} | dict.fromkeys(
        ("days_now", "days_then", "customers_now", "customers_then"), pl.Int64
    )
    return pl.DataFrame(rows, schema=kinds)


def _years(measure: str) -> tuple[pl.Expr, pl.Expr]:
    """Sum of the last 12 months, and of the 12 before."""
    year, two_years = (pl.col(f"rfm__div__{measure}__{window}") for window in ("12m", "24m"))
    return year, two_years - year


def _buyers(value: str, threshold: float, days: str) -> pl.Expr:
    """Customers known by the begin of a window whose net value in it exceeds the threshold."""
    return ((pl.col(value) > threshold) & (pl.col("since") >= pl.col(days))).sum()


def _cents(money: pl.Expr) -> pl.Expr:
    """Money in whole cents, whose sum does not depend on the order."""
    return (money * 100).round().cast(pl.Int64)


def _share(buyers: str, population: str) -> pl.Expr:
    known = pl.col(population) > 0
    return pl.when(known).then(pl.col(buyers).fill_null(0) / pl.col(population))
