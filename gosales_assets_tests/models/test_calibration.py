"""Calibration: monotone, honest about little evidence, and the base rate where nothing is known."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.models.calibration import calibrate, fit_calibrator
from gosales_assets.models.curves import curve_of, intercept_shift, platt, stepped
from gosales_assets.models.metrics import sigmoid


def draw(rows: int, slope: float, level: float, seed: int = 3):
    random = np.random.default_rng(seed)
    logits = random.normal(-1.5, 1.2, rows)
    labels = (random.random(rows) < sigmoid(level + slope * logits)).astype(float)
    return logits, labels, pl.Series([f"C{i}" for i in range(rows)])


@pytest.mark.parametrize(
    ("slope", "level", "method"),
    [(1.0, 0.7, "intercept"), (0.5, 0.3, "platt"), (0, -1, "base_rate")],
)
def test_it_finds_how_the_scores_were_bent(slope: float, level: float, method: str) -> None:
    logits, labels, customers = draw(6_000, slope, level)
    found = fit_calibrator(logits, labels, customers, 1)
    assert found.method == method
    assert found.enough
    p = found.curve.apply(logits)
    assert abs(p.mean() - labels.mean()) < 1e-6
    assert np.abs(p - sigmoid(level + slope * logits)).mean() < 0.03


@given(st.integers(0, 300), st.floats(-2, 2), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_it_never_turns_a_ranking_round(rows: int, slope: float, seed: int) -> None:
    logits, labels, customers = draw(rows, slope, -0.5, seed)
    found = fit_calibrator(logits, labels, customers, 1)
    assert found.curve.slope >= 0
    p = found.curve.apply(np.linspace(-8, 8, 50))
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()


@pytest.mark.parametrize(
    ("labels", "method", "says"),
    [
        ([0.0] * 50, "intercept", "one outcome"),
        ([1.0] * 50, "intercept", "one outcome"),
        ([1.0] * 5 + [0.0] * 45, "intercept", "5 buyers"),
        ([], "none", "no rows"),
    ],
)
def test_little_evidence_is_said(labels: list[float], method: str, says: str) -> None:
    logits = np.linspace(-3, 1, len(labels))
    customers = pl.Series([str(i) for i in range(len(labels))], dtype=pl.String)
    found = fit_calibrator(logits, np.array(labels), customers, 1)
    assert (found.method, found.enough) == (method, False)
    assert says in found.note


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_the_order_stays_where_nobody_or_everybody_bought(outcome: float) -> None:
    """A division that was just launched: others tell who is likelier, nothing tells how likely."""
    logits = np.linspace(-3, 1, 50)
    customers = pl.Series([str(i) for i in range(50)])
    found = fit_calibrator(logits, np.full(50, outcome), customers, 1)
    chances = found.curve.apply(logits)
    assert (np.diff(chances) > 0).all()
    assert abs(chances.mean() - outcome) == pytest.approx(0.5 / 51)


def test_scores_without_spread_become_the_base_rate() -> None:
    labels = np.array([1.0] * 40 + [0.0] * 60)
    customers = pl.Series([str(i) for i in range(100)])
    found = fit_calibrator(np.full(100, -1.0), labels, customers, 1)
    assert found.method == "base_rate"
    assert found.curve.apply(np.array([-9.0, 9.0])) == pytest.approx([0.4, 0.4])


def test_a_reversed_score_has_slope_zero() -> None:
    logits, labels, _ = draw(2_000, -1.0, 0.0)
    slope, _ = platt(logits, labels)
    assert slope == 0


def test_the_shift_matches_the_share_of_buyers() -> None:
    logits, labels, _ = draw(500, 1.0, 2.0)
    assert sigmoid(logits + intercept_shift(logits, labels)).mean() == pytest.approx(labels.mean())


def test_many_buyers_are_calibrated_in_steps_where_the_curve_is_no_line() -> None:
    random = np.random.default_rng(4)
    logits = random.normal(-1.0, 1.5, 20_000)
    true = np.where(logits > 0, 0.6, 0.1)
    labels = (random.random(20_000) < true).astype(float)
    customers = pl.Series([f"C{i}" for i in range(20_000)])
    found = fit_calibrator(logits, labels, customers, 1)
    assert found.method == "isotonic"
    again = curve_of(found.curve.slope, found.curve.intercept, found.curve.knots_as_text())
    assert again == found.curve
    p = found.curve.apply(np.linspace(-9, 9, 200))
    assert (np.diff(p) > 0).all(), "a step must not tie customers"
    assert np.abs(found.curve.apply(logits) - true).mean() < 0.03


@given(st.integers(30, 400), st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_steps_rise_whatever_the_outcomes(rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(size=rows).round(1)
    labels = (random.random(rows) < 0.3).astype(float)
    if 0 < labels.sum() < rows:
        p = stepped(logits, labels).apply(np.linspace(-6, 6, 60))
        assert (np.diff(p) >= 0).all()
        assert ((p >= 0) & (p <= 1)).all()


def cohorts(repeat_level: float, expansion_level: float, rows: int) -> pl.DataFrame:
    parts = []
    for cohort, moved in (("repeat", repeat_level), ("expansion", expansion_level)):
        logits, labels, _ = draw(rows, 1.0, moved, seed=len(cohort))
        parts.append(
            pl.DataFrame(
                {
                    "customer_id": [f"{cohort}{i}" for i in range(rows)],
                    "cohort": [cohort] * rows,
                    "label": labels,
                    "final": logits,
                }
            )
        )
    return pl.concat(parts)


def test_owners_and_others_are_calibrated_apart_where_both_have_fifty_buyers() -> None:
    rows = calibrate(cohorts(1.5, -0.5, 2_000), 1)
    assert [row["cohort"] for row in rows] == ["all", "repeat", "expansion"]
    assert rows[1]["intercept"] - rows[2]["intercept"] == pytest.approx(2.0, abs=0.3)
    assert [row["cohort"] for row in calibrate(cohorts(0.5, -6.0, 2_000), 1)] == ["all"]
