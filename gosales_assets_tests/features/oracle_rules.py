"""The slow truth of market-basket rules: counted as sets, in plain Python, and what they say."""

import math
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from itertools import combinations

from gosales_assets_tests.features.oracle_past import Past, Truth, grouped, month_end_before

Lifts = dict[tuple[tuple[str, ...], str], float]


class Rules:
    """Rules of a cutoff, learned on (C - 12 months, C - 60 days].

    Attributes
    ----------
    lines
        (one or two divisions, target) -> lift.
    products
        (sku, target) -> lift, eased toward 1.
    """

    def __init__(self, past: Past) -> None:
        self.past = past
        self.least = past.settings.features.affinity_min_customers
        begin = month_end_before(past.cutoff, 12)
        end = past.cutoff - timedelta(days=60)
        self.year = [row for row in past.bought if row["order_date"] > begin]
        self.learned = [row for row in self.year if row["order_date"] <= end]
        self.population = {row["customer_id"] for row in self.learned}
        self.lines = self._pairs()
        self.lines |= self._longer()
        self.products = self._products()

    @cached_property
    def buyers(self) -> dict[str, set[str]]:
        """Customers who bought each division and SKU set then."""
        found: dict[str, set[str]] = {item: set() for item in self.past.items}
        for row in self.learned:
            for item in self.past.belongs(row):
                found[item].add(row["customer_id"])
        return found

    def may_speak(self, division: str, target: str) -> bool:
        """A division speaks for targets that none of its products belong to."""
        return division not in {target, *self.past.own_divisions(target)}

    def _lift(self, holders: set[str], target: str) -> float | None:
        both = len(holders & self.buyers[target])
        if both < self.least:
            return None
        return both / len(holders) / (len(self.buyers[target]) / len(self.population))

    def _pairs(self) -> Lifts:
        return {
            ((division,), target): lift
            for target in self.past.targets
            for division in self.past.divisions
            if self.may_speak(division, target)
            and (lift := self._lift(self.buyers[division], target)) is not None
        }

    def _longer(self) -> Lifts:
        """Two divisions that say more together than either of them alone."""
        found = {}
        for target in self.past.targets:
            speaking = [d for d in self.past.divisions if ((d,), target) in self.lines]
            for pair in combinations(speaking, 2):
                lift = self._lift(self.buyers[pair[0]] & self.buyers[pair[1]], target)
                alone = max(self.lines[(d,), target] for d in pair)
                if lift is not None and lift > alone * (1 + 1e-12):
                    found[pair, target] = lift
        return found

    def _products(self) -> dict[tuple[str, str], float]:
        found = {}
        homes = grouped(self.year, lambda row: [row["sku"]])
        for sku, lines in grouped(self.learned, lambda row: [row["sku"]]).items():
            holders = {row["customer_id"] for row in lines}
            own = {name for row in homes[sku] for name in self.past.belongs(row)}
            for target in self.past.targets:
                base = len(self.buyers[target]) / len(self.population)
                if target in own or len(holders) < self.least or base == 0:
                    continue
                both = len(holders & self.buyers[target])
                found[sku, target] = (both / base + self.least) / (len(holders) + self.least)
        return found

    def applying(self, customer: str, target: str) -> dict[tuple[str, ...], float]:
        """Lifts of the rules that speak for a target to a customer, by antecedents."""
        own = [row for row in self.year if row["customer_id"] == customer]
        held = {row["division"] for row in own}
        return {
            antecedents: lift
            for (antecedents, y), lift in self.lines.items()
            if y == target and held.issuperset(antecedents)
        }

    def applying_products(self, customer: str, target: str) -> dict[str, float]:
        """Lifts of the rules of products bought in the last 12 months, by SKU."""
        bought = {row["sku"] for row in self.year if row["customer_id"] == customer}
        return {
            sku: lift for (sku, y), lift in self.products.items() if y == target and sku in bought
        }


def of_rules(rules: Rules, customer: str, target: str) -> Truth:
    """Affinity features of a customer and target."""
    lifts = list(rules.applying(customer, target).values())
    logs = [math.log(lift) for lift in rules.applying_products(customer, target).values()]
    return {
        "affinity__div__max_lift__12m": max(lifts, default=None),
        "affinity__div__mean_lift__12m": sum(lifts) / len(lifts) if lifts else None,
        "affinity__div__sum_lift__12m": sum(lifts) if lifts else None,
        "affinity__div__sku_max_log_lift__12m": max(logs, default=None),
        "affinity__div__sku_log_lift__12m": sum(logs) / len(logs) if logs else None,
        "affinity__div__sku_sum_log_lift__12m": sum(logs) if logs else None,
    }


def evidence_of(rules: Rules, customer: str, target: str) -> tuple[str, str, float] | None:
    """What was bought that speaks most for a target: kind, name, lift; None: nothing does.

    Of equal lifts the first by name; a product only where no division speaks.
    """
    named: Mapping[str, Mapping[str, float]] = {
        "division": {
            " and ".join(names): lift
            for names, lift in sorted(rules.applying(customer, target).items())
        },
        "product": dict(sorted(rules.applying_products(customer, target).items())),
    }
    for kind, lifts in named.items():
        best = max(lifts.values(), default=0.0)
        if best > 1:
            return kind, next(name for name, lift in lifts.items() if lift == best), best
    return None
