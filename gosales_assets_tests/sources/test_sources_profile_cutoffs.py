"""Cutoffs that a log can carry: history before, outcomes after, scoring at the end of the data."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gosales_assets.calendar import cutoff_days, is_closed, month_end
from gosales_assets.sources.profile.cutoffs import CutoffPlan, plan_cutoffs

TODAY = date(2026, 1, 1)


def daily(first: date, last: date, step: int = 1) -> dict[date, int]:
    return {first + timedelta(days=at): 10 for at in range(0, (last - first).days + 1, step)}


def plan(first: str, last: str) -> CutoffPlan:
    found = plan_cutoffs(daily(date.fromisoformat(first), date.fromisoformat(last)), TODAY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("log", "first", "last", "every", "window"),
    [
        (("2021-01-01", "2024-12-31"), "2022-12-31", "2024-12-31", 3, 6),
        (("2010-12-01", "2011-12-09"), "2011-02-28", "2011-11-30", 1, 3),
        (("2009-12-01", "2011-12-09"), "2010-05-31", "2011-11-30", 3, 6),
        (("2024-01-01", "2024-03-31"), "2024-01-31", "2024-03-31", 1, 1),
        (("2005-01-01", "2024-12-31"), "2022-12-31", "2024-12-31", 3, 6),
    ],
)
def test_cutoffs_of_long_and_short_logs(
    log: tuple[str, str], first: str, last: str, every: int, window: int
) -> None:
    found = plan(*log)
    assert (str(found.first), str(found.last)) == (first, last)
    assert (found.every_months, found.window_months) == (every, window)
    assert found.closed >= 2


def test_a_partial_last_month_is_no_cutoff_and_said() -> None:
    found = plan("2020-01-01", "2023-06-17")
    assert found.last == date(2023, 5, 31)
    assert "the last month is partial (to 2023-06-17)" in found.remarks[0]


def test_a_month_that_ends_on_a_weekend_or_by_habit_is_complete() -> None:
    assert plan("2020-01-01", "2023-06-29").complete_through == date(2023, 6, 30)
    firsts = {date(2020 + at // 12, at % 12 + 1, 1): 5 for at in range(40)}
    found = plan_cutoffs(firsts, TODAY)
    assert found is not None
    assert found.complete_through == found.last == date(2023, 4, 30)


def test_slips_of_the_pen_do_not_stretch_the_log() -> None:
    days = daily(date(2020, 1, 1), date(2024, 12, 31)) | {date(1999, 1, 1): 1, date(2025, 12, 1): 1}
    found = plan_cutoffs(days, TODAY)
    assert found is not None
    assert found.last == date(2024, 12, 31)
    assert sum("slips of the pen" in remark for remark in found.remarks) == 2


def test_no_month_end_no_cutoff() -> None:
    assert plan_cutoffs(daily(date(2024, 1, 2), date(2024, 1, 20)), TODAY) is None
    assert plan_cutoffs({}, TODAY) is None
    assert plan_cutoffs({date(2030, 1, 1): 3}, TODAY) is None


@example(date(2020, 1, 1), 2_281, 1)  # goes on in the future
@given(
    st.dates(date(2000, 1, 1), date(2020, 1, 1)),
    st.integers(0, 3_000),
    st.integers(1, 40),
)
def test_any_log_gets_cutoffs_inside_its_data(first: date, length: int, step: int) -> None:
    days = daily(first, first + timedelta(days=length), step)
    found = plan_cutoffs(days, TODAY)
    if found is None:
        assert length < 62
        return
    made = cutoff_days(found.first, found.last, found.every_months)
    assert 1 <= len(made) == found.cutoffs <= 12
    assert all(day == month_end(day) for day in made)
    assert made[-1] == found.last
    assert found.first > first
    data_end = found.complete_through or max(day for day in days if day <= TODAY)
    assert found.last <= data_end
    closed = sum(is_closed(day, found.window_months, data_end) for day in made)
    assert closed == found.closed
    assert found.closed >= 2 or len(made) < 3
