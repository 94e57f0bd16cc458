"""What a list is made of, and what it would have found."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.breaches import breaches
from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.contract import RANKINGS, WHITESPACE_METRICS
from gosales_assets.whitespace.measures import capture, capture_metrics, list_metrics
from gosales_assets_tests.whitespace.whitespace_world import CUTOFF, candidates, listed

LABELS = {"division": pl.String, "customer_id": pl.String, "label": pl.Int64}


def labelled(found: pl.DataFrame, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    label = pl.Series("label", rng.random(found.height) < found["icp_score"].to_numpy(), pl.Int64)
    return found.select("division", "customer_id").with_columns(label)


def measured(customers: int = 400) -> pl.DataFrame:
    found = candidates(customers)
    rows = listed(found).with_columns(divisions_owned=pl.lit(2.0))
    parts = [
        list_metrics(rows, Whitespace(), CUTOFF),
        capture_metrics(rows, labelled(found), CUTOFF),
    ]
    return WHITESPACE_METRICS.typed(pl.concat(parts))


def test_metrics_keep_their_contract():
    assert breaches(WHITESPACE_METRICS, measured()) == []


def test_shares_of_the_selection_add_up_and_weights_are_recorded():
    found = measured().filter(pl.col("division").is_not_null())
    shares = found.filter(pl.col("metric") == "division_share")["value"]
    assert shares.sum() == pytest.approx(1)
    per_division = found.filter(pl.col("metric").str.starts_with("weight_"))
    sums = per_division.group_by("division").agg(pl.col("value").sum())["value"]
    assert sums.to_list() == pytest.approx([1, 1, 1])


def test_all_four_rankings_are_measured_per_division_and_over_the_list():
    captures = measured().filter(pl.col("metric") == "capture_10")
    assert set(captures["ranking"]) == set(RANKINGS[:4])
    assert captures.height == 4 * 4
    value = {(r["division"], r["ranking"]): r["value"] for r in captures.to_dicts()}
    assert value[(None, "icp")] > value[(None, "naive")]
    # Everybody is as popular and owns as many divisions: a random tenth.
    assert value[("PDM", "popularity")] == pytest.approx(0.1)
    assert value[("PDM", "naive")] == pytest.approx(0.1)


def test_open_windows_have_no_captures():
    rows = listed(candidates(20)).with_columns(divisions_owned=pl.lit(2.0))
    assert capture_metrics(rows, pl.DataFrame(schema=LABELS), CUTOFF).is_empty()


def test_empty_list_has_no_division_rows():
    rows = listed(candidates(20).clear()).with_columns(divisions_owned=pl.lit(2.0))
    assert set(list_metrics(rows, Whitespace(), CUTOFF)["division"]) == {None}


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=1, max_size=30),
    st.sampled_from([0.1, 0.2, 0.5]),
)
@settings(max_examples=50, deadline=None)
def test_capture_is_the_mean_over_random_orders_of_ties(rows, share):
    frame = pl.DataFrame(rows, schema=["score", "label"], orient="row")
    found = frame.select(capture(pl.col("score"), pl.col("label"), share)).item()
    scores, labels = frame["score"].to_numpy(), frame["label"].to_numpy()
    if not labels.sum():
        assert found is None
        return
    room, expected = len(rows) * share, 0.0
    for level in sorted(set(scores), reverse=True):
        tied = scores == level
        taken = min(room, tied.sum())
        expected += taken * labels[tied].mean()
        room -= taken
    assert found == pytest.approx(expected / labels.sum())
