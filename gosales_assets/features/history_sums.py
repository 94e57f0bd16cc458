"""Sums over customers' own past: what is looked up of the months and of the days.

Sums are of whole numbers (see `ledger`), so no order of summation shows. Each function gives
columns by name, one value per customer: features as the catalogue calls them, and helper columns.
NaN: there is nothing to sum.
"""

from datetime import timedelta

import numpy as np

from gosales_assets.features.activity import Activity, day_number
from gosales_assets.features.catalog import (
    OFFSET_DAYS,
    RFM_MEASURES,
    WINDOWS,
    YEAR,
)
from gosales_assets.features.ledger import Real, Seen
from gosales_assets.features.measures import CENTS, FRACTIONS, MAY_BE_UNKNOWN, QUARTERS

Sums = dict[str, Real]
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
        | _season(activity, t, scope, window)
        | {f"rhythm__{scope}__active_months__24m": _summed(t, "ordered", two_years)}
    )


def of_days(activity: Activity, t: Seen) -> Sums:
    """Sums of the order days: recency and gaps."""
    return {
        "recent": (activity.day - t.last).astype(np.float64),
        "oldest": (activity.day - t.first).astype(np.float64),
        "gaps": (t.ends - t.begins - 1).astype(np.float64),
        "gap_squares": t.gap_squares.astype(np.float64),
        "median_gap": t.median_gap,
        "last_gap": t.last_gap,
    }


def seen_a_while_ago(activity: Activity, t: Seen, measure: str) -> Sums:
    """Sum a measure of the days over windows that ended 60 days ago."""
    back = timedelta(days=OFFSET_DAYS)
    end = day_number(activity.cutoff - back)
    return {
        window: _summed(t, measure, day_number(activity.day_before(months) - back), end)
        for window, months in WINDOWS.items()
    }


def of_windows(activity: Activity, t: Seen, window: int) -> Sums:
    """Net value of the last two windows of so many months; NaN: no line in it."""

    def value(end: int) -> Real:
        lines = t.sum("lines", end - window, end)
        return np.where(lines > 0, _summed(t, "value", end - window, end), np.nan)

    now = activity.month
    return {"value_window": value(now), "value_window_before": value(now - window)}


def _amounts(activity: Activity, t: Seen, scope: str) -> Sums:
    sums = {
        f"rfm__{scope}__{measure}__{window}": _summed(t, measure, activity.month - months)
        for measure in RFM_MEASURES
        for window, months in WINDOWS.items()
    }
    return sums | {f"rfm__{scope}__orders__ever": _summed(t, "orders")}


def _last_year(activity: Activity, t: Seen) -> Sums:
    year, before = activity.month - YEAR, activity.month - 2 * YEAR
    return {
        "gross_profit": _summed(t, "gross_profit", year),
        "returned_lines": _summed(t, "returns", year),
        "returned_value": _summed(t, "returned_value", year),
        "quantity": _summed(t, "quantity", year),
        "quantity_before": _summed(t, "quantity", before, year),
    }


def _unevenness(activity: Activity, t: Seen) -> Sums:
    year = activity.month - YEAR
    sums = {}
    for measure in ("orders", "value"):
        # Month i of 12 weighs 2i - 11: least squares against time, in whole numbers.
        middle = 2 * activity.month - (YEAR - 1)
        tilt = 2 * t.sum(f"{measure}_by_month", year) - middle * t.sum(measure, year)
        parts = _PARTS.get(measure, 1)
        sums[f"{measure}_tilt"] = tilt / parts
        sums[f"{measure}_squares"] = t.squares(measure, year) / parts**2
    return sums


def _season(activity: Activity, t: Seen, scope: str, window: int) -> Sums:
    """Orders of the last two years in the months that the window ahead is made of."""
    begins = [activity.month - YEAR * ago for ago in (1, 2)]
    ahead = [_summed(t, "orders", begin, begin + min(window, YEAR)) for begin in begins]
    sums = {"orders_ahead": ahead[0] + ahead[1]}
    if scope == "all":
        for quarter in QUARTERS:
            name = f"orders_quarter_{quarter}"
            sums[name] = _summed(t, name, activity.month - 2 * YEAR)
    return sums


def _summed(t: Seen, measure: str, after: int | None = None, until: int | None = None) -> Real:
    """Sum of a measure in (after, until], in its unit; NaN where it is unknown throughout."""
    total = t.sum(measure, after, until) / _PARTS.get(measure, 1)
    if measure not in MAY_BE_UNKNOWN:
        return total
    return np.where(t.sum(f"{measure}_known", after, until) > 0, total, np.nan)
