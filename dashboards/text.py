"""Plain words for people who sell: chances, money, days, states."""

from collections.abc import Sequence
from datetime import date
from math import isfinite

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
NBSP = "\N{NO-BREAK SPACE}"

# Nearer to the usual than this is no news, either way.
CLAIM_FROM = 1.3

STATES = {
    "potential": "To offer",
    "owned": "Owned",
    "open_deal": "In talks",
    "blocked": "Do not call",
    "cooling": "Called recently",
    "out_of_region": "Out of region",
}
STATES_EXPLAINED = {
    "potential": "does not have it and may be called",
    "owned": "has it already",
    "open_deal": "a deal is open",
    "blocked": "on the block list",
    "cooling": "contacted too recently to call again",
    "out_of_region": "not sold there, or not covered by the rep",
}
STATES_SHORT = {
    "potential": "Offer",
    "owned": "Owned",
    "open_deal": "In talks",
    "blocked": "Blocked",
    "cooling": "Wait",
    "out_of_region": "Elsewhere",
}
CHANGES = {
    "new": "New on the list",
    "gone": "No longer on it",
    "moved": "Moved up or down",
    "stayed": "Same place",
}
SEGMENTS = {
    "warm": "Active: bought in the last 12 months",
    "cold": "Dormant: last bought longer ago",
    "prospect": "Prospect: has not bought yet",
}
GRADES = {
    "A": "A: top 10 %",
    "B": "B: next 20 %",
    "C": "C: next 30 %",
    "D": "D: next 20 %",
    "F": "F: last 20 %",
}
TRENDS = {"up": "↗ rising", "steady": "→ steady", "down": "↘ falling", "new": "new"}


def percent(share: float | None) -> str:
    """Write a share as a whole percentage, without feigning certainty at the ends.

    Examples
    --------
    >>> percent(0.314).replace(NBSP, " "), percent(0.004).replace(NBSP, " ")
    ('31 %', 'under 1 %')
    """
    if share is None or not isfinite(share):
        return "–"
    if 0 < share < 0.01:
        return f"under{NBSP}1{NBSP}%"
    if 0.99 < share < 1:
        return f"over{NBSP}99{NBSP}%"
    return f"{share * 100:.0f}{NBSP}%"


def months(count: int) -> str:
    """Write a number of months."""
    return f"{count}{NBSP}month{'' if count == 1 else 's'}"


def ahead(windows: Sequence[int]) -> str:
    """Write how far divisions are predicted, from the shortest window to the longest.

    Examples
    --------
    >>> [ahead(w).replace(NBSP, " ") for w in ([6], [6, 9, 12], [])]
    ['6 months', '6 to 12 months, by division', '']
    """
    if len(windows) < 2:
        return "".join(map(months, windows))
    return f"{windows[0]} to {months(windows[-1])}, by division"


def chance(probability: float | None, window_months: int) -> str:
    """Write a probability with its horizon.

    Examples
    --------
    >>> chance(0.31, 6).replace(NBSP, " ")
    '31 % in 6 months'
    """
    if probability is None or not isfinite(probability):
        return "not known"
    return f"{percent(probability)} in {months(window_months)}"


def multiple(probability: float | None, usual: float | None) -> str:
    """How a probability compares with the usual one.

    Examples
    --------
    >>> [multiple(p, 0.08) for p in (0.31, 0.12, 0.08, 0.02)]
    ['4x usual', '1.5x usual', 'as usual', 'less than usual']
    """
    if probability is None or usual is None or not probability >= 0 or not usual > 0:
        return ""
    times = probability / usual
    if times >= 100:
        return "over 100x usual"
    if times >= 2.95:
        return f"{times:.0f}x usual"
    if times >= CLAIM_FROM:
        return f"{times:.1f}x usual"
    return "as usual" if times > 1 / CLAIM_FROM else "less than usual"


def money(amount: float | None, sign: str = "") -> str:
    """Write an amount to two or three figures, with the sign of its currency.

    Examples
    --------
    >>> [money(x, "$") for x in (0, 840.4, 2340, 23400, 1250000, -950)]
    ['$0', '$840', '$2.3k', '$23k', '$1.2M', '−$950']
    """
    if amount is None or not isfinite(amount):
        return "–"
    minus = "−" if amount <= -0.5 else ""
    size = abs(amount)
    for limit, divisor, unit in ((999.5, 1, ""), (999_500, 1_000, "k"), (float("inf"), 1e6, "M")):
        if size < limit:
            value = size / divisor
            places = 1 if unit and value < 9.95 else 0
            return f"{minus}{sign.replace(' ', NBSP)}{value:.{places}f}{unit}"
    raise AssertionError("a finite amount is below infinity")


def day(when: date | None, space: str = NBSP) -> str:
    """Write a day so that no reader can mistake the month: 31 Dec 2024."""
    return (
        "–" if when is None else space.join([str(when.day), MONTHS[when.month - 1], str(when.year)])
    )


def standing(percentile: float | None) -> str:
    """Where an account stands within a division: 'ahead of 93 % of accounts'."""
    if percentile is None or not isfinite(percentile):
        return "–"
    return f"ahead of {percent(min(percentile, 0.99))} of accounts"


def count(number: int, noun: str) -> str:
    """Write a number of things: '1 account', '2,310 accounts'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Sequence[str], most: int = 3) -> str:
    """Write names one after the other, the first few of many.

    Examples
    --------
    >>> listed(["A"]), listed(["A", "B", "C"]), listed(["A", "B", "C", "D", "E"])
    ('A', 'A, B and C', 'A, B, C and 2 more')
    """
    shown = list(words[:most])
    if len(words) > most:
        return f"{', '.join(shown)} and {len(words) - most} more"
    return " and ".join([*([", ".join(shown[:-1])] if len(shown) > 1 else []), *shown[-1:]])


def alike(industry: str | None, shared: Sequence[str], more: Sequence[str]) -> str:
    """Say why an account is like another, and what it owns that the other does not.

    Examples
    --------
    >>> alike("Dental", ["PDM", "CPE"], ["Training"])
    'Also in Dental; owns PDM and CPE too; besides, it owns Training'
    """
    place = f"Also in {industry}; owns" if industry else "Owns"
    besides = f"; besides, it owns {listed(more)}" if more else ""
    return f"{place} {listed(shared)} too{besides}"


def runs(run_ids: Sequence[str]) -> str:
    """Name the runs that made something, short enough for one line."""
    if not run_ids:
        return "run not known"
    shown = ", ".join(run_id[:8] for run_id in run_ids[:3])
    more = f" and {len(run_ids) - 3} more" if len(run_ids) > 3 else ""
    return f"{'run' if len(run_ids) == 1 else 'runs'} {shown}{more}"
