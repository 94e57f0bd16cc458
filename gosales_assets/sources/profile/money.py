"""Money: in which currency a log is written, and which money labels should be about."""

from collections.abc import Sequence
from dataclasses import dataclass

from gosales_assets.settings import SalesLog
from gosales_assets.sources.profile.columns import Table
from gosales_assets.sources.profile.pairs import Pair
from gosales_assets.sources.profile.roles import Choices
from gosales_assets.sources.profile.sales import Sales
from gosales_assets.sources.profile.vocabulary import currency_code

_AMOUNTS = ("revenue", "unit_price", "gross_profit", "cost")
_LOSSES = 0.25  # share of lines sold at a loss from which gross profit says little of a purchase


@dataclass(frozen=True)
class Money:
    """Currency and value of a log.

    Parameters
    ----------
    base, why
        Base currency and the reason for it; ``known`` is False where nothing tells.
    foreign
        Other currencies -> rows.
    rated
        Whether the rows have rates of their own.
    value, value_why
        ``value`` of the settings and why; the reason is empty where it is the default.
    """

    base: str
    why: str
    known: bool
    foreign: dict[str, int]
    rated: bool
    value: str
    value_why: str


def money_of(table: Table, choices: Choices, pairs: Sequence[Pair], sales: Sales) -> Money:
    """Find out in which currency a log is, and what its value should be."""
    base, why, known = _base(table, choices, pairs, sales)
    foreign = {code: rows for code, rows in sorted(sales.currencies.items()) if code != base}
    value, value_why = _value(sales)
    return Money(base, why, known, foreign, "currency_rate" in choices, value, value_why)


def _base(
    table: Table, choices: Choices, pairs: Sequence[Pair], sales: Sales
) -> tuple[str, str, bool]:
    if sales.base_rated:
        code, rows = sales.base_rated.most_common(1)[0]
        return code, f"{rows:,} rows in {code} have the rate 1", True
    if sales.currencies:
        code, rows = sales.currencies.most_common(1)[0]
        return code, f"{rows:,} of {sales.currencies.total():,} rows are in {code}", True
    headers = [choices[role].column.header for role in _AMOUNTS if role in choices]
    headers += [pair.money.header for pair in pairs]
    for header in headers:
        told = currency_code(header) or table.currency_sign(header)
        if told:
            return told, f"as {header!r} says", True
    default = SalesLog().base_currency
    return default, "nothing in the log says which currency it is in: write yours", False


def _value(sales: Sales) -> tuple[str, str]:
    known = sales.lines_with_profit
    if not known or sales.losses <= _LOSSES * known:
        return "auto", ""
    share = sales.losses / known
    return "revenue", f"{share:.0%} of the lines sell at a loss: revenue tells a purchase better"
