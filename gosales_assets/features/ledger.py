"""Ledgers: what each customer did (of a division, or at all) in order of time, with running totals.

What was bought in a window is the running total at its end less the one at its begin: two look-ups,
however many rows the window holds. So one ledger serves all windows of all cutoffs of a run. All
measures are whole numbers (money in cents), hence such differences are exact, whatever stands
before or after them; even where a total overflows, since it wraps around. The rows of all divisions
are put in order together; a division's ledger is a stretch of them, since small arrays are worked
through several times faster.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from threading import Lock

import numpy as np
import numpy.typing as npt
import polars as pl

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Rows of all ledgers, and their running totals, each added up when first asked for.

    Attributes
    ----------
    frame, measures
        Rows in any order, and what is added up of them, by name: whole numbers.
    order
        Places in ``frame``, in order of ledger, customer and time.
    """

    frame: pl.DataFrame
    measures: Mapping[str, pl.Expr]
    order: Whole
    _totals: dict[str, Whole] = field(default_factory=dict)
    _adding: Lock = field(default_factory=Lock)

    def total(self, measure: str) -> Whole:
        """Running total: of all rows before each one, and of all."""
        with self._adding:
            if measure not in self._totals:
                values = self.frame.select(self.measures[measure]).to_series().to_numpy()
                self._totals[measure] = _running(values[self.order])
        return self._totals[measure]

    def is_known(self, measure: str) -> bool:
        """Whether no row lacks the measure."""
        return measure in self.frame.columns and self.frame[measure].null_count() == 0


@dataclass(frozen=True)
class Ledger:
    """Rows in order of customer and time: a stretch of the rows of all ledgers.

    Attributes
    ----------
    customers
        Numbers of the customers with any row, ascending.
    edges
        First row of each customer, and the number of rows.
    times
        Per row: when; days since 1970, or months as `staging.ordinal_of` counts them.
    rows, begin
        Rows of all ledgers, and where those of this one begin.
    """

    customers: Whole
    edges: Whole
    times: Whole
    rows: Rows
    begin: int

    @cached_property
    def owners(self) -> Whole:
        """Per row: its customer's place among `customers`."""
        return np.repeat(np.arange(len(self.customers)), np.diff(self.edges))

    def total(self, measure: str) -> Whole:
        """Running total of what stands before each row, and of all; it need not begin with 0."""
        return self.rows.total(measure)[self.begin : self.begin + len(self.times) + 1]

    def until(self, time: int) -> Whole:
        """Per customer: the row behind the last one up to a time, inclusive."""
        seen = _running(self.times <= time)
        return self.edges[:-1] + seen[self.edges[1:]] - seen[self.edges[:-1]]

    @cached_property
    def gaps(self) -> Whole:
        """Per row: time since the row before it; 0 for a customer's first."""
        gaps = np.diff(self.times, prepend=0)
        gaps[self.edges[:-1]] = 0
        return gaps

    @cached_property
    def gap_squares(self) -> Whole:
        """Running total of the squared gaps."""
        return _running(self.gaps * self.gaps)

    @cached_property
    def by_gap(self) -> Whole:
        """Rows by customer and length of their gap; without each customer's first."""
        order = np.argsort(self.owners * (self.gaps.max(initial=0) + 1) + self.gaps, kind="stable")
        is_first = np.zeros(len(self.times), dtype=bool)
        is_first[self.edges[:-1]] = True
        return order[~is_first[order]]

    def as_of(self, time: int) -> "Seen":
        """What of the ledger is known at a time, inclusive."""
        return Seen(self, self.until(time))


@dataclass(frozen=True)
class Seen:
    """A ledger cut off at a time: only the rows up to it, and only customers who have any.

    Attributes
    ----------
    until
        Per customer of the ledger: the row behind the last one that is seen.
    """

    ledger: Ledger
    until: Whole
    _places: dict[int, Whole] = field(default_factory=dict)
    _reached: dict[tuple[str, int | None], Whole] = field(default_factory=dict)

    @cached_property
    def known(self) -> Whole:
        """Places of the customers who have any row."""
        return np.flatnonzero(self.until > self.ledger.edges[:-1])

    @cached_property
    def customers(self) -> Whole:
        """Numbers of the customers who have any row, ascending."""
        return self.ledger.customers[self.known]

    @cached_property
    def begins(self) -> Whole:
        """First row of each customer."""
        return self.ledger.edges[self.known]

    @cached_property
    def ends(self) -> Whole:
        """Row behind the last one of each customer."""
        return self.until[self.known]

    @property
    def first(self) -> Whole:
        """Time of each customer's first row."""
        return self.ledger.times[self.begins]

    @property
    def last(self) -> Whole:
        """Time of each customer's last row."""
        return self.ledger.times[self.ends - 1]

    def at(self, time: int) -> Whole:
        """Row behind the last one of each customer up to a time, inclusive."""
        if time not in self._places:
            self._places[time] = np.minimum(self.ledger.until(time)[self.known], self.ends)
        return self._places[time]

    def sum(self, measure: str, after: int | None = None, until: int | None = None) -> Whole:
        """Sum of a measure in (after, until], per customer; None: from the first, to the last."""
        if after is None:
            return self._total(measure, until) - self.ledger.total(measure)[self.begins]
        return self._total(measure, until) - self._total(measure, after)

    def some(self, measure: str, after: int | None = None, until: int | None = None) -> Flags:
        """Whether any row in (after, until] tells a measure that may be unknown, per customer."""
        if not self.ledger.rows.is_known(measure):
            return self.sum(f"{measure}_known", after, until) > 0
        begins = self.begins if after is None else self.at(after)
        return begins < (self.ends if until is None else self.at(until))

    def _total(self, measure: str, until: int | None) -> Whole:
        """Running total of a measure up to a time, inclusive; windows share their edges."""
        edge = (measure, until)
        if edge not in self._reached:
            places = self.ends if until is None else self.at(until)
            self._reached[edge] = self.ledger.total(measure)[places]
        return self._reached[edge]

    def newest(self, measure: str) -> Whole:
        """Measure of each customer's last row."""
        total = self.ledger.total(measure)
        return total[self.ends] - total[self.ends - 1]

    @property
    def gap_squares(self) -> Whole:
        """Sum of the squared times between rows, per customer."""
        total = self.ledger.gap_squares
        return total[self.ends] - total[self.begins]

    @property
    def last_gap(self) -> Real:
        """Time from the last row but one to the last, per customer; NaN: there is one row only."""
        several = self.ends - self.begins > 1
        return np.where(several, self.ledger.gaps[self.ends - 1], np.nan)

    @property
    def median_gap(self) -> Real:
        """Median of the times between rows, per customer; NaN: there is one row only."""
        rows = self.ledger.by_gap
        gaps = self.ledger.gaps[rows[rows < self.until[self.ledger.owners[rows]]]]
        counts = self.ends - self.begins - 1
        some = np.flatnonzero(counts)
        firsts = (np.cumsum(counts) - counts)[some]
        middle = gaps[firsts + (counts[some] - 1) // 2] + gaps[firsts + counts[some] // 2]
        median = np.full(len(counts), np.nan)
        median[some] = middle / 2
        return median

    def squares(self, measure: str, after: int) -> Real:
        """Sum of a measure's squares of all that is seen after a time, per customer."""
        inside = np.flatnonzero(self.ledger.times > after)
        inside = inside[inside < self.until[self.ledger.owners[inside]]]
        total = self.ledger.total(measure)
        values = (total[inside + 1] - total[inside]).astype(np.float64)
        # Added up in order of time, whatever else there is.
        sums = np.bincount(
            self.ledger.owners[inside],
            weights=values * values,
            minlength=len(self.ledger.customers),
        )
        return np.asarray(sums[self.known], dtype=np.float64)


def ledgers_of(
    frame: pl.DataFrame,
    numbers: Whole,
    customers: Whole,
    time: pl.Expr,
    measures: Mapping[str, pl.Expr],
    count: int,
) -> list[Ledger]:
    """Put rows in order of ledger, customer and time: no two of a customer have the same.

    Parameters
    ----------
    numbers, customers
        Number of each row's ledger, and of its customer.
    time, measures
        Expressions over ``frame``: see `Ledger`, `Rows`.
    count
        How many ledgers to make; those without any row are empty.
    """
    times = frame.select(time).to_series().to_numpy()
    first = int(times.min(initial=0))
    span = int(times.max(initial=0)) - first + 1
    people = int(customers.max(initial=0)) + 1
    order = np.argsort((numbers * people + customers) * span + (times - first), kind="stable")
    rows, times, customers = Rows(frame, measures, order), times[order], customers[order]
    edges = _running(np.bincount(numbers, minlength=count)).tolist()
    return [
        _ledger(customers[begin:end], times[begin:end], rows, begin)
        for begin, end in pairwise(edges)
    ]


def layout(seen: Whole, customers: Whole) -> Callable[[npt.NDArray[np.generic]], Real]:
    """Find a way to lay values of some customers out for others; NaN: there is none.

    Parameters
    ----------
    seen, customers
        Numbers of those who have a value, and of whom they are laid out for; both ascending.
    """
    places = np.searchsorted(customers, seen)
    wanted = np.flatnonzero(np.append(customers, -1)[places] == seen)
    places = places[wanted]

    def laid_out(values: npt.NDArray[np.generic]) -> Real:
        laid = np.full(len(customers), np.nan)
        laid[places] = values[wanted]
        return laid

    return laid_out


def _ledger(customers: Whole, times: Whole, rows: Rows, begin: int) -> Ledger:
    firsts = np.flatnonzero(np.diff(customers, prepend=-1))
    return Ledger(customers[firsts], np.append(firsts, len(customers)), times, rows, begin)


def _running(values: npt.NDArray[np.generic]) -> Whole:
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:], dtype=np.int64)
    return total
