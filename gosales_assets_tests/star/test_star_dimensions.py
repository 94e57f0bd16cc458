"""Dimensions: one row each, and the latest name stands."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings

from gosales_assets.settings import Settings, SettingsError, Targets
from gosales_assets.star import dimensions
from gosales_assets.star.checks import not_one_row_each, orphans, unlisted_divisions
from gosales_assets.star.scopes import sku_sets
from gosales_assets_tests.star.order_lines import (
    evaluate,
    facts_of,
    line,
    sales_lines,
    wild_lines,
)


@given(lines=wild_lines())
@settings(max_examples=8, deadline=None)
def test_every_product_of_the_facts_has_one_row(lines: pl.DataFrame) -> None:
    facts = facts_of(lines).lazy()
    products = evaluate(dimensions.products, lines).lazy()
    assert orphans(facts, products, "sku") == []
    assert not_one_row_each(facts, products, "sku") == []


def test_lost_and_doubled_rows_are_found() -> None:
    facts = facts_of(sales_lines(*(line(key, "2024-01-01") for key in "aab"))).lazy()
    only_b = pl.LazyFrame({"customer_id": ["b"]})
    assert [(b.rows, b.examples) for b in orphans(facts, only_b, "customer_id")] == [(2, ("a",))]
    doubled = pl.LazyFrame({"customer_id": ["a", "b", "b"]})
    assert [b.rows for b in not_one_row_each(facts, doubled, "customer_id")] == [1]


def test_products_keep_their_latest_name_and_division() -> None:
    lines = sales_lines(
        line("a", "2024-02-01", product_name="Saw", division="Wood"),
        line("b", "2023-02-01", product_name="Old saw", division="Tools"),
    )
    assert evaluate(dimensions.products, lines).rows() == [
        ("p", "Saw", "Wood", date(2023, 2, 1), date(2024, 2, 1))
    ]


def test_divisions_are_listed_sold_or_not_target_or_not() -> None:
    lines = sales_lines(
        line("a", "2024-02-01", division="Tools", sku="p"),
        line("a", "2024-01-01", division="Paint", sku="q"),
    )
    sets = {"Brushes": ["q"], "Dreams": ["z"]}
    sold = evaluate(lambda t: dimensions.first_sales(t, sets), facts_of(lines))
    frame = dimensions.divisions(
        sold, ["Tools", "Wood", "Brushes", "Dreams"], list(sets), 6, {"Wood": 9}
    )
    assert frame.select("division", "scope", "is_target", "first_sold").rows() == [
        ("Brushes", "sku_set", True, date(2024, 1, 1)),
        ("Dreams", "sku_set", True, None),
        ("Paint", "division", False, date(2024, 1, 1)),
        ("Tools", "division", True, date(2024, 2, 1)),
        ("Wood", "division", True, None),
    ]


def test_a_division_has_a_family_when_its_products_agree() -> None:
    entries = pl.DataFrame(
        {
            "division": ["Tools", "Tools", "Paint", "Paint", "Wood"],
            "family": ["Hard", None, "Wet", "Dry", None],
        }
    )
    assert dimensions.division_families(entries).rows() == [("Tools", "Hard")]


def test_a_sku_set_called_like_a_division_is_refused() -> None:
    sold = evaluate(
        lambda t: dimensions.first_sales(t, {}), facts_of(sales_lines(line("a", "2024-02-01")))
    )
    with pytest.raises(SettingsError, match=r"targets\.sku_sets: 'Tools'"):
        dimensions.divisions(sold, ["Tools"], ["Tools"], 6, {})


def test_sku_sets_are_keyed_like_divisions() -> None:
    settings_ = Settings(targets=Targets(sku_sets={"Big | Printers": ["b", "a", "a"]}))
    assert sku_sets(settings_) == {"Big Printers": ["a", "b"]}


def test_divisions_that_nobody_listed_are_counted() -> None:
    facts = facts_of(
        sales_lines(line("a", "2024-02-01"), *(line(c, "2024-02-01", division="New") for c in "ab"))
    )
    assert unlisted_divisions(facts.lazy(), ["Tools"]).rows() == [("New", 2, 2)]
