"""Metrics agree with scikit-learn and with brute force, ties included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from gosales_assets.validation import metrics
from gosales_assets.validation.tallies import Ranking, Tally, exact, resampled

rows = st.lists(
    st.tuples(st.sampled_from([0.0, 0.05, 0.2, 0.21, 0.5, 0.9, 1.0]), st.booleans()),
    min_size=2,
    max_size=60,
)
many = settings(max_examples=60, deadline=None)


def ranking(scores, labels, values=None) -> Ranking:
    labels = np.asarray(labels, bool)
    return Ranking(
        np.arange(labels.size),
        np.asarray(scores, float),
        labels,
        np.asarray(labels if values is None else values, float),
    )


def random_case(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(1, 4, n), 2)
    return p, rng.random(n) < p


def figure(metric, tally: Tally) -> float:
    return float(metric(tally)[0])


@many
@given(rows)
def test_against_scikit_learn(cases):
    p, y = (np.array(column) for column in zip(*cases, strict=True))
    tally = exact(ranking(p, y))
    if y.any():
        ap = reference.average_precision_score(y, p)
        assert figure(metrics.pr_auc, tally) == pytest.approx(ap)
    if y.any() and not y.all():
        assert figure(metrics.auc, tally) == pytest.approx(reference.roc_auc_score(y, p))
    assert figure(metrics.brier, tally) == pytest.approx(reference.brier_score_loss(y, p))
    expected = reference.log_loss(y, p, labels=[False, True])
    assert figure(metrics.log_loss, tally) == pytest.approx(expected, rel=1e-6)


@many
@given(rows, st.sampled_from([0.05, 0.1, 0.2]))
def test_capture_is_the_expectation_over_orders_of_ties(cases, share):
    p, y = (np.array(column) for column in zip(*cases, strict=True))
    room, expected = share * len(p), 0.0
    for level in sorted(set(p), reverse=True):
        tied = p == level
        taken = min(room, tied.sum())
        expected += taken * y[tied].mean()
        room -= taken
    found = figure(lambda t: metrics.capture(t, share), exact(ranking(p, y)))
    if not y.any():
        assert np.isnan(found)
    else:
        assert found == pytest.approx(expected / y.sum())


def test_lift_is_capture_over_share_and_value_lift_weighs_by_money():
    p, y = random_case()
    values = np.where(y, 100.0, 0.0)
    tally = exact(ranking(p, y, values))
    assert figure(metrics.RANKING_METRICS["lift_10"], tally) == pytest.approx(
        10 * figure(metrics.RANKING_METRICS["capture_10"], tally)
    )
    assert figure(metrics.RANKING_METRICS["value_lift_10"], tally) == pytest.approx(
        figure(metrics.RANKING_METRICS["lift_10"], tally)
    )
    best = np.argmax(np.where(y, p, -1))
    richer = exact(ranking(p, y, np.where(np.arange(y.size) == best, 1e6, values)))
    assert figure(metrics.RANKING_METRICS["value_lift_10"], richer) > 9


def test_calibration_error_by_hand():
    p = np.repeat([0.9, 0.1], 50)
    y = np.r_[np.ones(40), np.zeros(10), np.ones(10), np.zeros(40)]
    # Off by .1 in each half; each half is tied and so stays in one bin.
    assert figure(metrics.calibration_error, exact(ranking(p, y))) == pytest.approx(0.1)


def test_calibration_error_against_ten_equal_bins():
    rng = np.random.default_rng(3)
    p = np.sort(rng.permutation(np.linspace(0.01, 0.99, 1000)))[::-1]
    y = rng.random(1000) < p
    bins = [abs(a.mean() - b.mean()) for a, b in zip(np.split(p, 10), np.split(y, 10), strict=True)]
    assert figure(metrics.calibration_error, exact(ranking(p, y))) == pytest.approx(np.mean(bins))


def test_metrics_that_do_not_exist_are_nan():
    nobody = exact(ranking([0.1, 0.2], [0, 0]))
    assert all(np.isnan(figure(m, nobody)) for m in metrics.RANKING_METRICS.values())
    assert np.isnan(figure(metrics.auc, exact(ranking([0.1, 0.2], [1, 1]))))
    none = exact(ranking([], []))
    everything = metrics.RANKING_METRICS | metrics.PROBABILITY_METRICS
    assert all(np.isnan(figure(m, none)) for m in everything.values())


def test_a_resample_that_draws_each_row_once_is_the_sample():
    p, y = random_case(400)
    case = ranking(p, y, np.where(y, 10.0, 0.0))
    once = resampled(case, np.ones((400, 1), np.float32))
    for metric in (metrics.RANKING_METRICS | metrics.PROBABILITY_METRICS).values():
        assert figure(metric, once) == pytest.approx(figure(metric, exact(case)), rel=1e-3)


def test_blocks_of_a_long_ranking_keep_the_figures():
    p = np.random.default_rng(5).beta(1, 6, 20_000)
    y = np.random.default_rng(6).random(20_000) < p
    case = ranking(p, y, np.where(y, 10.0, 0.0))
    once = resampled(case, np.ones((20_000, 1), np.float32))
    for metric in (metrics.RANKING_METRICS | metrics.PROBABILITY_METRICS).values():
        assert figure(metric, once) == pytest.approx(
            figure(metric, exact(case)), rel=0.02, abs=2e-4
        )


def test_a_resample_counts_rows_as_often_as_they_were_drawn():
    p, y = random_case(60, seed=2)
    weights = np.random.default_rng(1).integers(0, 4, 60)
    drawn = np.repeat(np.arange(60), weights)
    weighted = resampled(ranking(p, y), weights[:, None].astype(np.float32))
    repeated = exact(ranking(p[drawn], y[drawn]))
    for metric in metrics.RANKING_METRICS.values():
        assert figure(metric, weighted) == pytest.approx(figure(metric, repeated))
    assert figure(metrics.brier, weighted) == pytest.approx(figure(metrics.brier, repeated))
