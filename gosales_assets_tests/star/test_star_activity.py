"""Activity: the months and days are what counting by hand gives."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings

from gosales_assets.breaches import breaches
from gosales_assets.calendar import month_end
from gosales_assets.parts import checksum_of
from gosales_assets.star import activity
from gosales_assets.star.contract import CUSTOMER_DAY, CUSTOMER_MONTH
from gosales_assets_tests.star.order_lines import evaluate, facts_of, line, sales_lines, wild_lines

SETS = {"Brushes": ["p", "r"], "Never": ["zzz"]}


def months(facts: pl.DataFrame) -> pl.DataFrame:
    frame = evaluate(lambda t: activity.by_month(t, SETS), facts)
    return CUSTOMER_MONTH.typed(frame).sort(CUSTOMER_MONTH.sort)


def days(facts: pl.DataFrame) -> pl.DataFrame:
    frame = evaluate(lambda t: activity.by_day(t, SETS), facts)
    return CUSTOMER_DAY.typed(frame).sort(CUSTOMER_DAY.sort)


def scopes_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    sets = [("sku_set", name) for name, skus in SETS.items() if row["sku"] in skus]
    return [("all", ""), ("division", row["division"]), *sets]


def grouped(facts: pl.DataFrame, period: Any) -> dict[tuple, list[dict[str, Any]]]:
    groups: dict[tuple, list[dict[str, Any]]] = defaultdict(list)
    for row in facts.iter_rows(named=True):
        for scope, division in scopes_of(row):
            groups[row["customer_id"], scope, division, period(row["order_date"])].append(row)
    return groups


def total(rows: list[dict[str, Any]], column: str) -> Decimal | None:
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known, Decimal(0)) if known else None


def by_hand(facts: pl.DataFrame) -> list[dict[str, Any]]:
    counted = []
    for key, rows in sorted(grouped(facts, month_end).items()):
        bought = [row for row in rows if not row["is_return"]]
        returned = [row for row in rows if row["is_return"]]
        counted.append(
            {
                **dict(zip(CUSTOMER_MONTH.sort, key, strict=True)),
                "orders": len({row["order_id"] for row in bought}),
                "lines": len(rows),
                **{m: total(rows, m) for m in ("quantity", "revenue", "gross_profit", "value")},
                "returns": len(returned),
                "returned_value": -sum((row["value"] for row in returned), Decimal(0)),
            }
        )
    return counted


@given(lines=wild_lines())
@settings(max_examples=20, deadline=None)
def test_months_are_as_counted_by_hand(lines: pl.DataFrame) -> None:
    facts = facts_of(lines)
    frame = months(facts)
    assert frame.to_dicts() == by_hand(facts)
    assert breaches(CUSTOMER_MONTH, frame) == []


@given(lines=wild_lines())
@settings(max_examples=12, deadline=None)
def test_days_hold_each_day_with_a_purchase_once(lines: pl.DataFrame) -> None:
    facts = facts_of(lines)
    expected = {
        key: (len({r["order_id"] for r in rows if not r["is_return"]}), total(rows, "value"))
        for key, rows in grouped(facts, lambda day: day).items()
        if any(not row["is_return"] for row in rows)
    }
    found = {tuple(row[:4]): (row[4], row[5]) for row in days(facts).iter_rows()}
    assert found == expected


def test_months_end_in_february_too() -> None:
    facts = facts_of(
        sales_lines(*(line("a", day) for day in ("2024-02-29", "2023-02-28", "2024-12-31")))
    )
    found = months(facts).filter(pl.col("scope") == "all")["month"].to_list()
    assert found == [date(2023, 2, 28), date(2024, 2, 29), date(2024, 12, 31)]


def test_a_day_of_returns_only_is_no_purchase() -> None:
    facts = facts_of(
        sales_lines(
            line("a", "2024-01-05", quantity=-1, revenue=-10),
            line("b", "2024-01-05"),
            line("b", "2024-01-05", quantity=-1, revenue=-4),
        )
    )
    found = days(facts).filter(pl.col("scope") == "all")
    assert found.select("customer_id", "orders", "value").rows() == [("b", 1, Decimal("6.00"))]


@given(lines=wild_lines())
@settings(max_examples=6, deadline=None)
def test_the_order_of_rows_does_not_matter(lines: pl.DataFrame) -> None:
    facts, shuffled = facts_of(lines), facts_of(lines.sample(fraction=1, shuffle=True, seed=7))
    assert checksum_of(facts) == checksum_of(shuffled)
    mixed = facts.sample(fraction=1, shuffle=True, seed=7)
    assert checksum_of(months(facts)) == checksum_of(months(mixed))
    assert checksum_of(days(facts)) == checksum_of(days(mixed))


def test_a_log_without_sku_sets_has_no_such_scope() -> None:
    facts = facts_of(sales_lines(line("a", "2024-01-05")))
    frame = evaluate(lambda t: activity.by_month(t, {}), facts)
    assert sorted(frame["scope"].unique()) == ["all", "division"]
