"""Dates: one order of day and month per file, decided from the whole column, never per row."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import polars as pl

from gosales_assets.settings import SettingsError

_TIME = r"[T\s]+\d{1,2}:\d{2}.*$"
_YEAR_FIRST = re.compile(r"(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})|(\d{4})()(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})")
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")
_DAY_NAMED = re.compile(r"(\d{1,2})[-/. ]+([a-z]{3,9})\.?[-/. ,]+(\d{4}|\d{2})")
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
    """Whether a cell stands for no date: empty, zeros, or 1900-01-01 (the same in every order)."""
    if day is None and _NOTHING.fullmatch(cell.strip().lower()):
        return True
    return (day or parse_date(cell, "mdy")) == _MISSING_DAY


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
    first_wins = _year_may_stand_first(counts)
    if first_wins is not None:
        raise SettingsError(
            f"{where}: two-digit years may stand first or last (such as {first_wins!r}); "
            "set sales_log.date_order to ymd, mdy or dmy"
        )
    reads: Counter[str] = Counter()
    for cell, rows in counts.items():
        reads[_reading(cell)] += rows
    mdy, dmy = reads["mdy"], reads["dmy"]
    if min(mdy, dmy) * _FEWEST_AGAINST > max(mdy, dmy):
        raise SettingsError(
            f"{where}: {mdy} dates can only be month first and {dmy} only day first; "
            "split the file or set sales_log.date_order"
        )
    if mdy or dmy:
        return "mdy" if mdy > dmy else "dmy"
    either = sorted(cell for cell in counts if _reading(cell) == "either")
    # Year first would refuse them, but for those of two-digit years, which it would read.
    if reads["either"] > reads["clear"] or any(parse_date(cell, "ymd") for cell in either):
        raise SettingsError(
            f"{where}: all dates read both month first and day first (such as {either[0]!r}); "
            "set sales_log.date_order to mdy or dmy"
        )
    # Dates that mean the same both ways are read, those that do not are refused.
    return "mdy" if reads["same"] and not reads["either"] else "ymd"


def _reading(cell: str) -> str:
    """What one cell says of the order: ``mdy``, ``dmy``, ``either``; ``same``, ``clear``, ``none``.

    ``same`` means the same day both ways; ``clear`` needs no order; ``none`` cannot be read.
    """
    if not _YEAR_LAST.fullmatch(cell.strip()):
        return "clear" if parse_date(cell, "ymd") else "none"
    as_mdy, as_dmy = parse_date(cell, "mdy"), parse_date(cell, "dmy")
    if as_mdy and as_dmy:
        return "same" if as_mdy == as_dmy else "either"
    if as_mdy or as_dmy:
        return "mdy" if as_mdy else "dmy"
    return "none"


def _year_may_stand_first(cells: Iterable[str]) -> str | None:
    """Find out whether two-digit years may stand first; gives a date that reads so, else None.

    That is so when all such dates read year first, and the first numbers vary no more than the
    last ones: years vary less than days.
    """
    orders = ("ymd", "mdy", "dmy")
    short = [
        cell for cell in cells if _has_short_year(cell) and any(parse_date(cell, o) for o in orders)
    ]
    parts = [re.split(r"[-/. ]", cell.strip()) for cell in short]
    if not short or not all(parse_date(cell, "ymd") for cell in short):
        return None
    if len({first for first, _, _ in parts}) > len({last for _, _, last in parts}):
        return None
    return min(short)


def _has_short_year(cell: str) -> bool:
    match = _YEAR_LAST.fullmatch(cell.strip())
    return match is not None and len(match[4]) == 2


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
