"""Features of the own past: the same for the customer as a whole, and within a target."""

from collections.abc import Iterator
from itertools import chain

from gosales_assets.features.catalog.feature import (
    NO_PURCHASE,
    NO_SEATS,
    NOT_IN_WINDOW,
    ONE_DAY,
    WINDOWS,
    Feature,
    period,
)

DECAY_HALF_LIVES = (30, 90, 180)
OFFSET_DAYS = 60
"""Days before the cutoff on which the offset windows end."""
RFM_MEASURES = ("orders", "lines", "value", "revenue")
OFFSET_MEASURES = ("orders", "value")
_MONEY = "base currency"


def _rfm(scope: str, of: str) -> Iterator[Feature]:
    def rfm(measure: str, window: str, words: str, *unit_and_null: str) -> Feature:
        meaning = f"{words}{of} {period(window)}"
        return Feature("rfm", scope, measure, window, meaning, *unit_and_null)

    for window in (*WINDOWS, "ever"):
        yield rfm("orders", window, "orders", "orders")
    for window in WINDOWS:
        yield rfm("lines", window, "order lines", "lines")
    for window in WINDOWS:
        yield rfm("value", window, "value", _MONEY)
    for window in WINDOWS:
        yield rfm("revenue", window, "revenue", _MONEY, "revenue unknown")
    for window in WINDOWS:
        yield rfm("value_per_order", window, "value per order", _MONEY, NOT_IN_WINDOW)
    yield from _rfm_changes(scope, of)


def _rfm_changes(scope: str, of: str) -> Iterator[Feature]:
    versus = "in the last 12 months against the 12 before"
    yield Feature("rfm", scope, "orders_change", "12m", f"more orders{of} {versus}", "orders")
    yield Feature("rfm", scope, "orders_log_ratio", "12m", f"growth of orders{of} {versus}", "log")
    yield Feature(
        "rfm",
        scope,
        "value_change",
        "12m",
        f"growth of value{of} {versus}",
        "share, -1 to 1",
        "no value in either year",
    )


def _offset(scope: str, of: str) -> Iterator[Feature]:
    units = dict(zip(OFFSET_MEASURES, ("orders", _MONEY), strict=True))
    for measure, unit in units.items():
        for window in WINDOWS:
            meaning = f"{measure}{of} {period(window)}, as seen {OFFSET_DAYS} days ago"
            yield Feature("offset", scope, measure, window, meaning, unit)


def _recency(scope: str, of: str) -> Iterator[Feature]:
    since = f"days since the last order{of}"
    yield Feature("recency", scope, "days", "ever", since, "days", NO_PURCHASE)
    yield Feature("recency", scope, "log_days", "ever", since, "log(1 + days)", NO_PURCHASE)
    for days in DECAY_HALF_LIVES:
        meaning = f"freshness of the last order{of}, halving every {days} days"
        yield Feature("recency", scope, f"decay_{days}d", "ever", meaning, "0 to 1")


def _trajectory(scope: str, of: str) -> Iterator[Feature]:
    for measure, unit in (("orders", "orders"), ("value", _MONEY)):
        yield Feature(
            "trajectory",
            scope,
            f"{measure}_slope",
            "12m",
            f"monthly trend of {measure}{of} over 12 months",
            f"{unit} per month",
        )
        meaning = f"month-to-month spread of {measure}{of} over 12 months"
        yield Feature("trajectory", scope, f"{measure}_sd", "12m", meaning, unit)
        yield Feature(
            "trajectory",
            scope,
            f"{measure}_cv",
            "12m",
            f"unevenness of monthly {measure}{of} over 12 months",
            "sd / mean",
            "no positive mean in the window",
        )


def _rhythm(scope: str, of: str) -> Iterator[Feature]:
    gaps = {"median_gap": "usual", "mean_gap": "mean", "last_gap": "latest"}
    for measure, adjective in gaps.items():
        meaning = f"{adjective} days between orders{of}"
        yield Feature("rhythm", scope, measure, "ever", meaning, "days", ONE_DAY)
    yield Feature(
        "rhythm",
        scope,
        "overdue_ratio",
        "ever",
        f"days since the last order{of} over the usual gap",
        "ratio",
        ONE_DAY,
    )
    meaning = f"months with orders{of} in the last 24"
    yield Feature("rhythm", scope, "active_months", "24m", meaning, "months")


def _returns(scope: str, of: str) -> Iterator[Feature]:
    meaning = f"share of order lines{of} returned in the last 12 months"
    yield Feature("returns", scope, "line_share", "12m", meaning, "share", "no lines in the window")
    meaning = f"share of value{of} returned in the last 12 months"
    yield Feature("returns", scope, "value_share", "12m", meaning, "share", NOT_IN_WINDOW)


def _season(scope: str, of: str) -> Iterator[Feature]:
    meaning = f"share of past orders{of} in the season ahead"
    yield Feature("season", scope, "window_share", "24m", meaning, "share", NOT_IN_WINDOW)


def _seats(scope: str, of: str) -> Iterator[Feature]:
    for window in ("12m", "24m"):
        meaning = f"seats{of} bought {period(window)}"
        yield Feature("seats", scope, "quantity", window, meaning, "seats", NO_SEATS)
    growth = f"growth of the seats{of} bought so far over 24 months"
    yield Feature("seats", scope, "quantity_log_ratio", "24m", growth, "log", NO_SEATS)


def history_features(scope: str, of: str) -> Iterator[Feature]:
    """Features of the own past of a scope; ``of`` says whose in words."""
    families = (_rfm, _offset, _recency, _trajectory, _rhythm, _returns, _season, _seats)
    return chain.from_iterable(family(scope, of) for family in families)
