"""The slow truth of priors and smoothed rates: the moment formulas, in plain Python."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets_tests.features.oracle_fitted import exposure
from gosales_assets_tests.features.oracle_past import Past
from gosales_assets_tests.features.oracle_side_tables import attributes

Counts = Sequence[tuple[float, float]]


def beta_strength(groups: Counts) -> float:
    """Kleinman (1973): strength of a beta prior from (successes, trials) of each group."""
    seen = [(s, n) for s, n in groups if n > 0]
    total = sum(n for _, n in seen)
    if total == 0:
        return 10_000.0
    pooled = sum(s for s, _ in seen) / total
    room = total - sum(n * n for _, n in seen) / total - (len(seen) - 1)
    if not 0 < pooled < 1 or room <= 0:
        return 10_000.0
    spread = sum(n * (s / n - pooled) ** 2 for s, n in seen) / (pooled * (1 - pooled))
    rho = (spread - (len(seen) - 1)) / room
    return min(max(1 / rho - 1, 1.0), 10_000.0) if rho > 0 else 10_000.0


def gamma_prior(counts: Counts) -> list[float]:
    """Shape and rate of a gamma prior from (events, time) of each customer."""
    time, events = sum(t for _, t in counts), sum(n for n, _ in counts)
    if events == 0:
        return [0.0, max(time, 1.0)]
    pooled = events / time
    surplus = sum((n - pooled * t) ** 2 for n, t in counts) - events
    variance = surplus / sum(t * t for _, t in counts)
    rate = min(pooled / variance, time) if variance > 0 else time
    return [pooled * rate, rate]


def priors_of(past: Past, target: str) -> dict[str, list[float]]:
    """What is stored for a target as ``mix`` and as ``purchase_rate``."""
    values = {d: sum(past.value(c, d) for c in past.people) for d in {*past.divisions, target}}
    total = sum(values[division] for division in past.divisions)
    orders = [
        (past.orders(c, target), sum(past.orders(c, d) for d in past.divisions))
        for c in past.people
    ]
    bought = [(float(past.months(c, target)), exposure(past, c)) for c in past.people]
    return {
        "mix": [values[target] / total if total else 0.0, beta_strength(orders)],
        "purchase_rate": gamma_prior(bought),
    }


def rates_of(past: Past, target: str) -> dict[str, dict[str, float]]:
    """Smoothed rate of each attribute value: name of the fitted thing -> value -> rate."""
    told = {customer: attributes(past, customer) for customer in past.people}
    year = {c: float(past.orders(c, target) > 0) for c in past.people}
    ever = {
        c: float(any(not row["is_return"] for row in past.cells.get((c, target), [])))
        for c in past.people
    }
    found: dict[str, dict[str, float]] = {}
    for attribute in ATTRIBUTES:
        values = {c: told[c][attribute] for c in past.people}
        overall = _mean(year.values())
        parents = dict.fromkeys(past.people, overall)
        if attribute == "sub_industry":
            of_industry = found.get("profile_industry_rate", {})
            parents = {c: of_industry.get(told[c]["industry"] or "", overall) for c in past.people}
        if any(values.values()):
            found[f"profile_{attribute}_rate"] = _smoothed(values, year, parents)
    industries = {c: told[c]["industry"] for c in past.people}
    if any(industries.values()):
        everyone = dict.fromkeys(past.people, _mean(ever.values()))
        found["profile_industry_owned"] = _smoothed(industries, ever, everyone)
    return found


def cap_of(values: Iterable[float | None]) -> float | None:
    """99th percentile of what is above zero, between the two nearest values; None: nothing is."""
    known = sorted(value for value in values if value is not None and value > 0)
    if not known:
        return None
    below, part = divmod(0.99 * (len(known) - 1), 1)
    nearest = known[int(below) : int(below) + 2]
    return nearest[0] + part * (nearest[-1] - nearest[0])


def _smoothed(
    values: Mapping[str, str | None], bought: Mapping[str, float], parents: Mapping[str, float]
) -> dict[str, float]:
    groups = {
        value: [c for c, own in values.items() if own == value]
        for value in {v for v in values.values() if v is not None}
    }
    counts = {v: (sum(bought[c] for c in g), float(len(g))) for v, g in groups.items()}
    strength = beta_strength(list(counts.values()))
    return {
        value: (bought_ + strength * _mean(parents[c] for c in groups[value])) / (size + strength)
        for value, (bought_, size) in counts.items()
    }


def _mean(values: Any) -> float:
    listed = list(values)
    return sum(listed) / len(listed)
