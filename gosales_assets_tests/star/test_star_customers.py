"""Customers: one row each, the latest name stands, and side tables never add or lose a row."""

from datetime import date

import polars as pl
from hypothesis import given, settings

from gosales_assets.sources.contract import CUSTOMERS, INSTALLED_BASE
from gosales_assets.star import customers as gathering
from gosales_assets.star.checks import not_one_row_each, orphans
from gosales_assets.star.contract import DIM_CUSTOMER, INDUSTRY_MATCHES, OWN, TAKEN, TIED
from gosales_assets.star.validity import shown
from gosales_assets_tests.star.order_lines import (
    Row,
    evaluate,
    facts_of,
    line,
    made,
    sales_lines,
    side_customers,
    wild_lines,
)

LAST_DAY = date(2024, 6, 30)


def customers(
    lines: pl.DataFrame, side: pl.DataFrame | None = None, matches: tuple[Row, ...] = ()
) -> pl.DataFrame:
    rows = side_customers() if side is None else side
    sources = gathering.Sources(
        log=evaluate(gathering.in_log, lines),
        customers=shown(rows, "customer_id", LAST_DAY),
        matches=made(INDUSTRY_MATCHES, matches),
        installed=made(INSTALLED_BASE, [{"customer_id": "b", "sku": sku} for sku in "pq"]),
    )
    return DIM_CUSTOMER.typed(gathering.gather(sources)).sort("customer_id")


def match(customer: str, industry: str, sub: str | None = None, verdict: str = TAKEN) -> Row:
    return {
        "customer_id": customer,
        "customer_name": customer,
        "company_name": f"{industry} {sub}",
        "industry": industry,
        "sub_industry": sub,
        "verdict": verdict,
    }


def test_the_latest_name_stands_else_the_side_tables_else_the_id() -> None:
    lines = sales_lines(
        line("a", "2024-03-01", customer_name="New"),
        line("a", "2024-01-01", customer_name="Old"),
        line("a", "2024-04-01"),
        line("b", "2024-01-01"),
        line("c", "2024-01-01"),
        line("d", "2024-01-01", customer_name="Zeta"),
        line("d", "2024-01-01", customer_name="Alpha"),
    )
    side = side_customers(
        {"customer_id": "a", "customer_name": "Side"}, {"customer_id": "b", "customer_name": "Side"}
    )
    assert customers(lines, side)["customer_name"].to_list() == ["New", "Side", "c", "Alpha"]


def test_names_over_time_come_from_the_log_and_from_the_customers_table() -> None:
    lines = sales_lines(
        line("a", "2024-03-01", customer_name="New", account_prefix="123"),
        line("a", "2024-01-01", customer_name="Old"),
        line("a", "2024-02-01", customer_name="Old"),
        line("b", "2024-01-01"),
    )
    side = side_customers(
        {"customer_id": "b", "customer_name": "Side"},
        {"customer_id": "b", "customer_name": "Late", "valid_from": date(2024, 2, 1)},
        {"customer_id": "b"},
    )
    found = gathering.names_over_time(evaluate(gathering.names_in_log, lines), side)
    assert sorted(found.rows(), key=str) == [
        ("a", "New", "123", "log", date(2024, 3, 1)),
        ("a", "Old", None, "log", date(2024, 1, 1)),
        ("b", "Late", None, "customers", date(2024, 2, 1)),
        ("b", "Side", None, "customers", None),
    ]


def test_industry_comes_whole_from_one_source() -> None:
    lines = sales_lines(*(line(customer, "2024-01-01") for customer in "abcde"))
    side = side_customers({"customer_id": "a", "industry": "Mining"})
    matches = (
        match("a", "Metal", "Bolts", OWN),
        match("b", "Metal", "Bolts"),
        match("c", "Metal", "Bolts", TIED),
        match("d", "Metal", "Bolts"),
        match("d", "Metal", "Nuts"),
    )
    found = customers(lines, side, matches)
    columns = ["industry", "sub_industry", "industry_source", "in_customers", "in_enrichment"]
    assert found.select(columns).rows() == [
        ("Mining", None, "customers", True, True),
        ("Metal", "Bolts", "enrichment", False, True),
        (None, None, None, False, False),
        ("Metal", None, "enrichment", False, True),
        (None, None, None, False, False),
    ]
    assert found["in_installed_base"].to_list() == [False, True, False, False, False]
    assert found["in_log"].all()


def test_rep_and_branch_are_the_side_tables_or_the_latest() -> None:
    lines = sales_lines(
        line("a", "2024-01-01", rep="Old", branch="North"),
        line("a", "2024-02-01", rep="New", branch="South"),
        line("b", "2024-02-01", rep="Log"),
    )
    side = side_customers({"customer_id": "b", "sales_rep": "Side", "region": "West"})
    found = customers(lines, side).select("rep", "branch", "region", "first_order", "last_order")
    assert found.rows() == [
        ("New", "South", None, date(2024, 1, 1), date(2024, 2, 1)),
        ("Side", None, "West", date(2024, 2, 1), date(2024, 2, 1)),
    ]


def test_a_history_shows_what_held_on_the_last_day() -> None:
    def since(year: int, region: str) -> Row:
        return {"customer_id": "a", "valid_from": date(year, 1, 1), "region": region}

    side = side_customers(since(2025, "South"), since(2024, "East"), since(2020, "West"))
    assert customers(sales_lines(line("a", "2024-01-01")), side)["region"].to_list() == ["East"]


@given(lines=wild_lines())
@settings(max_examples=8, deadline=None)
def test_every_customer_of_the_facts_has_one_row(lines: pl.DataFrame) -> None:
    history = [{"customer_id": "a", "valid_from": date(year, 1, 1)} for year in (2020, 2021)]
    side = side_customers(*history, {"customer_id": "not in the log"})
    twice = tuple(match("a", "Metal", sub) for sub in ("Bolts", "Nuts"))
    facts = facts_of(lines).lazy()
    ours = customers(lines, side, twice).lazy()
    assert orphans(facts, ours, "customer_id") == []
    assert not_one_row_each(facts, ours, "customer_id") == []


def test_customers_of_side_tables_are_counted_against_the_log() -> None:
    log = pl.DataFrame({"customer_id": ["a", "b", "c"]})
    sides = {
        "customers": pl.DataFrame({"customer_id": ["a", "a", "x"]}),
        "blocks": pl.DataFrame({"customer_id": ["00a"]}),
        "open_deals": pl.DataFrame(schema={"customer_id": pl.String}),
    }
    assert gathering.customers_in_common(log, sides).rows() == [
        ("customers", 2, 1),
        ("blocks", 1, 0),
        ("open_deals", 0, 0),
    ]


def test_parents_that_say_nothing_or_go_in_circles_are_named() -> None:
    parents = {"a": "b", "b": "c", "c": "a", "d": "d", "e": "a", "f": "gone", "g": None, "h": "g"}
    frame = made(
        CUSTOMERS, [{"customer_id": c, "parent_account": p} for c, p in sorted(parents.items())]
    ).select("customer_id", "parent_account")
    found = gathering.odd_parents(frame, frame.select("customer_id"))
    assert [(breach.rows, breach.examples) for breach in found] == [
        (1, ("d",)),
        (1, ("gone",)),
        (1, ("a -> b -> c -> a",)),
    ]
    lines = sales_lines(*(line(customer, "2024-01-01") for customer in parents))
    side = made(CUSTOMERS, [{"customer_id": c, "parent_account": p} for c, p in parents.items()])
    shown_parents = customers(lines, side)["parent_account"].to_list()
    assert shown_parents == ["b", "c", "a", None, "a", "gone", None, "g"]
    fine = frame.filter(pl.col("customer_id") == "h")
    assert gathering.odd_parents(fine, frame.select("customer_id")) == []


def test_long_chains_of_parents_are_walked_once() -> None:
    number = 20_000
    ids = [f"c{n:05}" for n in range(number)]
    frame = pl.DataFrame({"customer_id": ids, "parent_account": [*ids[1:], ids[0]]})
    (breach,) = gathering.odd_parents(frame, frame.select("customer_id"))
    assert breach.examples == ("c00000 -> c00001 -> c00002 -> c00003 -> ... -> c19999 -> c00000",)
