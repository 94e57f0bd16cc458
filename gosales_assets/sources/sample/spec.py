"""What a sample is asked to be, and the calendar that follows from it."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

WINDOW_MONTHS = 6
"""Months that a label looks ahead; the world's cross-division lags are at least this long."""

_FEWEST_CUSTOMERS = 50
_FEWEST_MONTHS = 24
_HIGHEST_DIRTY_SHARE = 0.5


@dataclass(frozen=True)
class SampleSpec:
    """One sample. Equal specs give equal bytes.

    Parameters
    ----------
    customers
        Customers in the finished log. Every one of them buys at least once before `last_day`;
        expect about 10.7 log rows a customer over four years.
    first_day, last_day
        Span of the log: the first day of a month and the last day of a month, 24 months or more.
    seed
        Draws the customers and everything they do. The world's laws do not depend on it.
    dirty_share
        Share of log rows with a planted flaw, 0 to .5. At 0 the files are spotless: no repeated
        header and no total row either.
    shuffled
        Negative control: every invoice goes to a customer drawn uniformly, independent of all else,
        so that no past says anything about any future. Side tables stay as they are; there is no
        truth file.
    """

    customers: int = 2000
    first_day: date = date(2021, 1, 1)
    last_day: date = date(2024, 12, 31)
    seed: int = 20240229
    dirty_share: float = 0.01
    shuffled: bool = False

    def __post_init__(self) -> None:
        if self.customers < _FEWEST_CUSTOMERS:
            raise ValueError(f"customers must be {_FEWEST_CUSTOMERS} or more, got {self.customers}")
        if self.first_day.day != 1:
            raise ValueError(f"first_day must be the first day of a month, got {self.first_day}")
        if (self.last_day + timedelta(days=1)).day != 1:
            raise ValueError(f"last_day must be the last day of a month, got {self.last_day}")
        if self.months < _FEWEST_MONTHS:
            raise ValueError(f"the span must be {_FEWEST_MONTHS} months or more, got {self.months}")
        if not 0 <= self.dirty_share <= _HIGHEST_DIRTY_SHARE:
            raise ValueError(
                f"dirty_share must lie in 0 to {_HIGHEST_DIRTY_SHARE}, got {self.dirty_share}"
            )

    @property
    def months(self) -> int:
        """Calendar months in the log."""
        span = (self.last_day.year - self.first_day.year) * 12
        return span + self.last_day.month - self.first_day.month + 1

    def month_start(self, month: int) -> date:
        """First day of month number `month` (0 = the month of `first_day`)."""
        number = self.first_day.year * 12 + self.first_day.month - 1 + month
        return date(number // 12, number % 12 + 1, 1)

    def month_end(self, month: int) -> date:
        """Last day of month number `month`."""
        start = self.month_start(month)
        return start.replace(day=monthrange(start.year, start.month)[1])

    def ends_quarter(self, month: int) -> bool:
        """Whether month number `month` is a March, June, September or December."""
        return self.month_start(month).month % 3 == 0
