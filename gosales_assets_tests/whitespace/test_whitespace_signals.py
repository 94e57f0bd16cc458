"""Signals, weights, blend, selection."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.signals import effective_weights, with_signals
from gosales_assets_tests.whitespace.whitespace_world import candidates, listed

WITHIN = Whitespace(normalisation="division")


def signal(source: str, values: list[float | None]) -> pl.DataFrame:
    found = candidates(len(values), divisions=["PDM"]).with_columns(
        pl.Series(source, values, pl.Float64)
    )
    if source == "lift":
        found = found.with_columns(lift_kind=pl.lit("division"))
    return with_signals(found, WITHIN)


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
    together = with_signals(found, WITHIN)
    apart = pl.concat(
        [
            with_signals(group, WITHIN)
            for _, group in found.group_by("division", maintain_order=True)
        ]
    )
    assert together.equals(apart)


def weights(coverages: dict[str, float], **changes: object) -> list[float]:
    frame = pl.DataFrame(
        {"division": ["PDM"]} | {f"coverage_{name}": [c] for name, c in coverages.items()}
    )
    about = Whitespace(**{"normalisation": "division"} | changes)
    row = effective_weights(frame, about).row(0, named=True)
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
    found = candidates(40, divisions=["PDM"])
    rows = listed(found, coverage_floor=0, normalisation="division").drop_nulls("score")
    blend = (
        0.6 * rows["p_icp_pct"]
        + 0.2 * rows["lift_norm"]
        + 0.1 * rows["als_norm"]
        + 0.1 * rows["ev_norm"]
    )
    assert rows["score"].to_numpy() == pytest.approx(blend.to_numpy())


def test_in_a_pooled_list_only_affinity_and_similarity_weigh_less_where_thin():
    thin = {"icp": 0.1, "affinity": 0.15, "als": 0.0, "value": 1.0}
    assert weights(thin, normalisation="pooled") == pytest.approx([0.6, 0.1, 0, 0.1])


def test_pooled_score_is_the_geometric_mean_of_chance_and_value():
    rows = listed(candidates(60), coverage_floor=0, normalisation="pooled").drop_nulls("score")
    own = {n: rows[n] - rows.select(pl.col(n).mean().over("division"))[n] for n in NORMS}
    value = (rows["expected_gp"] / rows["expected_gp"].max()).clip(1e-6)
    expected = (
        rows["icp_score"].clip(1e-9) ** 0.6
        * value**0.1
        * (0.2 * own["lift_norm"] + 0.1 * own["als_norm"] - 0.3).exp()
    )
    assert rows["score"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)


def test_pooled_list_prefers_the_likely_to_the_best_of_a_rare_division():
    found = candidates(50, divisions=["Common", "Rare"]).with_columns(
        cohort=pl.lit("expansion"),
        icp_score=pl.when(pl.col("division") == "Common")
        .then(0.2 + pl.col("icp_score") / 2)
        .otherwise(pl.col("icp_score") / 10),
        expected_gp=pl.lit(100.0),
    )
    chosen = {
        kind: listed(found, normalisation=kind, max_division_share=1.0).filter("selected")[
            "division"
        ]
        for kind in ("pooled", "division")
    }
    assert set(chosen["pooled"]) == {"Common"}
    assert set(chosen["division"]) == {"Common", "Rare"}


NORMS = ["lift_norm", "als_norm"]
