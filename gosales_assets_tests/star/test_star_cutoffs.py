"""Cutoffs: closed or open to the day, and a clear line where there is no data."""

from datetime import date

import pytest

from gosales_assets.settings import SettingsError
from gosales_assets.star.cutoffs import cutoff_table

START, END = date(2022, 1, 10), date(2024, 8, 31)


def test_a_window_closes_on_its_last_day() -> None:
    cutoffs = [date(2023, 12, 31), date(2024, 2, 29), date(2024, 3, 31)]
    table = cutoff_table(cutoffs, 6, START, END)
    assert table["window_end"].to_list() == [
        date(2024, 6, 30),
        date(2024, 8, 31),
        date(2024, 9, 30),
    ]
    assert table["is_closed"].to_list() == [True, True, False]
    assert cutoff_table(cutoffs, 6, START, date(2024, 8, 30))["is_closed"].sum() == 1


def test_months_known_are_whole_months_of_complete_data() -> None:
    cutoffs = [date(2023, 12, 31), date(2024, 2, 29), date(2024, 7, 31), date(2024, 8, 31)]
    assert cutoff_table(cutoffs, 6, START, END)["months_known"].to_list() == [8, 6, 1, 0]
    earlier = cutoff_table(cutoffs, 6, START, date(2024, 8, 30))
    assert earlier["months_known"].to_list() == [7, 5, 0, 0]


def test_one_closed_window_of_any_target_is_enough() -> None:
    cutoffs = [date(2024, 4, 30), date(2024, 5, 31)]
    with pytest.raises(SettingsError, match="window_months: 6 months"):
        cutoff_table(cutoffs, 6, START, END)
    table = cutoff_table(cutoffs, 6, START, END, shortest=4)
    assert table["is_closed"].to_list() == [False, False]
    with pytest.raises(SettingsError, match="window_months: 5 months"):
        cutoff_table(cutoffs, 6, START, END, shortest=5)


def test_windows_that_end_in_february_end_with_the_month() -> None:
    table = cutoff_table([date(2022, 8, 31), date(2023, 8, 31)], 6, START, END)
    assert table["window_end"].to_list() == [date(2023, 2, 28), date(2024, 2, 29)]


def test_a_cutoff_in_the_month_that_the_data_end_in_is_fine() -> None:
    table = cutoff_table([date(2023, 6, 30), date(2024, 8, 31)], 6, START, date(2024, 8, 1))
    assert table["is_closed"].to_list() == [True, False]


@pytest.mark.parametrize(
    ("cutoffs", "months", "words"),
    [
        pytest.param(
            [date(2021, 12, 31), date(2023, 6, 30)],
            6,
            ["cutoffs.first", "2021-12-31", "2022-01-10", "2024-08-31", "2022-01-31 or later"],
            id="before the first order",
        ),
        pytest.param(
            [date(2023, 6, 30), date(2024, 9, 30)],
            6,
            ["cutoffs.last", "2024-09-30", "2022-01-10", "2024-08-31", "2024-08-31 or earlier"],
            id="after the last order",
        ),
        pytest.param(
            [date(2024, 3, 31)],
            6,
            ["window_months", "2024-03-31", "2024-09-30", "2024-08-31", "2024-02-29 or earlier"],
            id="no outcome known",
        ),
        pytest.param([], 6, ["cutoffs.first", "cutoffs.last", "2024-08-31"], id="none at all"),
    ],
)
def test_cutoffs_without_data_are_a_settings_error(
    cutoffs: list[date], months: int, words: list[str]
) -> None:
    with pytest.raises(SettingsError) as raised:
        cutoff_table(cutoffs, months, START, END)
    message = str(raised.value)
    assert [word for word in words if word not in message] == []
    assert "\n" not in message


@pytest.mark.parametrize("data_end", [date(2024, 8, 31), date(2024, 8, 30)])
def test_the_cutoff_that_the_error_proposes_is_closed(data_end: date) -> None:
    with pytest.raises(SettingsError) as raised:
        cutoff_table([date(2024, 6, 30)], 6, START, data_end)
    proposed = date.fromisoformat(str(raised.value).split("cutoffs.first to ")[1][:10])
    assert cutoff_table([proposed], 6, START, data_end)["is_closed"].all()
