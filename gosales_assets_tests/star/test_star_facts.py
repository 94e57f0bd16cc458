"""Facts: orders are keyed, money is one measure, returns are known, nothing is lost."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings

from gosales_assets.breaches import breaches
from gosales_assets.settings import SettingsError
from gosales_assets.star.checks import MEASURES, totals_differ
from gosales_assets.star.contract import FACT_TRANSACTIONS
from gosales_assets.star.facts import value_measure
from gosales_assets_tests.star.order_lines import facts_of, line, sales_lines, wild_lines


def test_lines_without_order_share_one_order_per_customer_and_day() -> None:
    facts = facts_of(
        sales_lines(
            line("007", "2024-01-05", sku="p"),
            line("007", "2024-01-05", sku="q"),
            line("007", "2024-01-06"),
            line("8", "2024-01-05"),
            line("8", "2024-01-05", order_id="SO-1"),
        )
    )
    assert facts["order_id"].to_list() == [
        "007@2024-01-05",
        "007@2024-01-05",
        "007@2024-01-06",
        "8@2024-01-05",
        "SO-1",
    ]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        pytest.param({"quantity": 1, "revenue": 10}, False, id="sale"),
        pytest.param({"quantity": -1, "revenue": -10}, True, id="return"),
        pytest.param({"quantity": -1, "revenue": None}, True, id="units only"),
        pytest.param({"quantity": None, "revenue": -10}, True, id="negative money, units unknown"),
        pytest.param({"quantity": 0, "revenue": -10}, True, id="negative money, no units"),
        pytest.param({"quantity": None, "revenue": None, "gross_profit": -3}, True, id="profit"),
        pytest.param({"quantity": None, "revenue": 9, "gross_profit": -3}, False, id="below cost"),
        pytest.param({"quantity": 2, "revenue": -1}, False, id="rebate on goods delivered"),
        pytest.param({"quantity": None, "revenue": None}, False, id="nothing known"),
    ],
)
def test_what_is_a_return(about: dict[str, int | None], expected: bool) -> None:
    facts = facts_of(sales_lines(line("a", "2024-01-05", **about)))
    assert facts["is_return"].to_list() == [expected]


def test_unknown_profit_counts_as_nothing_rather_than_as_revenue() -> None:
    lines = sales_lines(
        line("a", "2024-01-05", revenue=100, gross_profit=None),
        line("a", "2024-01-06", revenue=100, gross_profit="12.34"),
    )
    facts = facts_of(lines, "gross_profit")
    assert facts["value"].to_list() == [Decimal("0.00"), Decimal("12.34")]
    assert facts["gross_profit"].to_list() == [None, Decimal("12.34")]


@pytest.mark.parametrize(
    ("setting", "profit", "revenue", "expected"),
    [
        ("auto", True, True, "gross_profit"),
        ("auto", False, True, "revenue"),
        ("auto", True, False, "gross_profit"),
        ("revenue", True, True, "revenue"),
        ("gross_profit", True, False, "gross_profit"),
    ],
)
def test_the_measure_follows_the_setting_and_the_log(
    setting: str, profit: bool, revenue: bool, expected: str
) -> None:
    assert value_measure(setting, has_profit=profit, has_revenue=revenue) == expected


@pytest.mark.parametrize(
    ("setting", "profit", "revenue", "words"),
    [
        ("gross_profit", False, True, "value: gross_profit, but no line"),
        ("revenue", True, False, "value: revenue, but no line"),
        ("auto", False, False, "gross profit or a revenue"),
    ],
)
def test_a_measure_that_is_not_in_the_log_is_a_settings_error(
    setting: str, profit: bool, revenue: bool, words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as raised:
        value_measure(setting, has_profit=profit, has_revenue=revenue)
    assert "\n" not in str(raised.value)


@given(lines=wild_lines())
@settings(max_examples=25, deadline=None)
def test_every_line_and_every_cent_arrives(lines: pl.DataFrame) -> None:
    facts = facts_of(lines, "gross_profit")
    assert breaches(FACT_TRANSACTIONS, facts) == []
    counted = [frame.lazy().with_columns(lines=1) for frame in (facts, lines)]
    assert totals_differ(*counted, MEASURES, "facts") == []


def test_a_lost_line_and_a_changed_cent_are_found() -> None:
    lines = sales_lines(line("a", "2024-01-05"), line("b", "2024-01-05", revenue="0.01"))
    facts = facts_of(lines).filter(pl.col("customer_id") == "a")
    found = totals_differ(
        facts.lazy().with_columns(lines=1), lines.lazy().with_columns(lines=1), MEASURES, "facts"
    )
    assert [breach.column for breach in found] == ["lines", "quantity", "revenue"]
    assert found[-1].examples == ("10.00 is not 10.01",)
