"""Percentiles, grades, trends: the rules that people read."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.scores.calibrated import calibrated_in_the_large
from gosales_assets.scores.grading import grade, percentile, segment, trend


def test_ties_share_the_mean_rank_within_their_division() -> None:
    rows = pl.DataFrame(
        {"division": ["A"] * 4 + ["B"] * 2, "icp_score": [0.1, 0.3, 0.3, 0.9, 0.5, 0.5]}
    )
    assert rows.select(percentile()).to_series().to_list() == [0.125, 0.5, 0.5, 0.875, 0.5, 0.5]


@pytest.mark.parametrize(
    ("value", "letter"),
    [
        (1, "A"),
        (0.9, "A"),
        (0.899, "B"),
        (0.7, "B"),
        (0.4, "C"),
        (0.399, "D"),
        (0.2, "D"),
        (0, "F"),
    ],
)
def test_the_floor_belongs_to_its_grade(value: float, letter: str) -> None:
    frame = pl.DataFrame({"icp_percentile": [float(value)]})
    assert frame.select(grade()).item() == letter


@pytest.mark.parametrize(
    ("now", "before", "says"),
    [
        (0.5, None, "new"),
        (0.55, 0.5, "steady"),
        (0.5501, 0.5, "up"),
        (0.45, 0.5, "steady"),
        (0.4499, 0.5, "down"),
    ],
)
def test_a_trend_is_more_than_five_points(now: float, before: float | None, says: str) -> None:
    frame = pl.DataFrame(
        {"now": [now], "before": [before]}, schema_overrides={"before": pl.Float64}
    )
    assert frame.select(trend("now", "before")).item() == says


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_percentiles_follow_the_scores(scores: list[float]) -> None:
    frame = pl.DataFrame({"division": ["A"] * len(scores), "icp_score": scores})
    ranked = frame.with_columns(p=percentile()).sort("icp_score")
    assert ranked["p"].is_sorted()
    assert ranked["p"].is_between(0, 1).all()
    assert ranked["p"].mean() == pytest.approx(0.5)


def test_warm_means_bought_within_a_year() -> None:
    frame = pl.DataFrame({"rfm__all__orders__12m": [0.0, 2.0]})
    assert frame.select(s=segment())["s"].to_list() == ["cold", "warm"]


def test_calibration_in_the_large_allows_for_chance() -> None:
    scores = pl.Series([0.1] * 1_000)
    assert calibrated_in_the_large(scores, pl.Series([1] * 120 + [0] * 880)) is None
    found = calibrated_in_the_large(scores, pl.Series([1] * 200 + [0] * 800))
    assert found == "100.0 buyers expected, 200 bought"
    assert calibrated_in_the_large(scores, pl.Series([], dtype=pl.Int64)) is None
    assert calibrated_in_the_large(pl.Series([0.1] * 9), pl.Series([1, 1] + [0] * 7)) is None
