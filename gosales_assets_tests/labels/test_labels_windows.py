"""Windows: the usual one, one's own, or widened until enough customers buy; never an open one."""

from collections.abc import Mapping
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.breaches import breaches
from gosales_assets.labels.contract import TARGET_WINDOWS
from gosales_assets.labels.windows import (
    Wanted,
    closed_windows,
    in_words,
    markdown,
    months_by_target,
    target_windows,
    too_few,
    window_table,
)

CUTOFFS = [date(2023, 3, 31), date(2023, 6, 30), date(2023, 9, 30)]
ALL_KNOWN = dict.fromkeys(CUTOFFS, 12)


def decided(
    buyers: Mapping[int, list[int]],
    wanted: Wanted,
    known: Mapping[date, int] = ALL_KNOWN,
) -> dict[str, object]:
    """Decide for target T, with these buyers per window and cutoff (0: no row at all)."""
    rows = [
        (cutoff, "T", months, count)
        for months, counts in buyers.items()
        for cutoff, count in zip(CUTOFFS, counts, strict=True)
        if count
    ]
    schema = {"cutoff": pl.Date, "division": pl.String, "window_months": pl.Int64, "n": pl.Int64}
    counted = pl.DataFrame(rows, schema=schema, orient="row").rename({"n": "positives"})
    closed = closed_windows(["T"], wanted, known)
    table = target_windows(["T"], wanted, closed, counted)
    assert breaches(TARGET_WINDOWS, table) == []
    return table.row(0, named=True)


def figures(row: dict[str, object]) -> tuple[object, ...]:
    return row["window_months"], row["source"], row["positives"], row["closed_cutoffs"]


def test_without_a_floor_the_usual_window_stands() -> None:
    row = decided({6: [1, 0, 2], 9: [50, 50, 50]}, Wanted(6, {}))
    assert figures(row) == (6, "default", 1, 3)
    assert row["note"] is None


@pytest.mark.parametrize(
    ("buyers", "expected", "words"),
    [
        pytest.param({6: [40, 41, 2]}, (6, "default", 40, 3), None, id="enough"),
        pytest.param(
            {6: [39, 41, 2], 9: [44, 39, 45], 12: [99] * 3},
            (9, "widened", 44, 3),
            "39 buyers in 6 months, fewer than 40: widened",
            id="reached at 9",
        ),
        pytest.param(
            {9: [1, 0, 2], 12: [9, 30, 12]},
            (12, "widened", 12, 3),
            "12 buyers in 12 months, fewer than 40: windows are not widened beyond 12 months",
            id="never reached",
        ),
        pytest.param(
            {},
            (12, "widened", 0, 3),
            "0 buyers in 12 months, fewer than 40: windows are not widened beyond 12 months",
            id="nobody buys",
        ),
    ],
)
def test_a_window_is_widened_until_the_median_cutoff_has_the_floor(
    buyers: dict[int, list[int]], expected: tuple[object, ...], words: str | None
) -> None:
    row = decided(buyers, Wanted(6, {}, floor=40))
    assert figures(row) == expected
    assert row["note"] == words


def test_of_two_cutoffs_in_the_middle_the_lower_counts() -> None:
    known = {CUTOFFS[0]: 12, CUTOFFS[1]: 12, CUTOFFS[2]: 5}
    row = decided({6: [30, 50, 99], 9: [40, 60, 99]}, Wanted(6, {}, floor=40), known)
    assert figures(row) == (9, "widened", 40, 2)


def test_open_windows_count_for_nothing() -> None:
    known = {CUTOFFS[0]: 9, CUTOFFS[1]: 6, CUTOFFS[2]: 3}
    row = decided({6: [10, 20, 99], 9: [30, 99, 99], 12: [99] * 3}, Wanted(6, {}, floor=40), known)
    assert figures(row) == (9, "widened", 30, 1)
    assert row["note"] == (
        "30 buyers in 9 months, fewer than 40: no wider window has closed at any cutoff"
    )


def test_a_window_of_the_settings_is_never_widened_and_says_when_it_is_too_short() -> None:
    row = decided({9: [10, 20, 30], 12: [99] * 3}, Wanted(6, {"T": 9}, floor=40))
    assert figures(row) == (9, "setting", 20, 3)
    assert row["note"] == "20 buyers in 9 months, fewer than 40: the setting stands"
    assert figures(decided({24: [1] * 3}, Wanted(6, {"T": 24})))[:2] == (24, "setting")


@pytest.mark.parametrize("floor", [0, 40])
def test_a_window_that_never_closed_says_so(floor: int) -> None:
    row = decided({}, Wanted(6, {"T": 24}, floor))
    assert figures(row) == (24, "setting", None, 0)
    assert row["note"] == (
        "no cutoff has 24 months of complete data after it: no labels, no scores"
    )
    usual = decided({}, Wanted(6, {}, floor), dict.fromkeys(CUTOFFS, 2))
    assert figures(usual) == (6, "default", None, 0)


def test_what_falls_short_is_named() -> None:
    wanted = Wanted(6, {"Never": 24}, floor=5)
    targets = ["Never", "Few", "Enough"]
    closed = closed_windows(targets, wanted, ALL_KNOWN)
    counted = closed.with_columns(
        positives=pl.when(pl.col("division") == "Enough").then(5).otherwise(1)
    )
    table = target_windows(targets, wanted, closed, counted)
    assert [words.partition(":")[0] for words in too_few(table, 5)] == ["Few", "Never"]
    assert [words.partition(":")[0] for words in too_few(table, 0)] == ["Never"]
    assert months_by_target(table) == {"Enough": 6, "Few": 12, "Never": 24}
    assert "| Enough | 6 | default | 5 | 3 |  |" in markdown(table)


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ({"A": 6, "B": 6}, "6 months"),
        ({"A": 1}, "1 month"),
        ({"A": 9, "B": 6, "C": 6, "D": 3}, "6 months (A: 9, D: 3)"),
        ({"A": 9, "B": 6}, "6 months (A: 9)"),
    ],
)
def test_windows_in_words(windows: dict[str, int], words: str) -> None:
    assert in_words(windows) == words


@given(
    known=st.dictionaries(st.sampled_from(CUTOFFS), st.integers(0, 30)),
    usual=st.integers(1, 24),
    own=st.dictionaries(st.sampled_from("AB"), st.integers(1, 24)),
    floor=st.integers(0, 30),
    drawn=st.randoms(use_true_random=False),
)
def test_no_target_ever_gets_a_window_open_everywhere_if_another_is_closed(
    known: dict[date, int], usual: int, own: dict[str, int], floor: int, drawn
) -> None:
    wanted, targets = Wanted(usual, own, floor), ["A", "B", "C"]
    closed = closed_windows(targets, wanted, known)
    counts = [drawn.randint(0, 40) for _ in range(closed.height)]
    counted = closed.with_columns(positives=pl.Series(counts, dtype=pl.Int64))
    table = target_windows(targets, wanted, closed, counted)
    shuffled = counted.sample(fraction=1, shuffle=True, seed=1)
    assert target_windows(targets, wanted, closed, shuffled).equals(table)
    for row in table.iter_rows(named=True):
        at = [c for c, months in known.items() if row["window_months"] <= months]
        assert row["closed_cutoffs"] == len(at)
        assert (row["source"] == "setting") == (row["division"] in own)
        if row["source"] == "widened":
            assert at
            assert floor
            assert usual < row["window_months"] <= 12


def test_windows_end_with_the_month() -> None:
    table = window_table([(date(2023, 8, 31), "T", 6)])
    assert table.row(0) == (date(2023, 8, 31), "T", 6, date(2024, 2, 29))
