"""The catalogue: every feature that may stand in a matrix, what it means and when it is missing.

Names read ``family__scope__measure__window``. The scope is ``all`` (the customer), ``div``
(customer and target) or ``mkt`` (the target alone). Nothing else may appear in a matrix, and
everything here does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

WINDOWS = {"3m": 3, "6m": 6, "12m": 12, "24m": 24}
"""Window -> months before the cutoff; ``ever`` and ``now`` have no length."""

DECAY_HALF_LIVES = (30, 90, 180)
OFFSET_DAYS = 60
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

NEVER = "never missing"
_NO_PURCHASE = "no purchase yet"
_NOT_IN_WINDOW = "no purchase in the window"
_ONE_DAY = "fewer than two order days"
_NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Feature:
    """One column of the feature matrix.

    Parameters
    ----------
    family, scope, measure, window
        The four parts of the name.
    meaning
        A short phrase for people; ``{division}`` stands for the target.
    unit
        What the number counts: orders, days, share, base currency, ...
    null_means
        What a missing value says; "never missing" where there is always one.
    """

    family: str
    scope: str
    measure: str
    window: str
    meaning: str
    unit: str
    null_means: str = NEVER

    @property
    def name(self) -> str:
        """Column name."""
        return f"{self.family}__{self.scope}__{self.measure}__{self.window}"


def _period(window: str) -> str:
    months = WINDOWS.get(window)
    return "so far" if months is None else f"in the last {months} months"


def _rfm(scope: str, of: str) -> Iterator[Feature]:
    for window in (*WINDOWS, "ever"):
        yield Feature("rfm", scope, "orders", window, f"orders{of} {_period(window)}", "orders")
    for window in ("3m", "6m", "12m", "24m"):
        meaning = f"value{of} {_period(window)}"
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


def _rfm_of_customer() -> Iterator[Feature]:
    yield Feature("rfm", "all", "lines", "12m", "order lines in the last 12 months", "lines")
    yield Feature(
        "rfm",
        "all",
        "revenue",
        "12m",
        "revenue in the last 12 months",
        "base currency",
        "revenue unknown",
    )
    yield Feature(
        "rfm",
        "all",
        "value_per_order",
        "12m",
        "value per order in the last 12 months",
        "base currency",
        _NOT_IN_WINDOW,
    )


def _recency(scope: str, of: str) -> Iterator[Feature]:
    since = f"days since the last order{of}"
    yield Feature("recency", scope, "days", "ever", since, "days", _NO_PURCHASE)
    yield Feature("recency", scope, "log_days", "ever", since, "log(1 + days)", _NO_PURCHASE)
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
        yield Feature("rhythm", scope, measure, "ever", meaning, "days", _ONE_DAY)
    yield Feature(
        "rhythm",
        scope,
        "overdue_ratio",
        "ever",
        f"days since the last order{of} over the usual gap",
        "ratio",
        _ONE_DAY,
    )
    meaning = f"months with orders{of} in the last 24"
    yield Feature("rhythm", scope, "active_months", "24m", meaning, "months")


def _returns(scope: str, of: str) -> Iterator[Feature]:
    meaning = f"share of order lines{of} returned in the last 12 months"
    yield Feature("returns", scope, "line_share", "12m", meaning, "share", "no lines in the window")
    meaning = f"share of value{of} returned in the last 12 months"
    yield Feature("returns", scope, "value_share", "12m", meaning, "share", _NOT_IN_WINDOW)


def _season(scope: str, of: str) -> Iterator[Feature]:
    meaning = f"share of past orders{of} in the season ahead"
    yield Feature("season", scope, "window_share", "24m", meaning, "share", _NOT_IN_WINDOW)


def _customer_only() -> Iterator[Feature]:
    yield Feature("lifecycle", "all", "tenure", "ever", "days since the first order", "days")
    for quarter in range(1, 5):
        meaning = f"share of orders in quarter {quarter}"
        yield Feature(
            "season", "all", f"quarter_{quarter}_share", "24m", meaning, "share", _NOT_IN_WINDOW
        )
    yield Feature(
        "margin",
        "all",
        "gross_margin",
        "12m",
        "gross profit over revenue in the last 12 months",
        "share",
        "gross profit or revenue unknown, or no revenue",
    )
    for window in ("12m", "ever"):
        measure = "divisions" if window == "12m" else "divisions_owned"
        meaning = f"different product lines bought {_period(window)}"
        yield Feature("diversity", "all", measure, window, meaning, "product lines")
    meaning = "different products bought in the last 12 months"
    yield Feature("diversity", "all", "skus", "12m", meaning, "products")
    meaning = "how evenly orders spread over product lines in the last 12 months"
    yield Feature("diversity", "all", "entropy", "12m", meaning, "nats", _NOT_IN_WINDOW)
    yield Feature("lifetime", "all", "p_alive", "ever", "chance to still be a customer", "0 to 1")
    yield Feature(
        "lifetime",
        "all",
        "expected_orders",
        "ever",
        "orders expected in the period ahead",
        "orders",
    )


def _div(family: str, measure: str, window: str, *about: str) -> Feature:
    """Make a feature of the target layer."""
    return Feature(family, "div", measure, window, *about)


def _target_only() -> Iterator[Feature]:
    yield from _ownership()
    yield from _pull_and_likeness()
    rate = "expected orders of {division} a month"
    yield _div("rate", "orders_per_month", "24m", rate, "orders per month")
    yield from _installed()
    yield from _profile()


def _ownership() -> Iterator[Feature]:
    yield _div("ownership", "owned", "ever", "has bought {division} before", "0 or 1")
    yield _div(
        "ownership",
        "months_since_first",
        "ever",
        "months since the first order of {division}",
        "months",
        _NO_PURCHASE,
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
        _ONE_DAY,
    )
    due = "days until the next order of {division} is due"
    yield _div("rhythm", "days_to_due", "ever", due, "days; negative: overdue", _ONE_DAY)
    share = "{division}'s share of the customer's value in the last 12 months"
    yield _div("mix", "value_share", "12m", share, "share", _NOT_IN_WINDOW)
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
    yield _div(
        "affinity",
        "sku_log_lift",
        "12m",
        "pull of the products bought toward {division}",
        "mean log lift",
        "no product with a rule in the window",
    )
    yield _div(
        "similarity",
        "als",
        "24m",
        "purchases alike to those of buyers of {division}",
        "score, toward 0 to 1",
        _NOT_GIVEN,
    )
    yield _div(
        "similarity",
        "neighbour",
        "24m",
        "purchases of product lines that go with {division}",
        "weighted share, 0 to 1",
        "no other product line resembles it",
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
        "expiring_90d": "installed products of {division} that expire within 90 days",
    }
    for measure, meaning in counts.items():
        yield Feature("installed", "div", measure, "now", meaning, "products", _NOT_GIVEN)
    days = {
        "days_since_expiry": ("days since the latest expiry in {division}", "nothing expired"),
        "tenure": ("days since the first installed product of {division}", "nothing installed"),
    }
    for measure, (meaning, missing) in days.items():
        null_means = f"{missing}, or {_NOT_GIVEN}"
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


def _both(scope: str, of: str) -> Iterator[Feature]:
    families = (_rfm, _recency, _trajectory, _rhythm, _returns, _season)
    return chain.from_iterable(family(scope, of) for family in families)


CATALOG: tuple[Feature, ...] = tuple(
    chain(
        _both("all", ""),
        _rfm_of_customer(),
        _customer_only(),
        _both("div", " of {division}"),
        _target_only(),
        _market(),
    )
)
"""Every feature, in the order of the matrix columns."""


def feature_names(*scopes: str) -> list[str]:
    """Names of all features of these scopes (none given: of all), in matrix order."""
    return [f.name for f in CATALOG if not scopes or f.scope in scopes]


@cache
def feature(name: str) -> Feature:
    """Look a feature up; raises ``KeyError`` for a name that is not in the catalogue."""
    return {f.name: f for f in CATALOG}[name]


def plain_words(name: str) -> str:
    """Say a feature in a short phrase; ``{division}`` stands for the target.

    Examples
    --------
    >>> plain_words("rfm__div__orders__12m")
    'orders of {division} in the last 12 months'
    """
    return feature(name).meaning
