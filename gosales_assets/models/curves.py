"""Calibration curves: raw log odds in, calibrated log odds out, and how each kind is fitted."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gosales_assets.models.metrics import log_odds, sigmoid

Floats = NDArray[np.float64]

STEEPEST = 10.0
FLAT = 0.02  # a Platt slope below this is noise


@dataclass(frozen=True)
class Curve:
    """intercept + slope x; with knots, straight lines between them and the slope beyond the ends.

    Parameters
    ----------
    slope
        Never negative: calibration may flatten a ranking, never turn it round.
    knots
        Pairs of raw and calibrated log odds, both ascending; empty: a straight line.
    """

    slope: float
    intercept: float
    knots: tuple[tuple[float, float], ...] = ()

    def log_odds(self, raw: Floats) -> Floats:
        """Calibrated log odds of raw ones."""
        if not self.knots:
            return self.intercept + self.slope * raw
        x, y = np.array(self.knots).T
        beyond = raw - np.clip(raw, x[0], x[-1])
        inside: Floats = np.interp(raw, x, y)
        return inside + self.slope * beyond

    def apply(self, raw: Floats) -> Floats:
        """Probabilities of raw log odds."""
        return sigmoid(self.log_odds(raw))

    def knots_as_text(self) -> str | None:
        """The knots as JSON, for a table; None: a straight line."""
        return json.dumps(self.knots) if self.knots else None


def curve_of(slope: float, intercept: float, knots: str | None) -> Curve:
    """Make a curve of a table's columns."""
    pairs = json.loads(knots) if knots else []
    return Curve(slope, intercept, tuple((float(x), float(y)) for x, y in pairs))


def intercept_shift(logits: Floats, labels: Floats) -> float:
    """Find a so that mean(sigmoid(logits + a)) is the share of buyers."""
    return shift_to(logits, float(np.mean(labels)))


def shift_to(logits: Floats, target: float) -> float:
    """Find a so that mean(sigmoid(logits + a)) is a share (bisection, to 1e-10)."""
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(np.mean(sigmoid(logits + middle))) < target:
            low = middle
        else:
            high = middle
    return round((low + high) / 2, 9)


def platt(logits: Floats, labels: Floats) -> tuple[float, float]:
    """Fit slope (>= 0) and intercept by maximum likelihood on Platt's smoothed targets.

    Source: Platt (1999); buyers count as (P + 1) / (P + 2), others as 1 / (N + 2).
    """
    from scipy.optimize import minimize

    positives = float(labels.sum())
    negatives = len(labels) - positives
    high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    targets = np.where(labels == 1, high, low)

    def loss(values: Floats) -> tuple[float, Floats]:
        z = values[0] * logits + values[1]
        error = sigmoid(z) - targets
        value = float(np.mean(np.logaddexp(0, z) - targets * z))
        return value, np.array([float(np.mean(error * logits)), float(np.mean(error))])

    found = minimize(
        loss,
        np.array([1.0, 0.0]),
        jac=True,
        bounds=[(0.0, STEEPEST), (-60.0, 60.0)],
        method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-9},
    )
    return round(float(found.x[0]), 9), round(float(found.x[1]), 9)


def shifted(logits: Floats, labels: Floats) -> Curve:
    """Move the level only."""
    return Curve(1.0, intercept_shift(logits, labels))


def bent(logits: Floats, labels: Floats) -> Curve:
    """Platt's curve, its level set to the buyers there were: smoothed targets move it a little."""
    slope, _ = platt(logits, labels)
    return Curve(slope, intercept_shift(slope * logits, labels))


def stepped(logits: Floats, labels: Floats) -> Curve:
    """Isotonic regression, centred: each step stands at the mean of its rows.

    Straight lines between the steps' middles keep customers apart that a step would tie; beyond
    the first and last the curve goes on with Platt's slope.

    Notes
    -----
    Source: Oron and Flournoy (2017), centered isotonic regression. A step's share of buyers is
    taken as (buyers + 1/2) / (rows + 1), so that its log odds are finite.
    """
    from sklearn.isotonic import IsotonicRegression

    line = bent(logits, labels)
    order = np.argsort(logits, kind="stable")
    fitted = IsotonicRegression().fit_transform(logits[order], labels[order])
    step = np.cumsum(np.r_[True, np.diff(fitted) > 0]) - 1
    rows = np.bincount(step)
    middles = np.bincount(step, logits[order]) / rows
    shares = (np.bincount(step, labels[order]) + 0.5) / (rows + 1)
    heights = np.log(shares / (1 - shares))
    # Small shares of few rows may fall back below the step before: such a step is left out.
    rising = np.r_[True, heights[1:] > np.maximum.accumulate(heights)[:-1]]
    pairs = np.round(np.column_stack([middles, heights])[rising], 9)
    knots = tuple((float(x), float(y)) for x, y in pairs)
    return Curve(line.slope, line.intercept, knots)


def level(labels: Floats) -> Curve:
    """Give everybody the base rate."""
    return Curve(0.0, log_odds(float(np.mean(labels))))
