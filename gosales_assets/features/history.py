"""Features from the customer's own past: amounts, recency, trend, rhythm, returns, season.

The same definitions serve the customer as a whole (scope ``all``) and each customer and target
(scope ``div``). Sums run over integers and decimals only, so no order of summation shows.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import DECAY_HALF_LIVES, OFFSET_DAYS, WINDOWS

if TYPE_CHECKING:
    import ibis

YEAR = 12
_SLOPE_DIVISOR = sum((2 * i - (YEAR - 1)) ** 2 for i in range(YEAR)) / 2


def keys_of(scope: str) -> list[str]:
    """Columns that identify a row of a scope."""
    return ["customer_id"] if scope == "all" else ["customer_id", "division"]


def history(activity: Activity, scope: str) -> pl.DataFrame:
    """Compute all features of the own past for one scope.

    Returns
    -------
    One row per customer (scope ``all``), or per customer and division or SKU set with any line
    (``div``): the keys, features under their catalogue names, some helper columns.
    """
    keys = keys_of(scope)
    months = activity.of_scope(activity.months, scope)
    days = activity.of_scope(activity.days, scope)
    monthly = months.group_by(keys).aggregate(**_monthly(months, activity, scope)).to_polars()
    daily = days.group_by(keys).aggregate(**_daily(days, activity, scope)).to_polars()
    gaps = _gaps(days, keys).to_polars()
    joined = monthly.join(daily, on=keys, how="left").join(gaps, on=keys, how="left")
    derived = joined.with_columns(_changes(scope)).with_columns(
        *_recency(scope), *_trajectory(scope), *_rhythm(scope), *_shares(scope)
    )
    return derived.sort(keys)


def _number(expression: "ibis.Value", empty: float | None = 0.0) -> "ibis.Value":
    number = expression.cast("float64")
    return number if empty is None else number.fill_null(empty)


def _monthly(t: "ibis.Table", activity: Activity, scope: str) -> dict[str, "ibis.Value"]:
    year, before = t.age < YEAR, (t.age >= YEAR) & (t.age < 2 * YEAR)
    ahead = {add_months(activity.cutoff, i + 1).month for i in range(activity.window_months)}
    two_years = t.age < 2 * YEAR
    sums = {
        f"rfm__{scope}__{measure}__{window}": _number(t[measure].sum(where=t.age < months))
        for measure in ("orders", "value")
        for window, months in WINDOWS.items()
    }
    sums[f"rfm__{scope}__orders__ever"] = _number(t.orders.sum())
    sums[f"rfm__{scope}__lines__12m"] = _number(t.lines.sum(where=year))
    sums[f"rfm__{scope}__revenue__12m"] = _number(t.revenue.sum(where=year), None)
    sums[f"rhythm__{scope}__active_months__24m"] = _number(
        t.month.count(where=two_years & (t.orders > 0))
    )
    sums["gross_profit"] = _number(t.gross_profit.sum(where=year), None)
    sums["returned_lines"] = _number(t.returns.sum(where=year))
    sums["returned_value"] = _number(t.returned_value.sum(where=year))
    sums["quantity"] = _number(t.quantity.sum(where=year), None)
    sums["quantity_before"] = _number(t.quantity.sum(where=before), None)
    sums["orders_ahead"] = _number(t.orders.sum(where=two_years & t.month.month().isin(ahead)))
    for quarter in range(1, 5):
        here = two_years & (t.month.quarter() == quarter)
        sums[f"orders_quarter_{quarter}"] = _number(t.orders.sum(where=here))
    for measure in ("orders", "value"):
        # Bucket i of 12 (11 - age) weighs 2i - 11: least squares against time, in whole numbers.
        tilt = t[measure] * (YEAR - 1 - 2 * t.age)
        sums[f"{measure}_tilt"] = _number(tilt.sum(where=year))
        sums[f"{measure}_squares"] = _number((t[measure] * t[measure]).sum(where=year))
    return sums


def _daily(t: "ibis.Table", activity: Activity, scope: str) -> dict[str, "ibis.Value"]:
    offset = timedelta(days=OFFSET_DAYS)
    then = (t.order_date <= activity.cutoff - offset) & (
        t.order_date > activity.day_before(YEAR) - offset
    )
    return {
        f"rfm__{scope}__orders_60d_ago__12m": _number(t.orders.sum(where=then)),
        "recent": t.days_ago.min().cast("float64"),
        "oldest": t.days_ago.max().cast("float64"),
    }


def _gaps(days: "ibis.Table", keys: list[str]) -> "ibis.Table":
    import ibis

    ordered = ibis.window(group_by=keys, order_by="order_date")
    gap = days.order_date.delta(days.order_date.lag().over(ordered), unit="day")
    gaps = days.mutate(gap=gap)
    return gaps.group_by(keys).aggregate(
        gaps=gaps.gap.count().cast("float64"),
        gap_sum=gaps.gap.sum().cast("float64"),
        gap_squares=(gaps.gap * gaps.gap).sum().cast("float64"),
        median_gap=gaps.gap.median().cast("float64"),
        last_gap=gaps.gap.argmax(gaps.order_date).cast("float64"),
    )


def _changes(scope: str) -> list[pl.Expr]:
    def of(measure: str, window: str) -> pl.Expr:
        return pl.col(f"rfm__{scope}__{measure}__{window}")

    now, before = of("orders", "12m"), of("orders", "24m") - of("orders", "12m")
    value, value_before = of("value", "12m"), of("value", "24m") - of("value", "12m")
    return [
        of("orders_60d_ago", "12m").fill_null(0.0),
        (now - before).alias(f"rfm__{scope}__orders_change__12m"),
        log_ratio(now, before).alias(f"rfm__{scope}__orders_log_ratio__12m"),
        relative_change(value, value_before).alias(f"rfm__{scope}__value_change__12m"),
        ratio(value, now).alias(f"rfm__{scope}__value_per_order__12m"),
    ]


def _recency(scope: str) -> list[pl.Expr]:
    days = pl.col("recent")
    half_lives = [
        (2.0 ** (-days / half_life))
        .fill_null(0.0)
        .alias(f"recency__{scope}__decay_{half_life}d__ever")
        for half_life in DECAY_HALF_LIVES
    ]
    return [
        days.alias(f"recency__{scope}__days__ever"),
        days.log1p().alias(f"recency__{scope}__log_days__ever"),
        *half_lives,
    ]


def _trajectory(scope: str) -> list[pl.Expr]:
    shapes = []
    for measure in ("orders", "value"):
        total = pl.col(f"rfm__{scope}__{measure}__12m")
        spread = (pl.col(f"{measure}_squares") - total**2 / YEAR) / YEAR
        deviation = spread.clip(lower_bound=0.0).sqrt()
        name = f"trajectory__{scope}__{measure}"
        shapes += [
            (pl.col(f"{measure}_tilt") / _SLOPE_DIVISOR).alias(f"{name}_slope__12m"),
            deviation.alias(f"{name}_sd__12m"),
            ratio(deviation, total / YEAR).alias(f"{name}_cv__12m"),
        ]
    return shapes


def _rhythm(scope: str) -> list[pl.Expr]:
    mean = ratio(pl.col("gap_sum"), pl.col("gaps"))
    spread = (ratio(pl.col("gap_squares"), pl.col("gaps")) - mean**2).clip(lower_bound=0.0).sqrt()
    columns = {
        "median_gap": pl.col("median_gap"),
        "mean_gap": mean,
        "last_gap": pl.col("last_gap"),
        "overdue_ratio": ratio(pl.col("recent"), pl.col("median_gap")),
        "gap_cv": ratio(spread, mean),
        "days_to_due": pl.col("median_gap") - pl.col("recent"),
    }
    return [e.alias(f"rhythm__{scope}__{name}__ever") for name, e in columns.items()]


def _shares(scope: str) -> list[pl.Expr]:
    two_years = pl.col(f"rfm__{scope}__orders__24m")
    lines = pl.col(f"rfm__{scope}__lines__12m")
    sold = pl.col(f"rfm__{scope}__value__12m") + pl.col("returned_value")
    revenue = pl.col(f"rfm__{scope}__revenue__12m")
    quarters = [
        ratio(pl.col(f"orders_quarter_{q}"), two_years).alias(
            f"season__{scope}__quarter_{q}_share__24m"
        )
        for q in range(1, 5)
    ]
    units, units_before = pl.col("quantity"), pl.col("quantity_before")
    known = pl.any_horizontal(units.is_not_null(), units_before.is_not_null())
    growth = log_ratio(*(e.fill_null(0.0).clip(lower_bound=0.0) for e in (units, units_before)))
    return [
        ratio(pl.col("orders_ahead"), two_years).alias(f"season__{scope}__window_share__24m"),
        *quarters,
        ratio(pl.col("returned_lines"), lines).alias(f"returns__{scope}__line_share__12m"),
        ratio(pl.col("returned_value"), sold).alias(f"returns__{scope}__value_share__12m"),
        ratio(pl.col("gross_profit"), revenue).alias(f"margin__{scope}__gross_margin__12m"),
        pl.when(known).then(growth).alias(f"ownership__{scope}__quantity_log_ratio__12m"),
        pl.col("oldest").alias(f"lifecycle__{scope}__tenure__ever"),
        # A month has 365.25 / 12 days.
        (pl.col("oldest") / 30.4375).alias(f"ownership__{scope}__months_since_first__ever"),
    ]


def ratio(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    """Quotient; null where the divisor is missing, zero or negative."""
    return pl.when(below > 0).then(above / below)


def log_ratio(now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """Logarithm of (now + 1) / (before + 1): growth that stays finite from and to zero."""
    return ((now + 1) / (before + 1)).log()


def relative_change(now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """(now - before) / (|now| + |before|), from -1 to 1; null where both are zero."""
    return ratio(now - before, now.abs() + before.abs())
