"""Cutoffs against the data: which have an outcome, and which lie where there is no data."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from gosales_assets.calendar import add_months, is_closed, month_end, months_known, window_end
from gosales_assets.settings import SettingsError


def cutoff_table(
    cutoffs: Sequence[date],
    window_months: int,
    data_start: date,
    data_end: date,
    *,
    shortest: int | None = None,
) -> pl.DataFrame:
    """Make ``star.dim_cutoff``: one row per cutoff.

    Parameters
    ----------
    window_months
        Months that are predicted of targets without a window of their own.
    shortest
        Months of the shortest window of any target; None: all have the usual one.
    data_start, data_end
        First order day, and the day up to which the log is complete.

    Raises
    ------
    SettingsError
        When a cutoff lies outside the data, or no cutoff's outcome is known for any target.
    """
    days = sorted(cutoffs)
    _inside_the_data(days, data_start, data_end)
    _one_is_closed(days, shortest or window_months, data_end)
    return pl.DataFrame(
        {
            "cutoff": days,
            "window_end": [window_end(day, window_months) for day in days],
            "is_closed": [is_closed(day, window_months, data_end) for day in days],
            "months_known": [months_known(day, data_end) for day in days],
            "data_start": [data_start] * len(days),
            "data_end": [data_end] * len(days),
        }
    )


def _inside_the_data(days: Sequence[date], data_start: date, data_end: date) -> None:
    span = f"the data run from {data_start} to {data_end}"
    if not days:
        raise SettingsError(
            f"cutoffs: no month-end lies from cutoffs.first to cutoffs.last; {span}"
        )
    if days[0] < data_start:
        raise SettingsError(
            f"cutoffs.first: cutoff {days[0]} has no data, {span}; "
            f"set cutoffs.first to {month_end(data_start)} or later"
        )
    # A cutoff in the month that the data end in is fine: that month has begun.
    if days[-1].replace(day=1) > data_end:
        raise SettingsError(
            f"cutoffs.last: cutoff {days[-1]} has no data, {span}; "
            f"set cutoffs.last to {month_end(data_end)} or earlier"
        )


def _one_is_closed(days: Sequence[date], window_months: int, data_end: date) -> None:
    first = days[0]
    if is_closed(first, window_months, data_end):
        return
    whole_month = data_end if data_end == month_end(data_end) else add_months(data_end, -1)
    raise SettingsError(
        f"window_months: {window_months} months after the first cutoff {first} end on "
        f"{window_end(first, window_months)}, but the data end on {data_end}, so no outcome is "
        f"known; set cutoffs.first to {add_months(whole_month, -window_months)} or earlier, "
        "or a smaller window_months (or targets.windows)"
    )
