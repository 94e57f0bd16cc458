"""Sums over a customer's own past: what is looked up of the months and of the days.

Sums are of whole numbers (see `ledger`), so no order of summation shows. Each function gives
columns by name, one value per cell of the months: features as the catalogue calls them, and helper
columns. NaN: there is nothing to sum.
"""

from collections.abc import Callable
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


def of_months(activity: Activity, t: Seen, scope: str) -> Sums:
    """Sums of the months: amounts by window, unevenness, returns, season."""
    two_years = activity.month - 2 * YEAR
    return (
        _amounts(activity, t, scope)
        | _last_year(activity, t)
        | _unevenness(activity, t)
        | _season(activity, t, scope)
        | {f"rhythm__{scope}__active_months__24m": _summed(t, "ordered", two_years)}
    )


def of_days(activity: Activity, t: Seen) -> Sums:
    """Sums of the order days, per cell of these: recency and gaps."""
    return {
        "recent": (activity.day - t.last).astype(np.float64),
        "oldest": (activity.day - t.first).astype(np.float64),
        "gaps": (t.ends - t.begins - 1).astype(np.float64),
        "gap_squares": t.gap_squares.astype(np.float64),
        "median_gap": t.median_gap,
        "last_gap": t.last_gap,
    }


def seen_a_while_ago(activity: Activity, t: Seen, measure: str) -> Sums:
    """Sum a measure of the days over windows that ended 60 days ago, per cell of these."""
    back = timedelta(days=OFFSET_DAYS)
    end = day_number(activity.cutoff - back)
    return {
        window: _summed(t, measure, day_number(activity.day_before(months) - back), end)
        for window, months in WINDOWS.items()
    }


def of_windows(activity: Activity, t: Seen) -> Sums:
    """Net value of the last two windows of each target, as long as the one predicted of it."""

    def value(months: int, windows: int) -> Real:
        end = activity.month - (windows - 1) * months
        lines = t.sum("lines", end - months, end)
        return np.where(lines > 0, _summed(t, "value", end - months, end), np.nan)

    return {
        "value_window": _by_target(activity, t, lambda months: value(months, 1)),
        "value_window_before": _by_target(activity, t, lambda months: value(months, 2)),
    }


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


def _season(activity: Activity, t: Seen, scope: str) -> Sums:
    def ahead(window: int) -> Real:
        """Orders of the months of the last two years that the window ahead is made of."""
        ends = (activity.month - YEAR * ago + min(window, YEAR) for ago in (1, 2))
        begins = (activity.month - YEAR * ago for ago in (1, 2))
        sums = [_summed(t, "orders", *span) for span in zip(begins, ends, strict=True)]
        return sums[0] + sums[1]

    usual = activity.star.window_months
    sums = {"orders_ahead": ahead(usual) if scope == "all" else _by_target(activity, t, ahead)}
    if scope == "all":
        for quarter in QUARTERS:
            name = f"orders_quarter_{quarter}"
            sums[name] = _summed(t, name, activity.month - 2 * YEAR)
    return sums


def _by_target(activity: Activity, t: Seen, of_window: Callable[[int], Real]) -> Real:
    """What follows from the window of each cell's target: the usual one, or one of its own."""
    usual = activity.star.window_months
    found = of_window(usual)
    names = activity.star.cells.names(t.cells, "div")["division"]
    for months in sorted(set(activity.star.windows.values()) - {usual}):
        own = [target for target, window in activity.star.windows.items() if window == months]
        found = np.where(names.is_in(own).to_numpy(), of_window(months), found)
    return found


def _summed(t: Seen, measure: str, after: int | None = None, until: int | None = None) -> Real:
    """Sum of a measure in (after, until], in its unit; NaN where it is unknown throughout."""
    total = t.sum(measure, after, until) / _PARTS.get(measure, 1)
    if measure not in MAY_BE_UNKNOWN:
        return total
    return np.where(t.sum(f"{measure}_known", after, until) > 0, total, np.nan)
