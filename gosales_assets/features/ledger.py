"""Ledgers: what each customer did (of a division, or at all) in order of time, with running totals.

What was bought in a window is the running total at its end less the one at its begin: two look-ups,
however many rows the window holds. So one ledger serves all windows of all cutoffs of a run. All
measures are whole numbers (money in cents), hence such differences are exact, whatever stands
before or after them; even where a total overflows, since it wraps around. Each division has a
ledger of its own: small arrays are worked through several times faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ledger:
    """Rows in order of customer and time.

    Attributes
    ----------
    customers
        Numbers of the customers with any row, ascending.
    edges
        First row of each customer, and the number of rows.
    times
        Per row: when; days since 1970, or months as `staging.ordinal_of` counts them.
    order
        Per row: its place in ``rows``.
    rows, measures
        Rows in any order, and what is added up of them, by name: whole numbers.
    """

    customers: Whole
    edges: Whole
    times: Whole
    order: Whole
    rows: pl.DataFrame
    measures: Mapping[str, pl.Expr]
    _totals: dict[str, Whole] = field(default_factory=dict)

    @cached_property
    def owners(self) -> Whole:
        """Per row: its customer's place among `customers`."""
        return np.repeat(np.arange(len(self.customers)), np.diff(self.edges))

    def total(self, measure: str) -> Whole:
        """Running total: of all rows before each one, and of all."""
        if measure not in self._totals:
            values = self.rows.select(self.measures[measure]).to_series().to_numpy()
            self._totals[measure] = _running(values[self.order])
        return self._totals[measure]

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
        total = self.ledger.total(measure)
        begins = self.begins if after is None else self.at(after)
        ends = self.ends if until is None else self.at(until)
        return total[ends] - total[begins]

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


def ledger_of(
    customers: Whole, time: pl.Expr, rows: pl.DataFrame, measures: Mapping[str, pl.Expr]
) -> Ledger:
    """Put rows in order of customer and time: no two of a customer have the same.

    Parameters
    ----------
    customers
        Number of each row's customer.
    time, measures
        Expressions over ``rows``: see `Ledger`.
    """
    times = rows.select(time).to_series().to_numpy()
    first = int(times.min(initial=0))
    span = int(times.max(initial=0)) - first + 1
    order = np.argsort(customers * span + (times - first), kind="stable")
    ordered = customers[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    return Ledger(
        customers=ordered[begins],
        edges=np.append(begins, len(ordered)),
        times=times[order],
        order=order,
        rows=rows,
        measures=measures,
    )


def _running(values: npt.NDArray[np.generic]) -> Whole:
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:], dtype=np.int64)
    return total
