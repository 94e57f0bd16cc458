"""Date order: what all dates of a log say of it, and what to say when they do not tell."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from gosales_assets.settings import SettingsError
from gosales_assets.sources.dates import decide_order, is_no_date, parse_date
from gosales_assets.sources.profile.columns import Table

_SAMPLE = 5_000


@dataclass(frozen=True)
class DateOrder:
    """The order in which a log's dates are to be read.

    Parameters
    ----------
    order
        For ``sales_log.date_order``; ``auto`` where the user must say it, or files differ.
    why
        Reason, or what to do.
    undecided
        Whether the log is refused until the user says the order.
    days
        Order day -> rows, over all files, read in this order, or, where undecided, in the likelier.
    unreadable
        Rows whose date cannot be read.
    """

    order: str
    why: str
    undecided: bool
    days: dict[date, int]
    unreadable: int


def order_of_dates(table: Table, header: str) -> DateOrder:
    """Decide the date order of a table's date column, from all of its dates."""
    orders: list[str | None] = []
    problem = ""
    for look in table.looks:
        try:
            orders.append(decide_order(look.days.get(header, {}), "auto", look.file.name))
        except SettingsError as error:
            orders.append(None)
            problem = problem or str(error).partition(": ")[2].partition(";")[0]
    told = {order for order in orders if order in ("mdy", "dmy")}
    if None in orders and len(told) != 1:
        return _undecided(table, header, problem)
    if len(told) > 1:
        days, unreadable = _read(table, header, orders)
        why = "files differ: some are month first, some day first; each is decided by itself"
        return DateOrder("auto", why, False, days, unreadable)
    order = told.pop() if told else "ymd"
    days, unreadable = _read(table, header, [order] * len(orders))
    why = _why(table.days(header), order)
    if None in orders:
        why += "; some files alone read both ways and are taken to be like the others"
    return DateOrder(order, why, False, days, unreadable)


def _read(table: Table, header: str, orders: list[str | None]) -> tuple[dict[date, int], int]:
    days: Counter[date] = Counter()
    unreadable = 0
    for look, order in zip(table.looks, orders, strict=True):
        for cell, rows in look.days.get(header, {}).items():
            day = parse_date(cell, order or "mdy")
            if day is None and not is_no_date(cell, day):
                unreadable += rows
            elif day is not None and not is_no_date(cell, day):
                days[day] += rows
    return dict(sorted(days.items())), unreadable


def _why(counts: Mapping[str, int], order: str) -> str:
    month_first = day_first = 0
    for cell, rows in counts.items():
        as_mdy, as_dmy = parse_date(cell, "mdy"), parse_date(cell, "dmy")
        month_first += rows if as_mdy and not as_dmy else 0
        day_first += rows if as_dmy and not as_mdy else 0
    if order == "ymd" and not (month_first or day_first):
        return "all dates are written year first, by the month's name, or as day numbers"
    total = sum(counts.values())
    return (
        f"of {total:,} dates {month_first:,} can only be month first and {day_first:,} only "
        "day first"
    )


def _undecided(table: Table, header: str, problem: str) -> DateOrder:
    likelier = _likelier(table, header)
    days, unreadable = _read(table, header, [likelier] * len(table.looks))
    why = f"EDIT: {problem or 'the dates do not tell'}; set mdy (month first) or dmy (day first)"
    if likelier != "mdy" or _ascends(table, header, "mdy") != _ascends(table, header, "dmy"):
        why += f"; in the order of the rows {likelier} looks likelier"
    return DateOrder("auto", why, True, days, unreadable)


def _likelier(table: Table, header: str) -> str:
    """Order in which the dates jump less from row to row: logs are written day by day."""
    return "mdy" if _ascends(table, header, "mdy") >= _ascends(table, header, "dmy") else "dmy"


def _ascends(table: Table, header: str, order: str) -> int:
    there = table.looks[0].sample[header].drop_nulls().head(_SAMPLE).str.replace(r"[T\s].*$", "")
    read = [parse_date(cell, order) for cell in there]
    days = [day for day in read if day is not None]
    return -sum(abs((later - earlier).days) for earlier, later in pairwise(days))
