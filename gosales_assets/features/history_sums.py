"""Sums over customers' own past: what is looked up of the months and of the days.

Sums are of whole numbers (see `ledger`), so no order of summation shows. Each function gives
columns by name, worked out when they are asked for, one value per customer: features as the
catalogue calls them, and helper columns. NaN: there is nothing to sum.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import numpy as np

from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import (
    OFFSET_DAYS,
    RFM_MEASURES,
    WINDOWS,
    YEAR,
)
from gosales_assets.features.ledger import Real, Seen
from gosales_assets.features.measures import CENTS, FRACTIONS, MAY_BE_UNKNOWN, QUARTERS
from gosales_assets.features.numbering import day_number

Sums = dict[str, Callable[[], Real]]
_PARTS = {"quantity": FRACTIONS} | dict.fromkeys(
    ("value", "revenue", "gross_profit", "returned_value"), CENTS
)


def of_months(activity: Activity, t: Seen, scope: str, window: int) -> Sums:
    """Sums of the months: amounts by window, unevenness, returns, season.

    Parameters
    ----------
    window
        Months ahead, whose season is looked at.
    """
    two_years = activity.month - 2 * YEAR
    return (
        _amounts(activity, t, scope)
        | _last_year(activity, t)
        | _unevenness(activity, t)
        | _season(activity, t, window)
        | _windows(activity, t, window)
        | {f"rhythm__{scope}__active_months__24m": partial(_summed, t, "ordered", two_years)}
    )


def of_days(activity: Activity, t: Seen) -> Sums:
    """Sums of the order days: recency and gaps."""
    return {
        "recent": lambda: (activity.day - t.last).astype(np.float64),
        "oldest": lambda: (activity.day - t.first).astype(np.float64),
        "gaps": lambda: (t.ends - t.begins - 1).astype(np.float64),
        "gap_squares": lambda: t.gap_squares.astype(np.float64),
        "median_gap": lambda: t.median_gap,
        "last_gap": lambda: t.last_gap,
    }


def seen_a_while_ago(activity: Activity, t: Seen, measure: str) -> Sums:
    """Sum a measure of the days over windows that ended 60 days ago."""
    back = timedelta(days=OFFSET_DAYS)
    end = day_number(activity.cutoff - back)
    return {
        window: partial(_summed, t, measure, day_number(activity.day_before(months) - back), end)
        for window, months in WINDOWS.items()
    }


def _windows(activity: Activity, t: Seen, window: int) -> Sums:
    """Net value of the last two windows of so many months; NaN: no line in it."""

    def value(end: int) -> Real:
        lines = t.sum("lines", end - window, end)
        return np.where(lines > 0, _summed(t, "value", end - window, end), np.nan)

    now = activity.month
    return {
        "value_window": partial(value, now),
        "value_window_before": partial(value, now - window),
    }


def _amounts(activity: Activity, t: Seen, scope: str) -> Sums:
    sums: Sums = {
        f"rfm__{scope}__{measure}__{window}": partial(_summed, t, measure, activity.month - months)
        for measure in RFM_MEASURES
        for window, months in WINDOWS.items()
    }
    return sums | {f"rfm__{scope}__orders__ever": partial(_summed, t, "orders")}


def _last_year(activity: Activity, t: Seen) -> Sums:
    year, before = activity.month - YEAR, activity.month - 2 * YEAR
    return {
        "gross_profit": partial(_summed, t, "gross_profit", year),
        "returned_lines": partial(_summed, t, "returns", year),
        "returned_value": partial(_summed, t, "returned_value", year),
        "quantity": partial(_summed, t, "quantity", year),
        "quantity_before": partial(_summed, t, "quantity", before, year),
    }


def _unevenness(activity: Activity, t: Seen) -> Sums:
    year = activity.month - YEAR

    def tilt(measure: str) -> Real:
        # Month i of 12 weighs 2i - 11: least squares against time, in whole numbers.
        middle = 2 * activity.month - (YEAR - 1)
        weighed = 2 * t.sum(f"{measure}_by_month", year) - middle * t.sum(measure, year)
        return weighed / _PARTS.get(measure, 1)

    def squares(measure: str) -> Real:
        return t.squares(measure, year) / _PARTS.get(measure, 1) ** 2

    sums: Sums = {}
    for measure in ("orders", "value"):
        sums[f"{measure}_tilt"] = partial(tilt, measure)
        sums[f"{measure}_squares"] = partial(squares, measure)
    return sums


def _season(activity: Activity, t: Seen, window: int) -> Sums:
    """Orders of the last two years: in the months that the window ahead is made of; by quarter."""
    last, before = (activity.month - YEAR * ago for ago in (1, 2))
    months = min(window, YEAR)

    def ahead() -> Real:
        years = [_summed(t, "orders", begin, begin + months) for begin in (last, before)]
        return years[0] + years[1]

    quarters = [f"orders_quarter_{quarter}" for quarter in QUARTERS]
    return {"orders_ahead": ahead} | {name: partial(_summed, t, name, before) for name in quarters}


def _summed(t: Seen, measure: str, after: int | None = None, until: int | None = None) -> Real:
    """Sum of a measure in (after, until], in its unit; NaN where it is unknown throughout."""
    total = t.sum(measure, after, until) / _PARTS.get(measure, 1)
    if measure not in MAY_BE_UNKNOWN:
        return total
    return np.where(t.some(measure, after, until), total, np.nan)
