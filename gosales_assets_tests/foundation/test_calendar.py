"""Month-ends, windows and what a model may learn from."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.calendar import (
    add_months,
    closed_by,
    cutoff_days,
    is_closed,
    month_end,
    months_known,
    window_end,
)

days = st.dates(date(1990, 1, 1), date(2080, 1, 1))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
    ],
)
def test_months_end_on_their_last_day(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(days, st.integers(-40, 40), st.integers(-40, 40))
def test_adding_months_composes(day: date, one: int, two: int) -> None:
    assert add_months(add_months(day, one), two) == add_months(day, one + two)


@given(days)
def test_a_month_end_is_followed_by_a_first(day: date) -> None:
    assert (month_end(day) + timedelta(days=1)).day == 1


def test_cutoffs_start_at_first_and_never_pass_last() -> None:
    assert cutoff_days(date(2022, 12, 31), date(2023, 8, 1), 3) == [
        date(2022, 12, 31),
        date(2023, 3, 31),
        date(2023, 6, 30),
    ]
    assert cutoff_days(date(2024, 1, 1), date(2023, 1, 1), 3) == []


def test_a_window_is_closed_on_its_last_day() -> None:
    cutoff = date(2024, 6, 30)
    assert window_end(cutoff, 6) == date(2024, 12, 31)
    assert is_closed(cutoff, 6, date(2024, 12, 31))
    assert not is_closed(cutoff, 6, date(2024, 12, 30))


@given(
    st.dates(date(2015, 1, 1), date(2030, 1, 1)).map(month_end),
    st.dates(date(2015, 1, 1), date(2032, 1, 1)),
    st.integers(1, 30),
)
def test_a_window_is_closed_if_so_many_months_are_known(
    cutoff: date, data_end: date, months: int
) -> None:
    assert is_closed(cutoff, months, data_end) == (months <= months_known(cutoff, data_end))


def test_models_learn_only_from_windows_closed_by_their_cutoff() -> None:
    cutoffs = cutoff_days(date(2023, 3, 31), date(2024, 3, 31), 3)
    assert closed_by(cutoffs, date(2023, 12, 31), 6) == [date(2023, 3, 31), date(2023, 6, 30)]
    assert closed_by(cutoffs, date(2023, 6, 30), 6) == []
