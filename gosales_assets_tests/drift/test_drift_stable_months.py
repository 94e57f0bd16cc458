"""Ten stable months raise no hard alert; drift of known size in the eleventh is found."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
import pytest

from gosales_assets.calendar import add_months
from gosales_assets.drift import activity
from gosales_assets.drift.alerts import Alert, as_table
from gosales_assets.drift.distances import ks, psi
from gosales_assets.drift.features import TOP_FEATURES, feature_alerts, top_features
from gosales_assets.drift.scores import (
    Training,
    calibration_alerts,
    prevalence_alerts,
    score_alerts,
)
from gosales_assets.settings import Drift
from gosales_assets.validation.gains import gains
from gosales_assets.validation.metrics import calibration_error
from gosales_assets.validation.tallies import Ranking, exact

LIMITS = Drift()
FIRST = date(2023, 12, 31)
MONTHS = [add_months(FIRST, month) for month in range(11)]
CUSTOMERS = 1_500
COLUMNS = ["rfm__div__orders__12m", "recency__div__days__ever", "rfm__all__value__12m"]


class Month:
    """One division as its newly fitted model sees it; customers and seasons wobble."""

    def __init__(self, seed: int, month: int, level: float) -> None:
        self.rng = np.random.default_rng([seed, month])
        traits = np.random.default_rng(seed).normal(size=CUSTOMERS + 20 * month)
        now = 0.95 * traits + self.rng.normal(0, 0.3, traits.size)
        season = 0.15 * np.sin(month / 2)
        truth = level + season + now
        # A refit: slope and level are learned from a few buyers, the order from noisy features.
        seen = truth + self.rng.normal(0, 0.4, truth.size)
        slope = self.rng.normal(0.95, 0.1)
        self.scores = 1 / (1 + np.exp(-(level + slope * (seen - level) + self.rng.normal(0, 0.12))))
        self.labels = self.rng.random(truth.size) < 1 / (1 + np.exp(-truth))
        orders = self.rng.poisson(np.exp(now))
        days = np.where(orders > 0, self.rng.exponential(200 + 10 * month, truth.size), np.nan)
        value = self.rng.lognormal(7, 1, truth.size) * (orders + 1)
        self.features = pl.DataFrame(dict(zip(COLUMNS, (orders, days, value), strict=True)))
        self.features = self.features.fill_nan(None)


def alerts_of(before: Month, now: Month) -> Iterator[Alert]:
    """Everything that is looked at between two months of one division."""
    yield from score_alerts(before.scores, now.scores, "PDM", "before", LIMITS)
    yield from feature_alerts(before.features, now.features, "PDM", "before", LIMITS)
    bought = int(before.labels.sum())
    training = Training("before", float(before.labels.mean()), bought)
    yield from prevalence_alerts(now.labels.size, int(now.labels.sum()), training, "PDM")
    rows = Ranking(np.arange(now.scores.size), now.scores, now.labels, now.scores)
    known = pl.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in range(now.scores.size)],
            "icp_score": now.scores,
            "label": now.labels.astype(int),
        }
    )
    error = float(calibration_error(exact(rows))[0])
    yield from calibration_alerts(error, gains(known, FIRST, "PDM"), "PDM", LIMITS)


@pytest.mark.parametrize("level", [-1.0, -2.5, -4.0])
def test_ten_stable_months_of_many_divisions_raise_no_hard_alert(level):
    found: list[Alert] = []
    for division in range(12):
        months = [Month(division, month, level) for month in range(10)]
        for index in range(1, 10):
            found += alerts_of(months[index - 1], months[index])
            found += alerts_of(months[max(index - 6, 0)], months[index])
    assert [alert for alert in found if alert.severity == "hard"] == []
    assert len([a for a in found if a.severity == "warn"]) < 0.1 * 12 * 18


@pytest.mark.parametrize("seed", range(20))
def test_a_log_with_seasons_raises_no_hard_alert_and_one_that_halves_does(seed):
    rng = np.random.default_rng(seed)
    months = [add_months(FIRST, month) for month in range(-14, 11)]
    orders = [int(300 * (1 + 0.3 * np.sin(m.month)) * rng.normal(1, 0.1)) for m in months]
    frame = pl.DataFrame({"division": [""] * len(months), "month": months, "orders": orders})
    for cutoff in MONTHS[:10]:
        found = list(activity.volume_alerts(frame, cutoff, date(2018, 1, 1)))
        assert [alert for alert in found if alert.severity == "hard"] == []
    late = pl.col("month") > MONTHS[7]
    broken = frame.with_columns(
        orders=pl.when(late).then(pl.col("orders") * 0.3).otherwise("orders")
    )
    (alert,) = activity.volume_alerts(broken, MONTHS[10], date(2018, 1, 1))
    assert alert.severity == "hard"
    assert alert.figure == pytest.approx(0.3, abs=0.12)


@pytest.mark.parametrize("shift", [0.6, 1.0, 1.5])
def test_a_shift_of_known_size_is_measured_as_such(shift):
    """Two normals a shift d apart have a PSI of d squared, and a KS of 2 Phi(d / 2) - 1."""
    rng = np.random.default_rng(1)
    before, now = rng.normal(size=20_000), rng.normal(shift, 1, 20_000)
    assert psi(before, now) == pytest.approx(shift**2, rel=0.15)
    assert ks(before, now) == pytest.approx({0.6: 0.236, 1.0: 0.383, 1.5: 0.547}[shift], abs=0.015)
    frames = [pl.DataFrame({COLUMNS[0]: values}) for values in (before, now)]
    (alert,) = feature_alerts(*frames, "PDM", "before", LIMITS)
    assert alert.figure > alert.threshold
    assert alert.severity == ("info" if shift < 1 else "warn")


def test_injected_drift_in_the_eleventh_month_is_found():
    before, now = Month(3, 9, -2.0), Month(3, 10, -2.0)
    now.scores = 1 / (1 + np.exp(-(np.log(now.scores / (1 - now.scores)) * 0.9 + 2)))
    now.labels = np.zeros(now.labels.size, bool)
    gone = pl.lit(None, pl.Float64)
    now.features = now.features.with_columns(gone.alias(COLUMNS[1]), pl.col(COLUMNS[2]) * 8)
    found = {alert.alert: alert for alert in alerts_of(before, now)}
    hard = {name.split(":")[0] for name, alert in found.items() if alert.severity == "hard"}
    lost = f"feature {COLUMNS[1]} lost since before"
    assert hard == {"scores", "prevalence", "calibration", lost}
    (moved,) = [alert for name, alert in found.items() if COLUMNS[2] in name]
    assert moved.severity == "warn"
    assert all(alert.action for alert in found.values())
    assert as_table(found.values(), FIRST).height == len(found)


def test_what_never_told_customers_apart_is_not_missed():
    rare = pl.DataFrame({COLUMNS[0]: np.r_[np.ones(20), np.zeros(980)]})
    none = pl.DataFrame({COLUMNS[0]: np.zeros(1000)})
    assert list(feature_alerts(rare, none, "PDM", "before", LIMITS)) == []
    assert list(feature_alerts(none, none, "PDM", "before", LIMITS)) == []
    few = none.head(50)
    assert list(feature_alerts(few, rare.head(50), "PDM", "before", LIMITS)) == []


def test_top_features_are_the_models_own():
    names = [f"rfm__div__orders__{i}m" for i in range(20)]
    card = {"drivers": [{"input": "division"}, *({"input": name} for name in names)]}
    assert top_features(card, names) == names[:TOP_FEATURES]
    assert top_features({}, ["rfm__all__orders__12m"]) == ["rfm__all__orders__12m"]
    estimated = {"drivers": [{"input": "profile__div__size_rate__12m"}]}
    assert top_features(estimated, ["profile__div__size_rate__12m"]) == []
