"""When others in the same position bought: waits are counted whole, and say what was planted."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.calendar import add_months, month_end
from gosales_assets.features.timing import QUARTERS, Spans, count_waits
from gosales_assets.settings import Settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_lake import Case, World, layer, made_of
from gosales_assets_tests.features.feature_worlds import CUTOFF
from gosales_assets_tests.star.order_lines import Row, line

RETURN, PULL = "timing__div__return_rate__ever", "timing__div__adoption_sum__ever"


def spans_of(rows: Sequence[tuple[int, int, int]]) -> Spans:
    gap, age, customers = (np.array(column) for column in zip(*rows, strict=True))
    return Spans(np.zeros(len(rows), dtype=np.int64), gap, age, customers.astype(float))


some_spans = st.lists(
    st.tuples(st.integers(1, 90), st.integers(0, 90), st.integers(1, 5)), min_size=1, max_size=8
)


@given(some_spans, st.integers(1, 12))
def test_every_month_of_waiting_is_counted_once(
    rows: list[tuple[int, int, int]], window: int
) -> None:
    waits = count_waits(spans_of(rows), np.array([window]), 1)
    asked = [
        (waited, waited + window >= gap, customers)
        for gap, age, customers in rows
        for waited in range(gap)
        if age - waited >= window
    ]
    quarters = np.zeros((2, QUARTERS))
    for waited, bought, customers in asked:
        quarters[:, min(waited // 3, QUARTERS - 1)] += customers * np.array([1, bought])
    assert waits.waiting[0].tolist() == quarters[0].tolist()
    assert waits.bought[0].tolist() == quarters[1].tolist()


def orders(customer: str, division: str, months_ago: Sequence[int], sku: str) -> list[Row]:
    days = [month_end(add_months(CUTOFF, -months)) for months in months_ago]
    return [
        line(customer, day.isoformat(), order_id=f"{customer}{day}", sku=sku, division=division)
        for day in days
    ]


def of_world(warehouse: Warehouse, rows: list[Row]) -> pl.DataFrame:
    case = Case(Settings(), ["Plan", "Tool"], CUTOFF)
    made_of(World(rows), case, warehouse)
    return layer(warehouse, case)


def value(frame: pl.DataFrame, customer: str, division: str, name: str) -> float | None:
    cell = frame.filter(pl.col("customer_id") == customer, pl.col("division") == division)
    found: float | None = cell[name].item()
    return found


def test_owners_whose_year_is_over_return_more_often(warehouse: Warehouse) -> None:
    yearly = [
        row
        for number in range(40)
        for row in orders(
            f"y{number:02}", "Plan", [number % 12 + 12 * year for year in (1, 2, 3)], "p"
        )
    ]
    due = orders("due", "Plan", [9], "p")
    fresh = orders("fresh", "Plan", [1], "p")
    frame = of_world(warehouse, yearly + due + fresh)
    rates = {who: value(frame, who, "Plan", RETURN) for who in ("due", "fresh")}
    assert rates["due"] is not None
    assert rates["fresh"] is not None
    assert rates["due"] > 0.6 > 0.3 > rates["fresh"]


def test_the_pull_of_a_line_depends_on_how_long_it_is_owned(warehouse: Warehouse) -> None:
    """Whoever buys a Tool buys a Plan seven months later; others hardly ever do."""
    rows = []
    for number in range(60):
        since = 12 + number % 24
        rows += orders(f"t{number:02}", "Tool", [since], "t")
        rows += orders(f"t{number:02}", "Plan", [since - 7], "p")
        rows += orders(f"n{number:02}", "Else", [since], "e")
    rows += orders("soon", "Tool", [4], "t") + orders("late", "Tool", [30], "t")
    frame = of_world(warehouse, rows + orders("other", "Else", [4], "e"))
    pulls = {who: value(frame, who, "Plan", PULL) or 0.0 for who in ("soon", "late", "other")}
    assert pulls["soon"] > pulls["late"] + 0.2
    assert pulls["late"] > pulls["other"] + 0.5
    assert value(frame, "t00", "Plan", PULL) is None


@pytest.mark.parametrize(("months", "known"), [(6, False), (7, True)])
def test_nothing_is_said_before_a_window_has_closed(
    warehouse: Warehouse, months: int, known: bool
) -> None:
    rows = orders("a", "Tool", [months - 1], "t") + orders("b", "Plan", [months - 1], "p")
    frame = of_world(warehouse, rows)
    assert (value(frame, "a", "Tool", RETURN) is not None) == known
    assert (value(frame, "a", "Plan", PULL) is not None) == known
