"""Backtests: contract, determinism, intervals that cover, and refusals."""

from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.validation.backtest import COHORTS, backtest, outcomes
from gosales_assets.validation.contract import BACKTESTS, GAINS, METRIC_NAMES
from gosales_assets.validation.gains import gains, picture
from gosales_assets.validation.metrics import PROBABILITY_METRICS
from gosales_assets.validation.tallies import draws

CUTOFF = date(2024, 6, 30)


def world(n: int = 600, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, n)
    y = rng.random(n) < p
    return pl.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in range(n)],
            "cohort": np.where(rng.random(n) < 0.5, "repeat", "expansion"),
            "icp_score": p,
            "label": y.astype(int),
            "value": np.where(y, rng.lognormal(5, 1, n), 0.0),
        }
    )


def measure(known: pl.DataFrame, replicates: int = 60, seed: int = 1) -> pl.DataFrame:
    naive = np.floor(known["icp_score"].to_numpy() * 4)
    scores = dict.fromkeys(COHORTS, naive)
    return backtest(known, scores, CUTOFF, "PDM", replicates, seed)


def test_contract_and_completeness():
    measured = measure(world())
    assert breaches(BACKTESTS, measured) == []
    model = measured.filter(pl.col("ranking") == "model")
    naive = measured.filter(pl.col("ranking") == "naive")
    assert model.height == len(METRIC_NAMES) * 3
    assert set(METRIC_NAMES) - set(naive["metric"]) == set(PROBABILITY_METRICS)
    assert measured.filter(pl.col("value").is_nan() | pl.col("low").is_nan()).is_empty()


def test_without_owners_the_other_cohorts_are_measured_as_ever():
    strangers = world().with_columns(cohort=pl.lit("expansion"))
    measured = measure(strangers)
    assert breaches(BACKTESTS, measured) == []
    of = {c: measured.filter(pl.col("cohort") == c).drop("cohort") for c in COHORTS}
    assert of["all"].equals(of["expansion"])
    assert of["repeat"]["rows"].unique().to_list() == [0]
    assert (
        of["repeat"].select("value", "low", "high").null_count().row(0)
        == (of["repeat"].height,) * 3
    )


def test_cohorts_partition_the_customers():
    measured = measure(world()).filter((pl.col("metric") == "auc") & (pl.col("ranking") == "model"))
    rows = dict(measured.select("cohort", "rows").iter_rows())
    assert rows["all"] == rows["repeat"] + rows["expansion"] == 600


def test_same_seed_same_figures_whatever_the_order_of_rows():
    known = world()
    scores = known.select("customer_id", "cohort", "icp_score").sample(
        fraction=1, shuffle=True, seed=3
    )
    labels = known.select("customer_id", "label", net_gp_window="value")
    assert measure(outcomes(scores, labels)).equals(measure(outcomes(scores.reverse(), labels)))
    assert not measure(known).equals(measure(known, seed=2))


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """AUC of scores drawn from two normals one apart is Phi(1 / sqrt 2) = .760."""
    truth, covered, runs = 0.7602, 0, 80
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        y = np.arange(300) < 100
        scores = rng.normal(size=300) + y
        known = world(300).with_columns(
            icp_score=1 / (1 + np.exp(-scores)),
            label=pl.Series(y.astype(int)),
            cohort=pl.lit("repeat"),
        )
        row = measure(known, 200, seed).filter(
            (pl.col("metric") == "auc")
            & (pl.col("ranking") == "model")
            & (pl.col("cohort") == "all")
        )
        covered += row["low"].item() <= truth <= row["high"].item()
    assert 0.88 <= covered / runs <= 1


def test_the_point_lies_in_its_interval():
    measured = measure(world()).filter(~pl.col("metric").is_in(["calibration_error"]))
    inside = measured.filter(pl.col("value").is_between("low", "high"))
    assert inside.height == measured.height


def test_batches_of_resamples_are_the_resamples():
    whole = np.concatenate(list(draws(50, 40, (1,))), axis=1)
    assert whole.shape == (50, 40)
    assert (whole.sum(axis=0) == 50).all()


def test_nobody_bought_gives_nulls_not_nans():
    measured = measure(world().with_columns(label=pl.lit(0), value=pl.lit(0.0)))
    assert breaches(BACKTESTS, measured) == []
    assert measured.filter(pl.col("metric") == "auc")["value"].null_count() == 6
    assert measured.filter(pl.col("metric") == "brier")["value"].null_count() == 0


def test_a_cohort_without_rows_has_null_figures():
    measured = measure(world().with_columns(cohort=pl.lit("repeat")))
    expansion = measured.filter(pl.col("cohort") == "expansion")
    assert set(expansion["rows"]) == {0}
    assert expansion["value"].null_count() == expansion.height


def test_no_customers_no_rows():
    assert measure(world().clear()).is_empty()
    assert gains(world().clear(), CUTOFF, "PDM").is_empty()


def test_only_buyers_bring_value():
    scores = pl.DataFrame(
        {"customer_id": ["a", "b"], "cohort": ["repeat"] * 2, "icp_score": [0.5, 0.1]}
    )
    labels = pl.DataFrame(
        {"customer_id": ["b", "a"], "label": [0, 1], "net_gp_window": [Decimal("-5"), Decimal("7")]}
    )
    assert outcomes(scores, labels)["value"].to_list() == [7.0, 0.0]


def test_scores_and_labels_of_other_customers_are_refused():
    scores = world(3).select("customer_id", "cohort", "icp_score")
    labels = world(4).select("customer_id", "label", net_gp_window="value")
    with pytest.raises(ValueError, match="3 scored customers and 4 labels"):
        outcomes(scores, labels)


def test_gains_add_up():
    found = gains(world(605), CUTOFF, "PDM")
    assert breaches(GAINS, found) == []
    assert found["rows"].sum() == 605
    assert found["rows"].max() - found["rows"].min() <= 1
    assert found["cumulative_capture"].to_list() == sorted(found["cumulative_capture"])
    assert found["cumulative_capture"][-1] == pytest.approx(1)
    assert found["mean_score"].is_sorted(descending=True)
    assert gains(world(4), CUTOFF, "PDM")["rows"].sum() == 4


def test_picture_has_gains_and_reliability():
    titles = [axis.get_title() for axis in picture(gains(world(), CUTOFF, "PDM")).axes]
    assert titles == ["Gains", "Reliability"]
