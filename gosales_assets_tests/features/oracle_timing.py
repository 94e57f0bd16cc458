"""The slow truth of timing: at the end of every past month one asks everybody, in plain Python."""

import math
from collections import Counter
from collections.abc import Sequence

from gosales_assets_tests.features.oracle_past import Past, Truth

FEW = 60
MEASURES = ("return_rate", "adoption_sum", "adoption_max")
Cell = tuple[str, str, int]  # line, target, quarters waited


class Asked:
    """Who was waiting at the ends of the months whose window has closed, and who then bought.

    Attributes
    ----------
    waiting, bought
        Months by line, target and quarters waited; the line "" stands for any, the target's own
        for those who wait to buy it again.
    """

    def __init__(self, past: Past) -> None:
        self.past = past
        self.waiting: Counter[Cell] = Counter()
        self.bought: Counter[Cell] = Counter()
        self.ages = {
            key: sorted({past.age(row) for row in lines if not row["is_return"]})
            for key, lines in past.cells.items()
        }
        oldest = max((ages[-1] for ages in self.ages.values() if ages), default=0)
        for month in range(oldest + 1):
            closed = [t for t in past.targets if past.window(t) <= month]
            for customer in past.people:
                self._ask(customer, closed, month)

    def _ask(self, customer: str, targets: Sequence[str], month: int) -> None:
        owned = self.owned(customer, month)
        for target in targets:
            own = self.known(customer, target, month)
            ahead = range(month - self.past.window(target), month)
            buys = any(age in ahead for age in self.ages.get((customer, target), []))
            waits = {target: min(own) - month} if own else owned
            for line, waited in waits.items():
                cell = line, target, quarter(waited)
                self.waiting[cell] += 1
                self.bought[cell] += buys

    def known(self, customer: str, item: str, month: int) -> list[int]:
        """Months with an order up to the one asked at."""
        return [age for age in self.ages.get((customer, item), []) if age >= month]

    def owned(self, customer: str, month: int) -> dict[str, int]:
        """Months since each division, and any at all (""), was first ordered."""
        found = {
            division: max(known) - month
            for division in self.past.divisions
            if (known := self.known(customer, division, month))
        }
        return found | ({"": max(found.values())} if found else {})

    def total(self, counts: Counter[Cell], line: str | None, target: str | None = None) -> int:
        """Months of a line (None: of whoever waits for the target again) and target, or of all."""
        return sum(
            count
            for (of, to, _), count in counts.items()
            if of == (to if line is None else line) and target in (None, to)
        )

    def level(self, line: str | None, target: str) -> float:
        """Share of months that a purchase followed."""
        everywhere = (self.total(self.bought, line) + 1) / (self.total(self.waiting, line) + 2)
        bought, waiting = (self.total(c, line, target) for c in (self.bought, self.waiting))
        return (bought + FEW * everywhere) / (waiting + FEW)

    def return_rate(self, target: str, waited: int) -> float | None:
        """Rate of owners of a target who waited so many quarters."""
        if not self.total(self.waiting, None):
            return None
        expected = sum(
            self.waiting[other, other, waited] * self.level(None, other)
            for other in self.past.targets
        )
        bought = sum(self.bought[other, other, waited] for other in self.past.targets)
        usual = min(self.level(None, target) * (bought + FEW) / (expected + FEW), 1)
        cell = target, target, waited
        return (self.bought[cell] + FEW * usual) / (self.waiting[cell] + FEW)

    def log_lift(self, line: str, target: str, waited: int) -> float:
        """Pull of a line that has been owned for so many quarters."""
        base = self.level("", target)
        expected, bought = (self.total(c, line, target) for c in (self.waiting, self.bought))
        pair = (bought + FEW) / (expected * base + FEW)
        cell = line, target, waited
        return math.log((self.bought[cell] + FEW * pair) / (self.waiting[cell] * base + FEW))


def quarter(months: int) -> int:
    """Quarters of a year, at most 12."""
    return min(months // 3, 12)


def of_timing(counts: Asked, customer: str, target: str) -> Truth:
    """Timing features of a customer and target."""
    names = [f"timing__div__{measure}__ever" for measure in MEASURES]
    own = counts.known(customer, target, 0)
    if own:
        rate = counts.return_rate(target, quarter(min(own)))
        return dict(zip(names, (rate, None, None), strict=True))
    if not counts.total(counts.waiting, ""):
        return dict.fromkeys(names)
    since = counts.owned(customer, 0)
    pulls = [counts.log_lift(d, target, quarter(age)) for d, age in since.items() if d]
    return dict(zip(names, (None, sum(pulls), max(pulls)), strict=True))
