"""Months and cutoffs: the calendar arithmetic that labels, features and partitions share."""

import calendar
from datetime import date


def month_end(day: date) -> date:
    """Last day of the month that ``day`` is in."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """Last day of the month that lies ``months`` after the month of ``day``.

    Examples
    --------
    >>> add_months(date(2024, 12, 31), 2)
    datetime.date(2025, 2, 28)
    """
    index = day.year * 12 + day.month - 1 + months
    return month_end(date(index // 12, index % 12 + 1, 1))


def cutoff_days(first: date, last: date, every_months: int) -> list[date]:
    """Month-ends from ``first`` to ``last``, both inclusive, a step of ``every_months`` apart.

    A ``first`` that is no month-end is moved to the end of its month; no cutoff is later than
    ``last``.
    """
    days = []
    current = month_end(first)
    while current <= last:
        days.append(current)
        current = add_months(current, every_months)
    return days


def aligned(day: date, every_months: int) -> date:
    """First month-end from ``day`` on that lies in the usual rhythm, such as quarter-ends.

    A rhythm that does not divide the year has no usual months; then it is the month of ``day``.

    Examples
    --------
    >>> aligned(date(2024, 1, 15), 3)
    datetime.date(2024, 3, 31)
    """
    if 12 % every_months:
        return month_end(day)
    return add_months(day, -day.month % every_months)


def window_end(cutoff: date, months: int) -> date:
    """Last day of the label window (cutoff, cutoff + months]."""
    return add_months(cutoff, months)


def is_closed(cutoff: date, months: int, data_end: date) -> bool:
    """Whether the data reach the end of the cutoff's label window."""
    return window_end(cutoff, months) <= data_end


def months_known(cutoff: date, data_end: date) -> int:
    """Whole months after the cutoff that the data cover: windows of up to as many are closed.

    Examples
    --------
    >>> months_known(date(2024, 6, 30), date(2024, 12, 31))
    6
    >>> months_known(date(2024, 6, 30), date(2024, 12, 30))
    5
    """
    begun = (data_end.year - cutoff.year) * 12 + data_end.month - cutoff.month
    return max(begun if data_end == month_end(data_end) else begun - 1, 0)


def closed_by(cutoffs: list[date], cutoff: date, months: int) -> list[date]:
    """Cutoffs whose label windows closed by ``cutoff``: all that a model for it may learn from."""
    return [c for c in sorted(cutoffs) if window_end(c, months) <= cutoff]
