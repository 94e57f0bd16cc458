"""Cutoffs: the month-ends that a log can carry, with history before and outcomes after them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from gosales_assets.calendar import add_months, cutoff_days, is_closed, month_end

_WEEKEND = 3  # days without orders at a month's end that mean nothing
_STRAY_MONTHS, _STRAY_SHARE = 6, 0.001
_QUARTERLY_FROM, _QUARTERLY_MOST, _MONTHLY_MOST = 6, 9, 12
_A_YEAR = 12


@dataclass(frozen=True)
class CutoffPlan:
    """Cutoffs for a log.

    Parameters
    ----------
    first, last, every_months, window_months
        As in the settings.
    complete_through
        Last day the log is complete for, where that is later than its last order; else None.
    cutoffs, closed
        How many cutoffs that makes, and how many of them have a known outcome.
    history_months
        Whole months of history before the first cutoff.
    remarks
        What is less than it should be, and why.
    """

    first: date
    last: date
    every_months: int
    window_months: int
    complete_through: date | None
    cutoffs: int
    closed: int
    history_months: int
    remarks: tuple[str, ...]


def plan_cutoffs(days: Mapping[date, int], today: date) -> CutoffPlan | None:
    """Plan cutoffs up to the end of the data; None: no month-end lies in the log.

    Parameters
    ----------
    days
        Order day -> rows.
    today
        Later days do not count.
    """
    known, remarks = _without_strays({d: rows for d, rows in days.items() if d <= today})
    if not known:
        return None
    data_end = max(known)
    complete = _complete_through(known, today)
    if data_end < month_end(data_end) and complete == data_end:
        remarks.append(
            f"the last month is partial (to {data_end}): it is no cutoff, and no window ends in it"
        )
    last = complete if complete == month_end(complete) else add_months(complete, -1)
    start = _start(min(known))
    months = _months(start, last)
    if months < 1:
        return None
    window = 6 if months >= 2 * _A_YEAR else 3 if months >= 6 else 1
    history = _history(months, window)
    every, first = _rhythm(start, last, months, history)
    days_of = cutoff_days(first, last, every)
    closed = sum(is_closed(day, window, complete) for day in days_of)
    had = _months(start, first)
    remarks += _shortcomings(months, window, had, closed)
    through = complete if complete > data_end else None
    return CutoffPlan(
        first, last, every, window, through, len(days_of), closed, had, tuple(remarks)
    )


def _start(first: date) -> date:
    """Month-end from which whole months of history count."""
    return add_months(first, -1) if first.day <= 15 else month_end(first)


def _months(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def _history(months: int, window: int) -> int:
    """Months before the first cutoff: a year, or what leaves room for three windows after it."""
    wanted = min(_A_YEAR, max(3 if window > 1 else 1, months - 3 * window))
    return max(1, min(wanted, months - window - 1))


def _rhythm(start: date, last: date, months: int, history: int) -> tuple[int, date]:
    """Months between cutoffs, and the first one, so that the last one is the end of the data."""
    quarterly = (months - history) // 3 + 1
    if quarterly >= _QUARTERLY_FROM:
        return 3, add_months(last, -3 * (min(quarterly, _QUARTERLY_MOST) - 1))
    monthly = min(months - history + 1, _MONTHLY_MOST)
    return 1, max(add_months(last, 1 - monthly), add_months(start, 1))


def _complete_through(days: Mapping[date, int], today: date) -> date:
    """Last day the log is complete for: its last order, or that month's end if months end so."""
    last_of_month: dict[date, date] = {}
    for day in sorted(days):
        last_of_month[month_end(day)] = day
    ends = sorted(last_of_month)
    gaps = [(end - last_of_month[end]).days for end in ends]
    usual = median(gaps[-7:-1]) if len(gaps) > 2 else 0
    if gaps[-1] <= max(_WEEKEND, usual + 2) and ends[-1] <= today:
        return ends[-1]
    return max(days)


def _without_strays(days: Mapping[date, int]) -> tuple[dict[date, int], list[str]]:
    """Leave out the few rows that lie far before or after all others: slips of the pen."""
    known = dict(sorted(days.items()))
    few = _STRAY_SHARE * sum(known.values())
    gap = timedelta(days=31 * _STRAY_MONTHS)
    order = list(known)
    for at in range(1, len(order)):
        if order[at] - order[at - 1] <= gap:
            continue
        for part in (order[:at], order[at:]):
            rows = sum(known.get(day, 0) for day in part)
            if 0 < rows <= few:
                rest, remarks = _without_strays({d: r for d, r in known.items() if d not in part})
                stray = (
                    f"dates far from all others, from {part[0]} to {part[-1]}, in {rows:,} row(s)"
                )
                return rest, [f"{stray}: slips of the pen?", *remarks]
    return known, []


def _shortcomings(months: int, window: int, history: int, closed: int) -> list[str]:
    found = []
    if window < 6:
        found.append(
            f"the log is {months} month(s) long: a window of {window} instead of 6 months leaves "
            "cutoffs whose outcome is known"
        )
    if history < _A_YEAR:
        found.append(
            f"{history} month(s) of history before the first cutoff, less than a year: seasons and "
            "slow buyers are seen only in part"
        )
    if closed < 2:
        found.append("fewer than two cutoffs have a known outcome: little can be learned or tested")
    return found
