"""Sums over a customer's own past: what is read of the months and of the days.

Sums run over integers and decimals only, so no order of summation shows. Each function gives the
aggregates of one table, by name: features as the catalogue calls them, and helper columns.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from gosales_assets.calendar import add_months
from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import (
    OFFSET_DAYS,
    OFFSET_MEASURES,
    RFM_MEASURES,
    WINDOWS,
    YEAR,
)

if TYPE_CHECKING:
    import ibis

Sums = dict[str, "ibis.Value"]


def of_months(activity: Activity, t: "ibis.Table", scope: str) -> Sums:
    """Aggregates of the months: amounts by window, unevenness, returns, season."""
    return (
        _amounts(t, scope)
        | _last_year(t)
        | _windows(activity, t, scope)
        | _unevenness(t)
        | _season(activity, t, scope)
        | {
            f"rhythm__{scope}__active_months__24m": number(
                t.month.count(where=(t.age < 2 * YEAR) & (t.orders > 0))
            )
        }
    )


def of_days(activity: Activity, t: "ibis.Table", scope: str) -> Sums:
    """Aggregates of the order days: amounts as seen a while ago, recency, gaps."""
    return {
        **_offset(activity, t, scope, OFFSET_MEASURES),
        "recent": number(t.days_ago.min(), None),
        "oldest": number(t.days_ago.max(), None),
        "gaps": number(t.gap.count()),
        "gap_squares": number((t.gap * t.gap).sum()),
        "median_gap": number(t.gap.median(), None),
        "last_gap": number(t.gap.argmax(t.order_date), None),
    }


def of_return_days(activity: Activity, t: "ibis.Table", scope: str) -> Sums:
    """Value that returns took on days without an order, as seen a while ago."""
    return {
        f"{name}__returned": value
        for name, value in _offset(activity, t, scope, ("value",)).items()
    }


def number(expression: "ibis.Value", empty: float | None = 0.0) -> "ibis.Value":
    """Turn a sum into a plain number; ``empty`` stands for a sum of nothing."""
    cast = expression.cast("float64")
    return cast if empty is None else cast.fill_null(empty)


def _amounts(t: "ibis.Table", scope: str) -> Sums:
    sums = {
        f"rfm__{scope}__{measure}__{window}": number(
            t[measure].sum(where=t.age < months), None if measure == "revenue" else 0.0
        )
        for measure in RFM_MEASURES
        for window, months in WINDOWS.items()
    }
    return sums | {f"rfm__{scope}__orders__ever": number(t.orders.sum())}


def _last_year(t: "ibis.Table") -> Sums:
    year, before = t.age < YEAR, (t.age >= YEAR) & (t.age < 2 * YEAR)
    return {
        "gross_profit": number(t.gross_profit.sum(where=year), None),
        "returned_lines": number(t.returns.sum(where=year)),
        "returned_value": number(t.returned_value.sum(where=year)),
        "quantity": number(t.quantity.sum(where=year), None),
        "quantity_before": number(t.quantity.sum(where=before), None),
    }


def _unevenness(t: "ibis.Table") -> Sums:
    year = t.age < YEAR
    sums = {}
    for measure in ("orders", "value"):
        # Bucket i of 12 (11 - age) weighs 2i - 11: least squares against time, in whole numbers.
        tilt = t[measure] * (YEAR - 1 - 2 * t.age)
        sums[f"{measure}_tilt"] = number(tilt.sum(where=year))
        sums[f"{measure}_squares"] = number((t[measure] * t[measure]).sum(where=year))
    return sums


def _season(activity: Activity, t: "ibis.Table", scope: str) -> Sums:
    two_years = t.age < 2 * YEAR
    ahead = _is_ahead(activity, t, scope)
    sums = {"orders_ahead": number(t.orders.sum(where=two_years & ahead))}
    if scope == "all":
        for quarter in range(1, 5):
            here = two_years & (t.month.quarter() == quarter)
            sums[f"orders_quarter_{quarter}"] = number(t.orders.sum(where=here))
    return sums


def _windows(activity: Activity, t: "ibis.Table", scope: str) -> Sums:
    """Net value of the last windows of each target, as long as the one that is predicted of it."""
    if scope == "all":
        return {}
    import ibis

    months = _by_target(activity, t, ibis.literal)
    now, before = t.age < months, (t.age >= months) & (t.age < 2 * months)
    return {
        "value_window": number(t.value.sum(where=now), None),
        "value_window_before": number(t.value.sum(where=before), None),
    }


def _is_ahead(activity: Activity, t: "ibis.Table", scope: str) -> "ibis.BooleanValue":
    """Whether a month lies in the season that is predicted: of each target in its own window."""

    def inside(window: int) -> "ibis.BooleanValue":
        calendar = {add_months(activity.cutoff, i + 1).month for i in range(window)}
        return t.month.month().isin(sorted(calendar))

    return (
        inside(activity.star.window_months) if scope == "all" else _by_target(activity, t, inside)
    )


def _by_target(
    activity: Activity, t: "ibis.Table", of_window: "Callable[[int], ibis.Value]"
) -> "ibis.Value":
    """What follows from the window of each row's target: the usual one, or one of its own."""
    import ibis

    targets: dict[int, list[str]] = {}
    for target, window in sorted(activity.star.windows.items()):
        if window != activity.star.window_months:
            targets.setdefault(window, []).append(target)
    usual = of_window(activity.star.window_months)
    branches = [(t.division.isin(own), of_window(months)) for months, own in targets.items()]
    return ibis.cases(*branches, else_=usual) if branches else usual


def _offset(activity: Activity, t: "ibis.Table", scope: str, measures: tuple[str, ...]) -> Sums:
    back = timedelta(days=OFFSET_DAYS)
    sums = {}
    for window, months in WINDOWS.items():
        begin, end = activity.day_before(months) - back, activity.cutoff - back
        then = (t.order_date > begin) & (t.order_date <= end)
        for measure in measures:
            name = f"offset__{scope}__{measure}__{window}"
            sums[name] = number(t[measure].sum(where=then))
    return sums
