"""Dates: one order of day and month per file, decided from the whole column, never per row."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from gosales_assets.settings import SettingsError

_TIME = r"[T\s]+\d{1,2}:\d{2}.*$"
_YEAR_FIRST = re.compile(r"(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})|(\d{4})()(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_DAY_NAMED = re.compile(r"(\d{1,2})[-/. ]([a-z]{3,9})\.?[-/. ,]+(\d{4}|\d{2})")
_MONTH_NAMED = re.compile(r"([a-z]{3,9})\.?[-/. ]+(\d{1,2})(?:,| )[ ]?(\d{4})")
_NOTHING = re.compile(r"[0/.\- :]*|null|nan|none|nat|n/a|#n/a")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheets, whose 1900 has a February 29th
_MISSING_DAY = date(1900, 1, 1)
_FEWEST_AGAINST = 10  # one date in so many may contradict the file's order; it is quarantined


def day_text(cells: pl.Expr) -> pl.Expr:
    """The date's part of each cell, without time of day."""
    return cells.str.strip_chars().str.replace(_TIME, "")


def dates(cells: pl.Series, order: str) -> pl.DataFrame:
    """Read dates in one order.

    Returns
    -------
    ``day`` (null where missing or unreadable) and ``missing`` (empty, 1900-01-01, 0000-00-00),
    one row per cell.
    """
    known = pl.DataFrame({"text": cells}).select(day_text(pl.col("text")))
    distinct = known["text"].drop_nulls().unique().to_list()
    days = [parse_date(cell, order) for cell in distinct]
    nothing = [is_no_date(cell, day) for cell, day in zip(distinct, days, strict=True)]
    lookup = pl.DataFrame(
        {
            "text": distinct,
            "day": [
                None if not_there else day for day, not_there in zip(days, nothing, strict=True)
            ],
            "missing": nothing,
        },
        schema={"text": pl.String, "day": pl.Date, "missing": pl.Boolean},
    )
    joined = known.join(lookup, on="text", how="left", maintain_order="left")
    return joined.select("day", pl.col("missing").fill_null(True))


def parse_date(cell: str, order: str) -> date | None:
    """Read one day: ISO and other year-first forms, Excel serials, named months, or ``order``.

    Parameters
    ----------
    order
        ``mdy`` or ``dmy`` for numbers whose year stands last; ``ymd`` refuses them, and reads
        two-digit ones year first.

    Examples
    --------
    >>> [str(parse_date(cell, "mdy")) for cell in ("12/01/2010", "45321", "31-Jan-2024")]
    ['2010-12-01', '2024-01-30', '2024-01-31']
    """
    cell = cell.strip().lower()
    if match := _YEAR_FIRST.fullmatch(cell):
        year, _, month, day = (part for part in match.groups() if part is not None)
        return _day(year, month, day)
    if match := _YEAR_LAST.fullmatch(cell):
        first, _, second, last = match.groups()
        return _in_order(first, second, last, order)
    if _SERIAL.fullmatch(cell):
        return _EPOCH + timedelta(days=int(cell[:5]))
    if match := _DAY_NAMED.fullmatch(cell):
        return _day(match[3], _month(match[2]), match[1])
    if match := _MONTH_NAMED.fullmatch(cell):
        return _day(match[3], _month(match[1]), match[2])
    return None


def is_no_date(cell: str, day: date | None) -> bool:
    """Whether a cell stands for no date: empty, zeros, or 1900-01-01."""
    return day == _MISSING_DAY or _NOTHING.fullmatch(cell.strip().lower()) is not None


def decide_order(counts: Mapping[str, int], declared: str, where: str) -> str:
    """Decide a file's date order from all of its dates.

    Parameters
    ----------
    counts
        Date text (without time) -> rows.
    declared
        ``sales_log.date_order``; anything but ``auto`` is taken as it is.
    where
        File and column, for the message.

    Raises
    ------
    SettingsError
        When every date reads both ways, or the dates contradict each other.
    """
    if declared != "auto":
        return declared
    clear = mdy = dmy = either = 0
    for cell, rows in counts.items():
        if not _YEAR_LAST.fullmatch(cell.strip()):
            clear += rows if parse_date(cell, "ymd") else 0
            continue
        as_mdy, as_dmy = parse_date(cell, "mdy"), parse_date(cell, "dmy")
        mdy += rows if as_mdy and not as_dmy else 0
        dmy += rows if as_dmy and not as_mdy else 0
        either += rows if as_mdy and as_dmy and as_mdy != as_dmy else 0
    if not (mdy or dmy):
        if either > clear:
            example = next(
                c for c in sorted(counts) if parse_date(c, "mdy") != parse_date(c, "dmy")
            )
            raise SettingsError(
                f"{where}: all dates read both month first and day first (such as {example!r}); "
                "set sales_log.date_order to mdy or dmy"
            )
        return "ymd" if clear or either else "mdy"
    if min(mdy, dmy) * _FEWEST_AGAINST > max(mdy, dmy):
        raise SettingsError(
            f"{where}: {mdy} dates can only be month first and {dmy} only day first; "
            "split the file or set sales_log.date_order"
        )
    return "mdy" if mdy > dmy else "dmy"


def _in_order(first: str, second: str, last: str, order: str) -> date | None:
    if order == "mdy":
        return _day(last, first, second)
    if order == "dmy":
        return _day(last, second, first)
    return _day(first, second, last) if len(first) == len(last) == 2 else None


def _month(name: str) -> str:
    return next((str(at) for at, full in enumerate(_MONTHS, start=1) if full.startswith(name)), "0")


def _day(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 70 else 1900
    try:
        found = date(number, int(month), int(day))
    except ValueError:
        return None
    return found if found.year >= 1900 else None
