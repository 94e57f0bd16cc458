"""The slow truth of the market: base rate of the last closed window, its trend, momentum."""

import math

from gosales_assets_tests.features.oracle_past import (
    Past,
    Truth,
    month_end_before,
    ratio,
    value_of,
)


def of_market(past: Past, target: str) -> Truth:
    """Features of a target alone."""
    window = past.window(target)
    rate, before = (_base_rate(past, target, back) for back in (window, 2 * window))
    buyers, buyers_before = (_buyers(past, target, begin) for begin in (0, 12))
    value, value_before = (value_of(_year(past, target, begin)) for begin in (0, 12))
    return {
        "market__mkt__base_rate__now": rate,
        "market__mkt__base_rate_trend__now": (
            None if rate is None or before is None else rate - before
        ),
        "market__mkt__buyers_momentum__now": math.log((buyers + 1) / (buyers_before + 1)),
        "market__mkt__value_momentum__now": ratio(
            value - value_before, abs(value) + abs(value_before)
        ),
    }


def _base_rate(past: Past, target: str, months_ago: int) -> float | None:
    """Share of the customers known then whose net value in the window that followed is positive."""
    begin = month_end_before(past.cutoff, months_ago)
    end = month_end_before(past.cutoff, months_ago - past.window(target))
    known = {row["customer_id"] for row in past.bought if row["order_date"] <= begin}
    net = dict.fromkeys(known, 0.0)
    for row in past.by_item.get(target, []):
        if row["customer_id"] in known and begin < row["order_date"] <= end:
            net[row["customer_id"]] += float(row["value"])
    threshold = past.settings.labels.gp_min_threshold
    return ratio(sum(round(value, 2) > threshold for value in net.values()), len(known))


def _year(past: Past, target: str, begin: int) -> list:
    return [r for r in past.by_item.get(target, []) if begin <= past.age(r) < begin + 12]


def _buyers(past: Past, target: str, begin: int) -> int:
    year = _year(past, target, begin)
    return len({row["customer_id"] for row in year if not row["is_return"]})
