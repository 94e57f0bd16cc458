"""What came of a list: captures, precision, money, and intervals that can be trusted."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.whitespace.challenger import train
from gosales_assets.whitespace.outcomes import outcome_metrics, taken
from gosales_assets_tests.whitespace.whitespace_world import CUTOFF


def world(customers: int = 400, seed: int = 1, divisions: int = 3) -> pl.DataFrame:
    """Ranked rows whose labels follow the chance ``p``."""
    rng = np.random.default_rng(seed)
    rows = customers * divisions
    p = rng.beta(1, 8, rows)
    label = (rng.random(rows) < p).astype(int)
    return pl.DataFrame(
        {
            "cutoff": [CUTOFF] * rows,
            "division": np.repeat([f"D{i}" for i in range(divisions)], customers),
            "customer_id": [f"C{i:04d}" for i in range(customers)] * divisions,
            "label": label,
            "net_gp_window": label * 100.0,
            "score_blend": p,
            "score_naive": rng.integers(0, 4, rows).astype(float),
            "icp_score": p,
            "expected_gp": p * 10,
            "lift_norm": rng.random(rows),
            "als_norm": rng.random(rows),
        }
    )


def measured(rows: pl.DataFrame, replicates: int = 200, seed: int = 3) -> pl.DataFrame:
    return outcome_metrics(rows, ["blend", "naive"], CUTOFF, replicates, seed)


def one(found: pl.DataFrame, metric: str, ranking: str, division: str | None = None) -> dict:
    of = found.filter(
        pl.col("division").eq_missing(pl.lit(division)), metric=metric, ranking=ranking
    )
    return of.row(0, named=True)


def test_figures_of_a_list_that_is_known_by_heart() -> None:
    rows = pl.DataFrame(
        {
            "division": ["A"] * 10 + ["B"] * 10,
            "customer_id": [f"C{i}" for i in range(20)],
            "label": [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            "net_gp_window": [50.0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            "score_blend": [float(20 - i) for i in range(20)],
            "score_naive": [1.0] * 20,
        }
    )
    found = measured(rows)
    assert one(found, "capture_10", "blend")["value"] == pytest.approx(1 / 4)
    assert one(found, "capture_20", "blend")["value"] == pytest.approx(2 / 4)
    assert one(found, "precision_20", "blend")["value"] == pytest.approx(2 / 4)
    assert one(found, "realised_value_20", "blend")["value"] == pytest.approx(70)
    assert one(found, "capture_10", "blend", "B")["value"] == pytest.approx(1 / 2)
    # All tie: a random tenth.
    assert one(found, "capture_10", "naive")["value"] == pytest.approx(0.1)
    assert one(found, "capture_10_lead", "naive")["value"] == pytest.approx(0.25 - 0.1)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=1, max_size=30),
    st.sampled_from([0.1, 0.2, 0.5]),
)
@settings(max_examples=50, deadline=None)
def test_taken_is_the_mean_over_random_orders_of_ties(rows, share):
    frame = pl.DataFrame(rows, schema=["score", "label"], orient="row")
    found = frame.select((taken(pl.col("score"), share) * pl.col("label")).sum()).item()
    scores, labels = frame["score"].to_numpy(), frame["label"].to_numpy()
    room, expected = len(rows) * share, 0.0
    for level in sorted(set(scores), reverse=True):
        tied = scores == level
        part = min(room, tied.sum())
        expected += part * labels[tied].mean()
        room -= part
    assert found == pytest.approx(expected)


def test_a_good_ranking_leads_a_random_one_beyond_chance() -> None:
    lead = one(measured(world()), "capture_10_lead", "naive")
    assert 0 < lead["low"] < lead["value"] < lead["high"]


def test_two_random_rankings_do_not() -> None:
    rng = np.random.default_rng(5)
    rows = world().with_columns(score_blend=pl.Series(rng.random(1200)))
    lead = one(measured(rows), "capture_10_lead", "naive")
    assert lead["low"] < 0 < lead["high"]


def test_intervals_cover_what_other_worlds_show() -> None:
    """Of the captures of many worlds alike, about 95 % lie in an interval as wide as ours."""
    own = one(measured(world()), "capture_10", "blend")
    others = [one(measured(world(seed=s), 10), "capture_10", "blend")["value"] for s in range(40)]
    spread, width = np.std(others), own["high"] - own["low"]
    assert 0.6 * 4 * spread < width < 1.6 * 4 * spread


def test_rows_and_threads_do_not_matter_and_seeds_do() -> None:
    rows = world(100)
    shuffled = rows.sample(fraction=1, shuffle=True, seed=2)
    assert measured(rows).equals(measured(shuffled))
    assert not measured(rows).equals(measured(rows, seed=4))


def test_a_lead_over_the_whole_list_takes_buyers_in_two_divisions() -> None:
    rows = world(100).with_columns(
        label=pl.when(pl.col("division") == "D0").then(pl.col("label")).otherwise(0)
    )
    found = measured(rows).filter(metric="capture_10_lead")
    assert found["division"].null_count() == 0
    assert found.filter(pl.col("division") == "D1")["value"].to_list() == [None]
    assert measured(rows.clear()).is_empty()


def test_the_challenger_learns_what_the_list_does_not_use() -> None:
    rows = world(800)
    rng = np.random.default_rng(2)
    hidden = (rng.random(rows.height) < 0.3 * rows["lift_norm"].to_numpy() ** 3).astype(int)
    rows = rows.with_columns(label=pl.Series(hidden))
    learned = train(rows.filter(pl.col("division") != "D2"), 10_000, seed=1)
    assert learned is not None
    assert np.abs(learned.weights).argmax() == 2
    unseen = rows.filter(pl.col("division") == "D2")
    judged = unseen.with_columns(learned.scores(unseen).alias("score_naive"))
    assert one(measured(judged), "capture_10_lead", "naive", "D2")["value"] < 0


def test_the_challenger_is_the_same_for_shuffled_rows_and_samples_by_customer() -> None:
    rows = world(300)
    learned, again = (
        train(r, 450, seed=1) for r in (rows, rows.sample(fraction=1, shuffle=True, seed=9))
    )
    assert learned is not None
    assert again is not None
    assert learned.rows <= 450
    assert learned.scores(rows).equals(again.scores(rows))


def test_too_few_buyers_give_no_challenger() -> None:
    rows = world(300).with_columns(label=pl.int_range(pl.len()) < 19)
    assert train(rows, 10_000, seed=1) is None
