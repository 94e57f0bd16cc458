"""The slow truth: features of the own past in plain Python, straight from order lines."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from itertools import pairwise
from statistics import median, pstdev

from gosales_assets_tests.features.oracle_past import (
    DAYS_PER_MONTH,
    Line,
    Truth,
    month_end_before,
    months_back,
    order_months,
    orders_of,
    ratio,
    value_of,
)

WINDOWS = {"3m": 3, "6m": 6, "12m": 12, "24m": 24}


def of_history(lines: Sequence[Line], scope: str, cutoff: date, window_months: int) -> Truth:
    """Features of the own past, of one customer (and target)."""
    seen = [row for row in lines if row["order_date"] <= cutoff]
    truth: Truth = {f"rfm__{scope}__orders__ever": orders_of(seen)}
    for window, months in WINDOWS.items():
        inside = [row for row in seen if months_back(cutoff, row["order_date"]) < months]
        truth |= _amounts(inside, scope, window)
        then = cutoff - timedelta(days=60)
        begin = month_end_before(cutoff, months) - timedelta(days=60)
        inside = [row for row in seen if begin < row["order_date"] <= then]
        days = {(row["order_id"], row["order_date"]) for row in inside if not row["is_return"]}
        truth[f"offset__{scope}__orders__{window}"] = float(len(days))
        truth[f"offset__{scope}__value__{window}"] = value_of(inside)
    truth |= _change(truth, scope)
    truth |= _rhythm(seen, scope, cutoff)
    truth |= _trajectory(seen, scope, cutoff)
    two_years = [row for row in seen if months_back(cutoff, row["order_date"]) < 24]
    ahead = {(cutoff.month + i) % 12 + 1 for i in range(window_months)}
    in_season = [row for row in two_years if row["order_date"].month in ahead]
    truth[f"season__{scope}__window_share__24m"] = ratio(orders_of(in_season), orders_of(two_years))
    year = [row for row in seen if months_back(cutoff, row["order_date"]) < 12]
    returned = [row for row in year if row["is_return"]]
    truth[f"returns__{scope}__line_share__12m"] = ratio(len(returned), len(year))
    truth[f"returns__{scope}__value_share__12m"] = ratio(
        -value_of(returned), value_of([row for row in year if not row["is_return"]])
    )
    return truth


def of_customer(lines: Sequence[Line], cutoff: date) -> Truth:
    """Features of the customer as a whole that have no counterpart per target."""
    bought = [row for row in lines if row["order_date"] <= cutoff and not row["is_return"]]
    year = [row for row in bought if months_back(cutoff, row["order_date"]) < 12]
    counts = Counter(division for division, _ in {_division_order(row) for row in year})
    total = sum(counts.values())
    entropy = -sum(n / total * math.log(n / total) for n in counts.values()) if total else None
    two_years = [row for row in bought if months_back(cutoff, row["order_date"]) < 24]
    quarters = Counter((month - 1) // 3 + 1 for _, month in order_months(two_years))
    lines_of_year = [row for row in lines if 0 <= months_back(cutoff, row["order_date"]) < 12]
    profit, revenue = (_known(lines_of_year, money) for money in ("gross_profit", "revenue"))
    margin = None if None in (profit, revenue) else ratio(profit, revenue)
    return {
        f"season__all__quarter_{q}_share__24m": ratio(quarters[q], orders_of(two_years))
        for q in range(1, 5)
    } | {
        "margin__all__gross_margin__12m": margin,
        "diversity__all__divisions_owned__ever": len({row["division"] for row in bought}),
        "diversity__all__divisions__12m": len({row["division"] for row in year}),
        "diversity__all__skus__12m": len({row["sku"] for row in year}),
        "diversity__all__entropy__12m": entropy,
        "lifecycle__all__tenure__ever": (cutoff - min(r["order_date"] for r in bought)).days,
    }


def of_target(lines: Sequence[Line], cutoff: date) -> Truth:
    """Features of a customer and target that have no counterpart for the customer."""
    seen = [row for row in lines if row["order_date"] <= cutoff]
    days = sorted({row["order_date"] for row in seen if not row["is_return"]})
    since = (cutoff - days[0]).days / DAYS_PER_MONTH if days else None
    gaps = [(b - a).days for a, b in pairwise(days)]
    mean = sum(gaps) / len(gaps) if gaps else 0.0
    year, before = (
        _known([r for r in seen if a <= months_back(cutoff, r["order_date"]) < a + 12], "quantity")
        for a in (0, 12)
    )
    growth = math.log((max(year or 0, 0) + 1) / (max(before or 0, 0) + 1))
    return {
        "ownership__div__quantity_log_ratio__12m": (
            None if year is None and before is None else growth
        ),
        "rhythm__div__gap_cv__ever": pstdev(gaps) / mean if gaps else None,
        "rhythm__div__days_to_due__ever": (
            median(gaps) - (cutoff - days[-1]).days if gaps else None
        ),
        "ownership__div__owned__ever": float(bool(days)),
        "ownership__div__months_since_first__ever": since,
    }


def of_seats(lines: Sequence[Line], scope: str, cutoff: date, skus: Collection[str]) -> Truth:
    """Seats bought: units of some SKUs, net of those given back."""
    seats = [row for row in lines if row["order_date"] <= cutoff and row["sku"] in skus]
    year, two, ever = (
        _known([r for r in seats if months_back(cutoff, r["order_date"]) < n], "quantity") or 0.0
        for n in (12, 24, 10**6)
    )
    growth = math.log((max(ever, 0) + 1) / (max(ever - two, 0) + 1))
    return {
        f"seats__{scope}__quantity__12m": year,
        f"seats__{scope}__quantity__24m": two,
        f"seats__{scope}__quantity_log_ratio__24m": growth,
    }


def of_installed(base: Sequence[Line], cutoff: date) -> Truth:
    """Installed products of one customer and target."""
    seen = [r for r in base if r["purchase_date"] is not None and r["purchase_date"] <= cutoff]
    left = [(r["expiration_date"] - cutoff).days for r in seen if r["expiration_date"] is not None]
    running, ended = [d for d in left if d > 0], [d for d in left if d <= 0]
    return {
        f"installed__div__expiring_{days}d__now": float(sum(d <= days for d in running))
        for days in (30, 60, 90)
    } | {
        "installed__div__active__now": float(len(seen) - len(ended)),
        "installed__div__owned__now": float(len(seen)),
        "installed__div__on_subscription__now": float(len(running)),
        "installed__div__off_subscription__now": float(len(ended)),
        "installed__div__days_since_expiry__now": -max(ended) if ended else None,
        "installed__div__tenure__now": (
            max((cutoff - r["purchase_date"]).days for r in seen) if seen else None
        ),
    }


def _division_order(row: Line) -> tuple[str, tuple[str, date]]:
    return row["division"], (row["order_id"], row["order_date"].replace(day=1))


def _amounts(lines: Sequence[Line], scope: str, window: str) -> Truth:
    orders, value = orders_of(lines), value_of(lines)
    return {
        f"rfm__{scope}__orders__{window}": orders,
        f"rfm__{scope}__lines__{window}": float(len(lines)),
        f"rfm__{scope}__value__{window}": value,
        f"rfm__{scope}__revenue__{window}": _known(lines, "revenue") if lines else 0.0,
        f"rfm__{scope}__value_per_order__{window}": ratio(value, orders),
    }


def _change(truth: Truth, scope: str) -> Truth:
    now, two = truth[f"rfm__{scope}__orders__12m"], truth[f"rfm__{scope}__orders__24m"]
    value, both = truth[f"rfm__{scope}__value__12m"], truth[f"rfm__{scope}__value__24m"]
    assert None not in (now, two, value, both)
    before, value_before = two - now, both - value
    return {
        f"rfm__{scope}__orders_change__12m": now - before,
        f"rfm__{scope}__orders_log_ratio__12m": math.log((now + 1) / (before + 1)),
        f"rfm__{scope}__value_change__12m": ratio(
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
    for measure, of in (("orders", orders_of), ("value", value_of)):
        buckets = [
            of([row for row in seen if months_back(cutoff, row["order_date"]) == 11 - i])
            for i in range(12)
        ]
        mean = sum(buckets) / 12
        spread = math.sqrt(sum((b - mean) ** 2 for b in buckets) / 12)
        slope = sum((i - 5.5) * b for i, b in enumerate(buckets)) / 143
        truth[f"trajectory__{scope}__{measure}_slope__12m"] = slope
        truth[f"trajectory__{scope}__{measure}_sd__12m"] = spread
        truth[f"trajectory__{scope}__{measure}_cv__12m"] = ratio(spread, mean)
    return truth


def _known(lines: Sequence[Line], column: str) -> float | None:
    known = [row[column] for row in lines if row[column] is not None]
    return float(sum(known)) if known else None
