"""Features that only customer and target together, or the target alone, have."""

from collections.abc import Iterator

from gosales_assets.features.catalog.feature import (
    NO_PURCHASE,
    NOT_GIVEN,
    NOT_IN_WINDOW,
    ONE_DAY,
    Feature,
)

ATTRIBUTES = (
    "industry",
    "sub_industry",
    "region",
    "territory",
    "segment",
    "size",
    "country",
    "branch",
    "rep",
)

EXPIRING_DAYS = (30, 60, 90)


def _div(family: str, measure: str, window: str, *about: str) -> Feature:
    """Make a feature of the target layer."""
    return Feature(family, "div", measure, window, *about)


def target_features() -> Iterator[Feature]:
    """Features that only customer and target together, or the target alone, have."""
    yield from _ownership()
    yield from _pull_and_likeness()
    yield from _timing()
    rate = "months with an order of {division} to expect, per month"
    yield _div("rate", "order_months", "24m", rate, "months per month")
    yield from _installed()
    yield from _profile()
    yield from _market()


def _ownership() -> Iterator[Feature]:
    yield _div("ownership", "owned", "ever", "has bought {division} before", "0 or 1")
    yield _div(
        "ownership",
        "months_since_first",
        "ever",
        "months since the first order of {division}",
        "months",
        NO_PURCHASE,
    )
    growth = "growth of units of {division} in the last 12 months against the 12 before"
    yield _div(
        "ownership", "quantity_log_ratio", "12m", growth, "log", "units unknown, or never bought"
    )
    yield _div(
        "rhythm",
        "gap_cv",
        "ever",
        "unevenness of the days between orders of {division}",
        "sd / mean",
        ONE_DAY,
    )
    due = "days until the next order of {division} is due"
    yield _div("rhythm", "days_to_due", "ever", due, "days; negative: overdue", ONE_DAY)
    share = "{division}'s share of the customer's value in the last 12 months"
    yield _div("mix", "value_share", "12m", share, "share", NOT_IN_WINDOW)
    shrunk = "{division}'s share of the customer's value, eased toward the market's"
    yield _div("mix", "shrunk_value_share", "12m", shrunk, "share")


def _pull_and_likeness() -> Iterator[Feature]:
    for measure, words in (("max", "strongest"), ("mean", "mean"), ("sum", "summed")):
        yield _div(
            "affinity",
            f"{measure}_lift",
            "12m",
            f"{words} pull of other product lines bought toward {{division}}",
            "lift",
            "no rule applies to what the customer bought",
        )
    by_product = {
        "sku_log_lift": ("mean pull of the products bought toward {division}", "mean log lift"),
        "sku_max_log_lift": ("strongest pull of a product bought toward {division}", "log lift"),
        "sku_sum_log_lift": (
            "summed pull of the products bought toward {division}",
            "summed log lift",
        ),
    }
    for measure, (meaning, unit) in by_product.items():
        missing = "no product with a rule in the window"
        yield _div("affinity", measure, "12m", meaning, unit, missing)
    yield _div(
        "similarity",
        "als",
        "24m",
        "purchases alike to those of buyers of {division}",
        "score, toward 0 to 1",
        NOT_GIVEN,
    )
    yield _div(
        "similarity",
        "neighbour",
        "24m",
        "purchases of product lines that go with {division}",
        "weighted share, 0 to 1",
        "no other product line resembles it",
    )


def _timing() -> Iterator[Feature]:
    again = "share of owners who bought {division} again after as long a wait"
    yield _div("timing", "return_rate", "ever", again, "share", NO_PURCHASE)
    for measure, words in (("sum", "summed"), ("max", "strongest")):
        yield _div(
            "timing",
            f"adoption_{measure}",
            "ever",
            f"{words} pull of what is owned, and since when, toward a first {{division}}",
            f"{words} log lift",
            "bought before",
        )


def _profile() -> Iterator[Feature]:
    yield _div(
        "profile",
        "industry_owned",
        "ever",
        "share of customers of the same industry that bought {division} before",
        "share",
        "industry unknown",
    )
    for attribute in ATTRIBUTES:
        words = attribute.replace("_", "-")
        yield _div(
            "profile",
            f"{attribute}_rate",
            "12m",
            f"share of customers of the same {words} that bought {{division}} in 12 months",
            "share",
            f"{words} unknown",
        )


def _installed() -> Iterator[Feature]:
    counts = {
        "active": "installed products of {division} in use",
        "owned": "installed products of {division}, ever",
        "on_subscription": "installed products of {division} on a running subscription",
        "off_subscription": "installed products of {division} whose subscription ended",
    } | {
        f"expiring_{days}d": f"installed products of {{division}} that expire within {days} days"
        for days in EXPIRING_DAYS
    }
    for measure, meaning in counts.items():
        yield Feature("installed", "div", measure, "now", meaning, "products", NOT_GIVEN)
    days = {
        "days_since_expiry": ("days since the latest expiry in {division}", "nothing expired"),
        "tenure": ("days since the first installed product of {division}", "nothing installed"),
    }
    for measure, (meaning, missing) in days.items():
        null_means = f"{missing}, or {NOT_GIVEN}"
        yield Feature("installed", "div", measure, "now", meaning, "days", null_means)


def _market() -> Iterator[Feature]:
    def mkt(measure: str, *about: str) -> Feature:
        return Feature("market", "mkt", measure, "now", *about)

    young = "the history is too short"
    base = "share of customers that bought {division} in the last closed window"
    yield mkt("base_rate", base, "share", young)
    trend = "change of that share against the window before"
    yield mkt("base_rate_trend", trend, "share", young)
    year = "in the last 12 months against the 12 before"
    yield mkt("buyers_momentum", f"growth of buyers of {{division}} {year}", "log")
    yield mkt("value_momentum", f"growth of sales of {{division}} {year}", "share, -1 to 1", young)
