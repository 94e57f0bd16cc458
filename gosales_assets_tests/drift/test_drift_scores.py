"""Distances by hand and by SciPy; injected drift is found, stable scores raise no hard alert."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from gosales_assets.drift.distances import ks, psi
from gosales_assets.drift.scores import (
    Rate,
    Training,
    calibration_alerts,
    expected_by_chance,
    level_unheard_of,
    prevalence_alerts,
    score_alerts,
)
from gosales_assets.settings import Drift

LIMITS = Drift()
samples = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.6, 1.0]), min_size=1, max_size=40)


def scores(seed: int, n: int = 2000, shift: float = 0.0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(-2 + shift, 1, n)
    return 1 / (1 + np.exp(-logits))


@given(samples, samples)
@settings(max_examples=60, deadline=None)
def test_ks_against_scipy(reference, current):
    reference, current = np.array(reference), np.array(current)
    assert ks(reference, current) == pytest.approx(ks_2samp(reference, current).statistic)


def test_psi_by_hand():
    reference = np.repeat([0.1, 0.9], 50)
    current = np.r_[np.repeat(0.1, 20), np.repeat(0.9, 80)]
    expected = (0.2 - 0.5) * np.log(0.2 / 0.5) + (0.8 - 0.5) * np.log(0.8 / 0.5)
    assert psi(reference, current, bins=2) == pytest.approx(expected)


def test_psi_of_ten_equal_bins_by_hand():
    reference = np.arange(1000) / 1000
    current = reference**2
    edges = np.quantile(reference, np.arange(1, 10) / 10)
    q = np.histogram(current, [-1, *edges, 2])[0] / 1000
    assert psi(reference, current) == pytest.approx(((q - 0.1) * np.log(q / 0.1)).sum(), rel=0.02)


@given(samples, samples)
@settings(max_examples=60, deadline=None)
def test_psi_is_finite_not_negative_and_0_for_the_same_sample(reference, current):
    reference, current = np.array(reference), np.array(current)
    assert psi(reference, reference) == pytest.approx(0)
    assert np.isfinite(psi(reference, current))


@pytest.mark.parametrize("distance", [psi, ks])
def test_an_empty_sample_is_refused(distance):
    with pytest.raises(ValueError, match="0 reference and 1 current"):
        distance(np.array([]), np.array([0.5]))


def severities(alerts) -> set[str]:
    return {alert.severity for alert in alerts}


def test_stable_scores_raise_nothing():
    for seed in range(20):
        found = score_alerts(scores(seed), scores(seed + 100), "PDM", "before", LIMITS)
        assert list(found) == []


def test_injected_drift_is_found_and_large_drift_is_hard():
    (moderate,) = score_alerts(scores(0), scores(1, shift=0.7), "PDM", "before", LIMITS)
    assert moderate.severity == "warn"
    assert moderate.figure > moderate.threshold
    assert "PDM" in moderate.message
    assert moderate.action
    (large,) = score_alerts(scores(0), scores(1, shift=2), "PDM", "before", LIMITS)
    assert large.severity == "hard"


def test_a_refit_that_only_reshapes_the_scores_is_no_hard_alert():
    """Seen on stable data: few buyers, PSI 2.0, KS .35, and a mean of .023 before and .025 now."""
    flat = np.random.default_rng(0).normal(0.024, 0.0005, 1500)
    spread = np.random.default_rng(1).normal(0.025, 0.006, 1500).clip(0)
    assert severities(score_alerts(flat, spread, "PDM", "before", LIMITS)) == {"warn"}
    assert severities(score_alerts(np.full(1500, 0.02), spread, "PDM", "b", LIMITS)) == {"warn"}


@pytest.mark.parametrize(
    ("mean", "rows", "rates", "expected"),
    [
        (0.030, 1_000, [0.014], False),  # few buyers: it may be chance
        (0.030, 20_000, [0.014], True),
        (0.030, 20_000, [0.014, 0.028], False),  # as high as it has been
        (0.025, 20_000, [0.020], False),
        (0.005, 20_000, [0.028, 0.014], True),
        (0.0, 1_000, [0.03], True),
        (0.03, 1_000, [0.0], True),
        (0.03, 1_000, [], False),
    ],
)
def test_a_level_unlike_any_buying_rate_seen(mean, rows, rates, expected):
    seen = [Rate(rows, rate * rows) for rate in rates]
    assert level_unheard_of(np.full(rows, mean), seen) == expected


def test_a_level_calibrated_on_few_buyers_is_no_surer_than_they_are():
    """Seen on stable data: 10 buyers behind a mean of .046, and .081 the lowest rate of 1,100."""
    now, rates = np.full(1_150, 0.046), [Rate(1_108, 90), Rate(1_035, 107)]
    assert level_unheard_of(now * 0.8, rates)
    assert not level_unheard_of(now * 0.8, rates, calibrated_on=10)


def test_a_mean_that_follows_the_buying_rate_is_no_hard_alert():
    then, now = scores(0), scores(1, shift=2)
    (unknown,) = score_alerts(then, now, "PDM", "before", LIMITS)
    assert unknown.severity == "hard"
    rates = [Rate(2000, float(then.sum())), Rate(2000, float(now.sum()))]
    (known,) = score_alerts(then, now, "PDM", "before", LIMITS, rates)
    assert known.severity == "warn"


def test_too_few_scores_say_nothing():
    assert list(score_alerts(scores(0, n=100), scores(1, shift=3), "PDM", "b", LIMITS)) == []


@pytest.mark.parametrize(
    ("rows", "positives", "expected"),
    [
        (1000, 100, set()),
        (1000, 130, set()),
        (1000, 200, {"warn"}),
        (1000, 50, {"warn"}),
        (1000, 60, set()),
        (1000, 0, {"hard"}),
        (50, 0, set()),
        (100, 16, set()),
    ],
)
def test_prevalence_against_training(rows, positives, expected):
    training = Training("2024-06-30", base_rate=0.1, positives=100)
    assert severities(prevalence_alerts(rows, positives, training, "PDM")) == expected


def gains(p: float, rows: int) -> pl.DataFrame:
    return pl.DataFrame({"mean_score": [p] * 10, "rows": [rows] * 10})


@pytest.mark.parametrize(
    ("error", "rows", "expected"),
    [(0.02, 1000, set()), (0.05, 1000, {"warn"}), (0.2, 1000, {"hard"}), (0.09, 20, set())],
)
def test_calibration_beyond_chance(error, rows, expected):
    assert severities(calibration_alerts(error, gains(0.3, rows), "PDM", LIMITS)) == expected


def test_expected_error_is_what_perfect_probabilities_show():
    rng = np.random.default_rng(0)
    seen = np.abs(rng.binomial(50, 0.3, (4000, 10)) / 50 - 0.3).mean()
    assert expected_by_chance(gains(0.3, 50)) == pytest.approx(seen, rel=0.02)
