"""Features of the own past: the same for the customer as a whole, and within a target."""

from collections.abc import Iterator
from itertools import chain

from gosales_assets.features.catalog.feature import (
    NO_PURCHASE,
    NOT_IN_WINDOW,
    ONE_DAY,
    WINDOWS,
    Feature,
    period,
)

DECAY_HALF_LIVES = (30, 90, 180)
OFFSET_DAYS = 60


def _rfm(scope: str, of: str) -> Iterator[Feature]:
    for window in (*WINDOWS, "ever"):
        yield Feature("rfm", scope, "orders", window, f"orders{of} {period(window)}", "orders")
    for window in ("3m", "6m", "12m", "24m"):
        meaning = f"value{of} {period(window)}"
        yield Feature("rfm", scope, "value", window, meaning, "base currency")
    meaning = f"orders{of} in the last 12 months, as seen {OFFSET_DAYS} days ago"
    yield Feature("rfm", scope, "orders_60d_ago", "12m", meaning, "orders")
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


def _recency(scope: str, of: str) -> Iterator[Feature]:
    since = f"days since the last order{of}"
    yield Feature("recency", scope, "days", "ever", since, "days", NO_PURCHASE)
    yield Feature("recency", scope, "log_days", "ever", since, "log(1 + days)", NO_PURCHASE)
    for days in DECAY_HALF_LIVES:
        meaning = f"freshness of the last order{of}, halving every {days} days"
        yield Feature("recency", scope, f"decay_{days}d", "ever", meaning, "0 to 1")


def _trajectory(scope: str, of: str) -> Iterator[Feature]:
    for measure, unit in (("orders", "orders"), ("value", "base currency")):
        yield Feature(
            "trajectory",
            scope,
            f"{measure}_slope",
            "12m",
            f"monthly trend of {measure}{of} over 12 months",
            f"{unit} per month",
        )
        if scope == "all":  # per target, months are too sparse for more than the unevenness
            meaning = f"month-to-month spread of {measure} over 12 months"
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


def history_features(scope: str, of: str) -> Iterator[Feature]:
    """Features of the own past of a scope; ``of`` says whose in words."""
    families = (_rfm, _recency, _trajectory, _rhythm, _returns, _season)
    return chain.from_iterable(family(scope, of) for family in families)
