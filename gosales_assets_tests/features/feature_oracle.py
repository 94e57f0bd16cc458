"""The slow truth: a few dozen features in plain Python, straight from order lines."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

Line = dict[str, Any]
Truth = dict[str, float | None]


def months_back(cutoff: date, day: date) -> int:
    """0: the cutoff's month."""
    return (cutoff.year - day.year) * 12 + cutoff.month - day.month


def of_history(lines: Sequence[Line], scope: str, cutoff: date, window_months: int) -> Truth:
    """Features of the own past, of one customer (and target)."""
    seen = [row for row in lines if row["order_date"] <= cutoff]
    truth: Truth = {}
    for window, months in {"3m": 3, "6m": 6, "12m": 12, "24m": 24, "ever": 10**6}.items():
        inside = [row for row in seen if months_back(cutoff, row["order_date"]) < months]
        truth[f"rfm__{scope}__orders__{window}"] = _orders(inside)
        if window != "ever":
            truth[f"rfm__{scope}__value__{window}"] = _value(inside)
    truth |= _change(truth, scope)
    begin = _month_end_before(cutoff, 12) - timedelta(days=60)
    inside = [row for row in seen if begin < row["order_date"] <= cutoff - timedelta(days=60)]
    truth[f"rfm__{scope}__orders_60d_ago__12m"] = _orders(inside)
    truth |= _rhythm(seen, scope, cutoff)
    truth |= _trajectory(seen, scope, cutoff)
    two_years = [row for row in seen if months_back(cutoff, row["order_date"]) < 24]
    ahead = {(cutoff.month + i) % 12 + 1 for i in range(window_months)}
    in_season = [row for row in two_years if row["order_date"].month in ahead]
    truth[f"season__{scope}__window_share__24m"] = _ratio(_orders(in_season), _orders(two_years))
    year = [row for row in seen if months_back(cutoff, row["order_date"]) < 12]
    returned = [row for row in year if row["is_return"]]
    truth[f"returns__{scope}__line_share__12m"] = _ratio(len(returned), len(year))
    truth[f"returns__{scope}__value_share__12m"] = _ratio(
        -_value(returned), _value([row for row in year if not row["is_return"]])
    )
    return truth


def of_customer(lines: Sequence[Line], cutoff: date) -> Truth:
    """Features of the customer as a whole that have no counterpart per target."""
    bought = [row for row in lines if row["order_date"] <= cutoff and not row["is_return"]]
    year = [row for row in bought if months_back(cutoff, row["order_date"]) < 12]
    counts = Counter(division for division, _ in {_division_order(row) for row in year})
    total = sum(counts.values())
    entropy = -sum(n / total * math.log(n / total) for n in counts.values()) if total else None
    return {
        "diversity__all__divisions_owned__ever": len({row["division"] for row in bought}),
        "diversity__all__divisions__12m": len({row["division"] for row in year}),
        "diversity__all__skus__12m": len({row["sku"] for row in year}),
        "diversity__all__entropy__12m": entropy,
        "lifecycle__all__tenure__ever": (cutoff - min(r["order_date"] for r in bought)).days,
    }


def of_target(lines: Sequence[Line], cutoff: date) -> Truth:
    """Features of a customer and target that have no counterpart for the customer."""
    days = [r["order_date"] for r in lines if r["order_date"] <= cutoff and not r["is_return"]]
    since = (cutoff - min(days)).days / 30.4375 if days else None
    return {
        "ownership__div__owned__ever": float(bool(days)),
        "ownership__div__months_since_first__ever": since,
    }


def lifts(lines: Sequence[Line], cutoff: date, least: int) -> dict[tuple[str, str], float]:
    """Lift of each rule (antecedent, target) between divisions, on (C - 12 m, C - 60 d]."""
    begin, end = _month_end_before(cutoff, 12), cutoff - timedelta(days=60)
    baskets: dict[str, set[str]] = defaultdict(set)
    for row in lines:
        if begin < row["order_date"] <= end and not row["is_return"]:
            baskets[row["customer_id"]].add(row["division"])
    everything = set().union(*baskets.values()) if baskets else set()
    found = {}
    for x in everything:
        for y in everything - {x}:
            both = sum({x, y} <= held for held in baskets.values())
            if both >= least:
                of_x = sum(x in held for held in baskets.values())
                of_y = sum(y in held for held in baskets.values())
                found[x, y] = both / of_x / (of_y / len(baskets))
    return found


def _division_order(row: Line) -> tuple[str, tuple[str, date]]:
    return row["division"], (row["order_id"], row["order_date"].replace(day=1))


def _change(truth: Truth, scope: str) -> Truth:
    now, two = truth[f"rfm__{scope}__orders__12m"], truth[f"rfm__{scope}__orders__24m"]
    value, both = truth[f"rfm__{scope}__value__12m"], truth[f"rfm__{scope}__value__24m"]
    assert None not in (now, two, value, both)
    before, value_before = two - now, both - value
    return {
        f"rfm__{scope}__orders_change__12m": now - before,
        f"rfm__{scope}__orders_log_ratio__12m": math.log((now + 1) / (before + 1)),
        f"rfm__{scope}__value_change__12m": _ratio(
            value - value_before, abs(value) + abs(value_before)
        ),
    }


def _rhythm(seen: Sequence[Line], scope: str, cutoff: date) -> Truth:
    days = sorted({row["order_date"] for row in seen if not row["is_return"]})
    gaps = [(b - a).days for a, b in pairwise(days)]
    recency = (cutoff - days[-1]).days if days else None
    active = {day.replace(day=1) for day in days if months_back(cutoff, day) < 24}
    truth: Truth = {
        f"recency__{scope}__days__ever": recency,
        f"recency__{scope}__log_days__ever": None if recency is None else math.log(1 + recency),
        f"rhythm__{scope}__median_gap__ever": median(gaps) if gaps else None,
        f"rhythm__{scope}__mean_gap__ever": sum(gaps) / len(gaps) if gaps else None,
        f"rhythm__{scope}__last_gap__ever": gaps[-1] if gaps else None,
        f"rhythm__{scope}__overdue_ratio__ever": recency / median(gaps) if gaps else None,
        f"rhythm__{scope}__active_months__24m": len(active),
    }
    for half_life in (30, 90, 180):
        decay = 0.0 if recency is None else 2 ** (-recency / half_life)
        truth[f"recency__{scope}__decay_{half_life}d__ever"] = decay
    return truth


def _trajectory(seen: Sequence[Line], scope: str, cutoff: date) -> Truth:
    truth: Truth = {}
    for measure, of in (("orders", _orders), ("value", _value)):
        buckets = [
            of([row for row in seen if months_back(cutoff, row["order_date"]) == 11 - i])
            for i in range(12)
        ]
        mean = sum(buckets) / 12
        spread = math.sqrt(sum((b - mean) ** 2 for b in buckets) / 12)
        slope = sum((i - 5.5) * b for i, b in enumerate(buckets)) / 143
        truth[f"trajectory__{scope}__{measure}_slope__12m"] = slope
        if scope == "all":
            truth[f"trajectory__all__{measure}_sd__12m"] = spread
        truth[f"trajectory__{scope}__{measure}_cv__12m"] = _ratio(spread, mean)
    return truth


def _orders(lines: Sequence[Line]) -> float:
    return float(
        len({(r["order_id"], r["order_date"].replace(day=1)) for r in lines if not r["is_return"]})
    )


def _value(lines: Sequence[Line]) -> float:
    return float(sum(row["value"] for row in lines))


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0 else None


def _month_end_before(cutoff: date, months: int) -> date:
    index = cutoff.year * 12 + cutoff.month - months
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)
