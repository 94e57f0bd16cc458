"""Simulate purchases month by month, and say exactly how likely the next window's are.

State at the end of a month, per customer x division: month of the first and of the last purchase;
per customer: month of arrival, and active months so far. The rate of division d at customer c in
month m (`Simulation.rates`) is a product of

- the customer's fixed factor (industry, size, a little that nobody sees), season and growth,
- general activity in the twelve months that ended six months before m, and time since arrival,
- a never-buyer's adoption rate, lifted by parent divisions first bought six or more months
  before m; or an owner's rate by months since the last purchase of d.

In month m customer c buys d with chance 1 - exp(-rate). Draws are independent over months.
Divisions may share a draw within a month, which ties them together and leaves each one's own chance
alone.

Exactness. Standing at the end of month C - 1 (so C is the next month), every rate of months
C .. C + 5 depends on the state known now, as long as d is not bought again: activity and parents
act with a lag of six months, the rest is calendar. The chance of at least one purchase of d in the
window is therefore 1 - exp(-(rate_C + ... + rate_{C+5})), all rates taken at "no purchase since
now". Each month's gross profit of a bought division is positive (a return is part of a line of the
same month), so this is the chance that the window's net gross profit is above zero: the label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import world
from .catalogue import DIVISIONS
from .customers import Customers
from .spec import WINDOW_MONTHS, SampleSpec

NEVER = 30_000
"""Month number that stands for "not bought yet"."""

_DIVISION = np.arange(len(DIVISIONS))[:, None]
_SOLIDWORKS = DIVISIONS.index("Solidworks")


@dataclass(frozen=True)
class MonthOfPurchases:
    """What was bought in one month.

    Parameters
    ----------
    month
        Month number.
    bought, first
        Whether each customer bought each division, and whether for the first time; shape
        (divisions, customers arrived by the end of the month).
    """

    month: int
    bought: NDArray[np.bool_]
    first: NDArray[np.bool_]


class Simulation:
    """The world in motion: call `step` once a month, `probability` in between."""

    def __init__(self, spec: SampleSpec, customers: Customers, rng: np.random.Generator) -> None:
        shape = (len(DIVISIONS), len(customers))
        self._spec = spec
        self._customers = customers
        self._rng = rng
        self._first = np.full(shape, NEVER, np.int32)
        self._last = np.full(shape, NEVER, np.int32)
        # active[k] counts a customer's months with a purchase among months 0 .. k - 1.
        self._active = np.zeros((spec.months + 1, len(customers)), np.uint8)
        self.month = 0

    @property
    def seen(self) -> int:
        """Customers with any purchase so far: the candidates, first in every array."""
        return int(self._customers.arrived[self.month])

    def step(self) -> MonthOfPurchases:
        """Simulate the current month and move on to the next."""
        month, old = self.month, self.seen
        new = int(self._customers.arrived[month + 1])
        bought = np.concatenate(
            [self._draw(self.rates(month)), self._first_orders(slice(old, new))], axis=1
        )
        first = bought & (self._first[:, :new] == NEVER)
        self._first[:, :new][first] = month
        self._last[:, :new][bought] = month
        self._active[month + 1] = self._active[month]
        self._active[month + 1, :new] += bought.any(axis=0)
        self.month += 1
        return MonthOfPurchases(month, bought, first)

    def probability(self) -> NDArray[np.float64]:
        """Chance that each seen customer buys each division in the coming six months.

        Shape (divisions, seen). Exact; see the module's text.
        """
        expected = np.zeros((len(DIVISIONS), self.seen))
        for ahead in range(WINDOW_MONTHS):
            expected += self.rates(self.month + ahead)
        return -np.expm1(-expected)

    def rates(self, month: int) -> NDArray[np.float64]:
        """Give the expected purchases of seen customers in `month`, none coming before it.

        Shape (divisions, seen). `month` is at most five months past the current one.
        """
        seen = self.seen
        first, last = self._first[:, :seen], self._last[:, :seen]
        again = world.AGAIN[_DIVISION, np.clip(month - last, 0, world.LONGEST - 1)]
        rate = np.where(last == NEVER, self._adoption(first, month), again)
        rate *= self._customers.static[:, :seen]
        rate *= self._general(month, seen)
        rate *= self._market(month)[:, None]
        return rate

    def _adoption(self, first: NDArray[np.int32], month: int) -> NDArray[np.float64]:
        """Rate of those who never bought: the base, lifted by each parent owned long enough."""
        owned = np.clip(month - first, 0, world.LONGEST - 1)
        rate = np.repeat(world.ADOPTION[:, None], first.shape[1], axis=1)
        for parent, child, strength in world.PATH_INDEX:
            rate[child] *= 1 + strength * world.RAMP[owned[parent]]
        return rate

    def _general(self, month: int, seen: int) -> NDArray[np.float64]:
        """Factor of each customer: activity in the lagged year, and time since arrival."""
        upto = max(month - world.LAG + 1, 0)
        since = max(upto - 12, 0)
        count = (self._active[upto, :seen] - self._active[since, :seen]).astype(np.int64)
        tenure = np.clip(month - self._customers.arrival[:seen], 0, world.LONGEST - 1)
        activity = world.ACTIVITY[np.minimum(count, len(world.ACTIVITY) - 1)]
        # Too young for a lagged year: nothing is known yet, so nothing is held against them.
        activity[tenure < world.LAG] = 1.0
        return activity * world.NEWCOMER[tenure]

    def _market(self, month: int) -> NDArray[np.float64]:
        """Factor of each division: season and growth."""
        calendar_month = self._spec.month_start(month).month
        return world.SEASON[calendar_month - 1] * np.exp(world.GROWTH * month / 12)

    def _draw(self, rate: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each purchase happens. A shared draw bundles divisions of one customer."""
        own = self._rng.random(rate.shape)
        bundled = self._rng.random(rate.shape, dtype=np.float32) < world.BUNDLING
        shared = np.broadcast_to(self._rng.random(rate.shape[1]), rate.shape)
        np.copyto(own, shared, where=bundled)
        return own < -np.expm1(-rate)

    def _first_orders(self, arrivals: slice) -> NDArray[np.bool_]:
        """First orders: one division by taste, and what a first Solidworks order brings along."""
        weight = np.cumsum(self._customers.entry[:, arrivals], axis=0)
        count = weight.shape[1]
        entry: NDArray[np.int64] = (self._rng.random(count) * weight[-1] > weight).sum(axis=0)
        bought = np.zeros(weight.shape, np.bool_)
        bought[entry, np.arange(count)] = True
        for division, chance in world.START_BUNDLE.items():
            along = (entry == _SOLIDWORKS) & (self._rng.random(count) < chance)
            bought[DIVISIONS.index(division)] |= along
        return bought
