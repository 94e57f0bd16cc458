"""Labels: who is a candidate, which days count, and what label follows."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import ibis.expr.types as ir
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.calendar import month_end, window_end
from gosales_assets.labels.candidates import Mode, of_candidates, prospects
from gosales_assets.labels.outcomes import judged, net_values, outcomes, positives
from gosales_assets.labels.windows import window_table
from gosales_assets.sources.contract import PROSPECTS
from gosales_assets.star.activity import by_day
from gosales_assets.star.scopes import target_lines
from gosales_assets_tests.labels.laid_out import candidates_of, in_windows, labelled_lines
from gosales_assets_tests.star.order_lines import (
    evaluate,
    facts_of,
    line,
    made,
    sales_lines,
    tables,
    wild_lines,
)

SETS = {"Brushes": ["p", "r"], "Never": ["zzz"]}
TARGETS = ["Brushes", "Never", "Paint", "Tools"]
CUTOFF = date(2024, 2, 29)


def labelled(
    lines: pl.DataFrame,
    cutoff: date = CUTOFF,
    months: int | Mapping[str, int] = 3,
    denylist: tuple[str, ...] = (),
    threshold: float = 0.0,
    mode: Mode = "all",
) -> pl.DataFrame:
    of_each = dict.fromkeys(TARGETS, months) if isinstance(months, int) else months
    windows = window_table((cutoff, target, length) for target, length in of_each.items())
    frame = labelled_lines(facts_of(lines), SETS, windows, denylist, threshold, mode)
    return frame.sort("division", "customer_id")


def tools(frame: pl.DataFrame, *columns: str) -> list[tuple]:
    return frame.filter(pl.col("division") == "Tools").select(*columns).rows()


def after_history(*rows: dict[str, Any]) -> pl.DataFrame:
    """Lines of customer a, who bought some wood long before the cutoff."""
    return sales_lines(line("a", "2023-06-01", division="Wood", sku="s"), *rows)


@pytest.mark.parametrize(
    ("day", "cohort", "label"),
    [
        pytest.param("2024-02-28", "repeat", 0, id="day before the cutoff"),
        pytest.param("2024-02-29", "repeat", 0, id="cutoff is history"),
        pytest.param("2024-03-01", "expansion", 1, id="day after is window"),
        pytest.param("2024-05-31", "expansion", 1, id="last day of the window"),
        pytest.param("2024-06-01", "expansion", 0, id="day after the window"),
    ],
)
def test_boundary_days(day: str, cohort: str, label: int) -> None:
    frame = labelled(after_history(line("a", day)))
    assert tools(frame, "customer_id", "cohort", "label") == [("a", cohort, label)]


@pytest.mark.parametrize(
    ("cutoff", "months", "last"),
    [
        (date(2023, 8, 31), 6, "2024-02-29"),
        (date(2022, 8, 31), 6, "2023-02-28"),
        (date(2023, 11, 30), 3, "2024-02-29"),
        (date(2023, 2, 28), 1, "2023-03-31"),
    ],
)
def test_windows_run_to_the_end_of_their_last_month(cutoff: date, months: int, last: str) -> None:
    old = line("a", "2020-01-01", division="Wood")
    following = date.fromordinal(date.fromisoformat(last).toordinal() + 1).isoformat()
    for day, label in ((last, 1), (following, 0)):
        frame = labelled(sales_lines(old, line("a", day)), cutoff, months)
        assert tools(frame, "label") == [(label,)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([{"revenue": 10}], (1, "10.00", 1), id="bought"),
        pytest.param([{"quantity": -1, "revenue": -10}], (0, "-10.00", 0), id="only returned"),
        pytest.param(
            [{"revenue": 10}, {"quantity": -1, "revenue": -10}], (0, "0.00", 1), id="all returned"
        ),
        pytest.param(
            [{"revenue": 10}, {"quantity": -1, "revenue": -4}], (1, "6.00", 1), id="part returned"
        ),
        pytest.param([{"revenue": 0}], (0, "0.00", 1), id="given away"),
        pytest.param([{"revenue": "0.01"}], (1, "0.01", 1), id="a cent"),
        pytest.param([], (0, "0.00", 0), id="nothing"),
    ],
)
def test_the_label_is_net_of_returns(
    rows: list[dict[str, Any]], expected: tuple[int, str, int]
) -> None:
    frame = labelled(after_history(*(line("a", "2024-03-10", **row) for row in rows)))
    label, net, orders = expected
    assert tools(frame, "label", "net_gp_window", "orders_window") == [
        (label, Decimal(net), orders)
    ]


def test_the_net_value_must_exceed_the_threshold() -> None:
    lines = after_history(line("a", "2024-03-10", revenue=10))
    assert tools(labelled(lines, threshold=9.99), "label") == [(1,)]
    assert tools(labelled(lines, threshold=10), "label") == [(0,)]


def test_denied_skus_never_count() -> None:
    lines = after_history(
        line("a", "2024-03-10", sku="p", revenue=10),
        line("a", "2024-03-11", sku="q", revenue=-3, quantity=-1),
    )
    assert tools(labelled(lines, denylist=("p",)), "label", "net_gp_window") == [
        (0, Decimal("-3.00"))
    ]
    assert tools(labelled(lines, denylist=("q",)), "label", "net_gp_window") == [
        (1, Decimal("10.00"))
    ]


def test_candidates_are_those_who_bought_anything_and_not_those_who_only_returned() -> None:
    lines = sales_lines(
        line("bought", "2024-02-29", division="Wood"),
        line("returned", "2024-01-10", quantity=-1, revenue=-10),
        line("later", "2024-03-01"),
    )
    frame = labelled(lines)
    assert frame["customer_id"].unique().to_list() == ["bought"]
    assert frame["division"].to_list() == TARGETS


def test_a_return_makes_no_owner() -> None:
    frame = labelled(after_history(line("a", "2024-01-10", quantity=-1, revenue=-10)))
    assert tools(frame, "cohort") == [("expansion",)]


def test_a_line_counts_for_its_division_and_for_every_set_that_names_its_sku() -> None:
    frame = labelled(
        after_history(
            line("a", "2024-03-10", sku="p", division="Tools", revenue=10),
            line("a", "2024-03-11", sku="r", division="Paint", revenue=5),
            line("a", "2024-01-11", sku="r", division="Paint", revenue=5),
        )
    )
    assert frame.select("division", "cohort", "net_gp_window").rows() == [
        ("Brushes", "repeat", Decimal("15.00")),
        ("Never", "expansion", Decimal("0.00")),
        ("Paint", "repeat", Decimal("5.00")),
        ("Tools", "expansion", Decimal("10.00")),
    ]


def test_each_target_has_its_own_window_and_one_without_a_window_no_labels() -> None:
    lines = after_history(
        line("a", "2024-03-31"),
        line("a", "2024-04-01", sku="r", division="Paint"),
    )
    frame = labelled(lines, months={"Tools": 1, "Paint": 1, "Brushes": 2})
    assert frame.select("division", "window_months", "label").rows() == [
        ("Brushes", 2, 1),
        ("Paint", 1, 0),
        ("Tools", 1, 1),
    ]


def test_expansion_leaves_out_owners_and_nobody_else() -> None:
    lines = after_history(line("a", "2024-01-10"), line("b", "2024-01-10", division="Wood"))
    everybody, strangers = labelled(lines), labelled(lines, mode="expansion")
    assert strangers.equals(everybody.filter(pl.col("cohort") == "expansion"))
    assert tools(strangers, "customer_id") == [("b",)]


def test_a_target_may_be_called_like_a_column() -> None:
    lines = sales_lines(
        line("a", "2024-01-10", division="customer_id"),
        line("b", "2024-01-10", division="first day of Wood"),
        line("b", "2024-01-11", division="Wood"),
    )
    targets = ["Wood", "customer_id", "first day of Wood"]
    frame = evaluate(lambda facts: by_day(facts, {}), facts_of(lines))
    found = candidates_of(frame, targets, CUTOFF).filter(cohort="repeat")
    assert found.select("division", "customer_id").rows() == [
        ("Wood", "b"),
        ("customer_id", "a"),
        ("first day of Wood", "b"),
    ]


def logos(lines: pl.DataFrame, *companies: tuple[str, str | None]) -> pl.DataFrame:
    rows = [
        {"customer_id": name, "valid_from": since and date.fromisoformat(since)}
        for name, since in companies
    ]
    windows = window_table((CUTOFF, target, 3) for target in TARGETS)
    with tables(facts_of(lines), windows, made(PROSPECTS, rows)) as (facts, spans, known):
        people = prospects(known, by_day(facts, SETS), TARGETS, CUTOFF).to_polars()
        bought = judged(outcomes(target_lines(facts, TARGETS, SETS), spans), 0.0).to_polars()
    return in_windows(people, windows, bought).sort("division", "customer_id")


def test_prospects_are_known_by_the_cutoff_and_have_bought_nothing_by_then() -> None:
    lines = sales_lines(
        line("buys later", "2024-03-01"),
        line("customer", "2024-02-29"),
        line("only returned", "2024-02-01", quantity=-1, revenue=-10),
        line("known too late", "2024-03-05"),
    )
    frame = logos(
        lines,
        ("buys later", "2023-01-01"),
        ("buys later", "2024-02-29"),  # a change of its attributes
        ("customer", "2023-01-01"),
        ("known too late", "2024-03-01"),
        ("known today only", None),
        ("never buys", "2024-02-29"),
        ("only returned", "2023-01-01"),
    )
    assert frame["cohort"].unique().to_list() == ["new_logo"]
    assert tools(frame, "customer_id", "label", "orders_window") == [
        ("buys later", 1, 1),
        ("never buys", 0, 0),
        ("only returned", 0, 0),
    ]
    assert frame.height == 3 * len(TARGETS)


def by_hand(facts: pl.DataFrame, cutoff: date, months: int) -> list[tuple]:
    rows = facts.to_dicts()
    targets: dict[str, Any] = {
        name: (lambda row, name=name: row["sku"] in SETS[name])
        if name in SETS
        else (lambda row, name=name: row["division"] == name)
        for name in TARGETS
    }
    past = [row for row in rows if row["order_date"] <= cutoff and not row["is_return"]]
    window = [row for row in rows if cutoff < row["order_date"] <= window_end(cutoff, months)]
    expected = []
    for target, belongs in targets.items():
        for customer in sorted({row["customer_id"] for row in past}):
            owns = any(belongs(row) for row in past if row["customer_id"] == customer)
            lines = [row for row in window if row["customer_id"] == customer and belongs(row)]
            net = sum((row["value"] for row in lines), Decimal(0))
            orders = len({row["order_id"] for row in lines if not row["is_return"]})
            cohort = "repeat" if owns else "expansion"
            expected.append((target, customer, cohort, int(net > 0), net, orders))
    return expected


@given(
    lines=wild_lines(),
    cutoff=st.dates(date(2023, 11, 1), date(2024, 5, 1)).map(month_end),
    months=st.integers(1, 4),
)
@settings(max_examples=15, deadline=None)
def test_labels_are_as_counted_by_hand(lines: pl.DataFrame, cutoff: date, months: int) -> None:
    frame = labelled(lines, cutoff, months)
    columns = ["division", "customer_id", "cohort", "label", "net_gp_window", "orders_window"]
    assert frame.select(columns).rows() == by_hand(facts_of(lines), cutoff, months)


@given(lines=wild_lines())
@settings(max_examples=4, deadline=None)
def test_the_order_of_lines_does_not_matter(lines: pl.DataFrame) -> None:
    assert labelled(lines).equals(labelled(lines.sample(fraction=1, shuffle=True, seed=3)))


@given(lines=wild_lines())
@settings(max_examples=5, deadline=None)
def test_no_later_line_changes_who_is_a_candidate(lines: pl.DataFrame) -> None:
    columns = ["division", "customer_id", "cohort"]
    past = labelled(lines.filter(pl.col("order_date") <= CUTOFF)).select(columns)
    assert labelled(lines).select(columns).equals(past)


@given(
    lines=wild_lines(),
    denylist=st.sampled_from([(), ("p",)]),
    threshold=st.sampled_from([0.0, 20.0]),
    mode=st.sampled_from(["all", "expansion"]),
)
@settings(max_examples=10, deadline=None)
def test_windows_are_chosen_by_the_buyers_that_labels_then_have(
    lines: pl.DataFrame, denylist: tuple[str, ...], threshold: float, mode: Mode
) -> None:
    cutoffs, lengths = [date(2023, 12, 31), CUTOFF], [1, 3]
    windows = window_table((c, t, m) for c in cutoffs for t in TARGETS for m in lengths)

    def expression(facts: ir.Table, spans: ir.Table) -> ir.Table:
        bought = net_values(target_lines(facts, TARGETS, SETS), spans, denylist)
        return positives(of_candidates(bought, by_day(facts, SETS), mode), threshold)

    counted = evaluate(expression, facts_of(lines), windows)
    found = {row[:3]: row[3] for row in counted.iter_rows()}
    for cutoff in cutoffs:
        for months in lengths:
            frame = labelled(lines, cutoff, months, denylist, threshold, mode)
            for target in TARGETS:
                buyers = frame.filter(pl.col("division") == target)["label"].sum()
                assert found.get((cutoff, target, months), 0) == buyers
