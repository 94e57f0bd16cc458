"""Who learns from what: slices, samples and splits never mix customers or times."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.calendar import window_end
from gosales_assets.models.slices import (
    customer_draw,
    divide_customers,
    folds,
    sample_customers,
    slices_by_division,
    slices_for,
)

QUARTERS = [date(2023, 3, 31), date(2023, 6, 30), date(2023, 9, 30), date(2023, 12, 31)]
CUSTOMERS = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("cutoff", "training", "selection", "split"),
    [
        (date(2023, 9, 30), (QUARTERS[0],), QUARTERS[0], "customer"),
        (date(2023, 12, 31), (QUARTERS[0],), QUARTERS[1], "time"),
        (date(2024, 6, 30), tuple(QUARTERS[1:3]), QUARTERS[3], "time"),
    ],
)
def test_the_newest_closed_cutoffs_are_used(cutoff, training, selection, split) -> None:
    found = slices_for([*QUARTERS, date(2024, 3, 31)], cutoff, 6, 3)
    assert found is not None
    assert (found.training, found.selection, found.split) == (training, selection, split)


def test_there_is_no_slice_before_the_first_window_closes() -> None:
    assert slices_for(QUARTERS, date(2023, 8, 31), 6, 6) is None


@given(st.integers(1, 12), st.integers(1, 8), st.sampled_from(QUARTERS))
def test_no_window_reaches_past_the_cutoff(window: int, newest: int, cutoff: date) -> None:
    found = slices_for(QUARTERS, cutoff, window, newest)
    for day in found.cutoffs if found else ():
        assert window_end(day, window) <= cutoff
    if found and found.split == "time":
        assert max(found.training) < found.selection


def test_each_division_has_the_slices_of_its_own_window() -> None:
    windows = {"Six": 6, "Nine": 9, "Never": 24}
    found = slices_by_division(QUARTERS, date(2023, 12, 31), windows, 6)
    assert sorted(found) == ["Nine", "Six"]
    assert (found["Six"].split, found["Six"].selection) == ("time", QUARTERS[1])
    assert (found["Nine"].split, found["Nine"].selection) == ("customer", QUARTERS[0])


def test_a_sample_has_customers_of_every_fold_and_on_both_sides() -> None:
    customers = pl.Series("customer_id", [f"C{i}" for i in range(4_000)])
    kept = sample_customers(customers.to_frame(), 400, seed=1)
    assert folds(kept, 5, seed=1).value_counts()["count"].min() > 50
    training, selection = divide_customers(pl.DataFrame({"customer_id": kept}), seed=1)
    assert selection.height == pytest.approx(120, abs=40)
    assert training.height + selection.height == 400


@given(CUSTOMERS, st.integers(1, 80))
@settings(deadline=None)
def test_all_rows_of_a_customer_are_in_or_out(customers: list[str], most: int) -> None:
    rows = pl.DataFrame({"customer_id": customers})
    chosen = sample_customers(rows, most, seed=1)
    kept = rows.filter(pl.col("customer_id").is_in(chosen.implode()))
    assert kept.height <= most or chosen.len() == 1
    assert sample_customers(rows.reverse(), most, seed=1).equals(chosen)


@given(CUSTOMERS)
@settings(deadline=None)
def test_no_customer_is_on_both_sides(customers: list[str]) -> None:
    rows = pl.DataFrame({"customer_id": customers})
    training, selection = divide_customers(rows, seed=1)
    assert not set(training["customer_id"]) & set(selection["customer_id"])
    assert training.height + selection.height == rows.height
    numbered = rows.with_columns(fold=folds(rows["customer_id"], 5, seed=1))
    assert numbered["fold"].is_between(0, 4).all()
    assert numbered.unique().height == rows.unique().height


def test_the_draw_is_even_and_depends_on_the_seed() -> None:
    customers = pl.Series([str(i) for i in range(5_000)])
    first, second = customer_draw(customers, 1), customer_draw(customers, 2)
    assert abs(first["draw"].mean() - 0.5) < 0.02
    assert first["customer_id"].head(9).to_list() != second["customer_id"].head(9).to_list()
