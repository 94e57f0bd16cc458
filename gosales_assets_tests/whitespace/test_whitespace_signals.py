"""Signals, weights, blend, selection."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.ranking import with_selection
from gosales_assets.whitespace.signals import effective_weights, with_signals
from gosales_assets_tests.whitespace.whitespace_world import candidates, listed


def signal(source: str, values: list[float | None]) -> pl.DataFrame:
    found = candidates(len(values), divisions=["PDM"]).with_columns(
        pl.Series(source, values, pl.Float64)
    )
    return with_signals(found)


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.9]), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_percentile_is_the_mid_rank(values):
    expected = (rankdata(values) - 0.5) / len(values)
    assert signal("icp_score", values)["p_icp_pct"].to_numpy() == pytest.approx(expected)


def test_constant_column_gives_a_half():
    for source, name in (
        ("icp_score", "p_icp_pct"),
        ("expected_gp", "ev_norm"),
        ("lift", "lift_norm"),
    ):
        assert set(signal(source, [2.0] * 7)[name]) == {0.5}


def test_silent_rows_get_0_and_the_weakest_signal_more():
    lifts = signal("lift", [None, 0.8, 1.0, 1.1, 3.0])["lift_norm"].to_list()
    assert lifts == [0, 0, 0, 0.7, 0.9]
    assert signal("als_similarity", [None, 0.0, 0.4])["als_norm"].to_list() == pytest.approx(
        [0, 0, 2.5 / 3]
    )
    assert signal("expected_gp", [None, 5.0])["ev_norm"].to_list() == [0, 0.75]


def test_percentiles_are_taken_within_a_division():
    found = candidates(20, divisions=["PDM", "Simulation"])
    together = with_signals(found)
    apart = pl.concat(
        [with_signals(group) for _, group in found.group_by("division", maintain_order=True)]
    )
    assert together.equals(apart)


def weights(coverages: dict[str, float], **changes: object) -> list[float]:
    frame = pl.DataFrame(
        {"division": ["PDM"]} | {f"coverage_{name}": [c] for name, c in coverages.items()}
    )
    row = effective_weights(frame, Whitespace(**changes)).row(0, named=True)
    return [row[f"weight_{name}"] for name in ("icp", "affinity", "als", "value")]


def test_full_coverage_keeps_the_weights_of_the_settings():
    full = {"icp": 1.0, "affinity": 0.3, "als": 0.31, "value": 1.0}
    assert weights(full) == pytest.approx([0.6, 0.2, 0.1, 0.1])


def test_thin_signals_weigh_less_and_the_rest_takes_over():
    thin = {"icp": 1.0, "affinity": 0.15, "als": 0.0, "value": 1.0}
    assert weights(thin) == pytest.approx(np.array([0.6, 0.1, 0, 0.1]) / 0.8)
    assert weights(thin, coverage_floor=0) == pytest.approx([0.6, 0.2, 0.1, 0.1])


def test_probability_decides_alone_where_no_weighted_signal_speaks():
    silent = {"icp": 1.0, "affinity": 0.0, "als": 0.0, "value": 1.0}
    assert weights(silent, weights={"affinity": 1.0}) == [1, 0, 0, 0]


def test_score_is_the_weighted_mean_of_the_signals():
    rows = listed(candidates(40, divisions=["PDM"]), coverage_floor=0).drop_nulls("score")
    blend = (
        0.6 * rows["p_icp_pct"]
        + 0.2 * rows["lift_norm"]
        + 0.1 * rows["als_norm"]
        + 0.1 * rows["ev_norm"]
    )
    assert rows["score"].to_numpy() == pytest.approx(blend.to_numpy())


def selection(divisions: str, top: float) -> str:
    """Divisions of the selected rows, from a ranking written as one letter per row."""
    ranked = pl.DataFrame({"division": list(divisions)}).with_columns(
        rank=pl.int_range(1, pl.len() + 1),
        division_rank=pl.int_range(1, pl.len() + 1).over("division"),
    )
    return "".join(with_selection(ranked, top).filter("selected")["division"])


@pytest.mark.parametrize(
    ("ranking", "top", "expected"),
    [
        ("AAAAABBBBB", 0.5, "AAABB"),
        ("ABABABABAB", 0.5, "ABABA"),
        ("AAAAAAAAAB", 0.5, "AAAAB"),
        ("AAAAAAAAAA", 0.5, "AAAAA"),
        ("AAAABBCDDD", 0.5, "AAABB"),
        ("AB", 0.1, "A"),
        ("AB", 0.0, ""),
        ("", 0.1, ""),
        ("AAB", 1.0, "AAB"),
    ],
)
def test_selection_takes_the_best_without_one_division_taking_over(ranking, top, expected):
    assert selection(ranking, top) == expected


@given(st.text("ABC", min_size=1, max_size=60), st.floats(0.01, 1))
@settings(max_examples=60, deadline=None)
def test_no_division_fills_more_than_60_percent_while_others_have_candidates(ranking, top):
    chosen = selection(ranking, top)
    assert len(chosen) == np.ceil(round(len(ranking) * top, 9))
    for division in set(chosen):
        others_left = any(
            ranking.count(other) > chosen.count(other) for other in set(ranking) - {division}
        )
        # With one, two or three rows to pick, whole rows cannot always keep to a share.
        if others_left and len(chosen) > 3:
            assert chosen.count(division) <= 0.6 * len(chosen)
