"""From raw log odds to probabilities that can be taken at their word, one division at a time."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.metrics import log_loss, log_odds, sigmoid
from gosales_assets.models.slices import folds

Method = Literal["intercept", "platt", "base_rate", "none"]
Floats = NDArray[np.float64]

ENOUGH_POSITIVES = 25
NOT_ENOUGH = "not enough evidence"
DEGENERATE_SPREAD = 0.001  # of the probabilities; below it the scores say nothing
FOLDS = 5
FLAT = 0.02  # a Platt slope below this is noise


@dataclass(frozen=True)
class Calibrator:
    """p = 1 / (1 + exp(-(intercept + slope x))), and why it is this one.

    ``slope`` is never negative: calibration may flatten a ranking, never turn it round.
    """

    method: Method
    slope: float
    intercept: float
    enough: bool
    note: str

    def apply(self, logits: Floats) -> Floats:
        """Probabilities of raw log odds."""
        return sigmoid(self.intercept + self.slope * logits)


def fit_calibrator(logits: Floats, labels: Floats, customers: pl.Series, seed: int) -> Calibrator:
    """Choose and fit the calibration of one division by log loss on held-out customers.

    Parameters
    ----------
    logits, labels
        Raw log odds and outcomes of rows that the model was not trained on.
    customers
        The rows' customers: all rows of a customer are held out together.

    Returns
    -------
    Calibrator
        The base rate for all where the scores say nothing (no spread, one outcome, or no better
        than the base rate on held-out customers); with fewer than 25 buyers only the level is
        moved and ``enough`` is False.
    """
    positives = int(labels.sum())
    if not len(labels):
        return Calibrator("none", 1.0, 0.0, False, "no rows to calibrate on: raw model output")
    if positives in (0, len(labels)):
        share = (positives + 0.5) / (len(labels) + 1)
        note = "only one outcome occurred: the same probability for all"
        return Calibrator("base_rate", 0.0, log_odds(share), False, note)
    if float(np.std(sigmoid(logits))) < DEGENERATE_SPREAD:
        return _base_rate(labels, "the model's output has no spread: the base rate for all")
    if positives < ENOUGH_POSITIVES:
        note = f"{positives} buyers, fewer than {ENOUGH_POSITIVES}: only the level is moved"
        return Calibrator("intercept", 1.0, intercept_shift(logits, labels), False, note)
    losses = _held_out_losses(logits, labels, folds(customers, FOLDS, seed).to_numpy())
    best = min(losses, key=lambda method: (losses[method], method))
    compared = ", ".join(f"{name} {losses[name]:.4f}" for name in sorted(losses))
    if best == "base_rate":
        note = f"no better than the base rate on held-out customers (log loss: {compared})"
        return _base_rate(labels, note)
    slope, intercept = _fit(best, logits, labels)
    if slope < FLAT:
        return _base_rate(labels, f"the fitted slope is {slope:.3f}: the base rate for all")
    return Calibrator(best, slope, intercept, True, f"least held-out log loss ({compared})")


def calibrate(judgements: pl.DataFrame, division: str, seed: int) -> dict[str, Any]:
    """Calibrate a division on its judged rows: a row of ``models.calibration`` without its key."""
    rows = judgements.filter(pl.col("division") == division)
    labels = rows["label"].to_numpy().astype(np.float64)
    found = fit_calibrator(rows["blend"].to_numpy(), labels, rows["customer_id"], seed)
    return {
        "method": found.method,
        "slope": found.slope,
        "intercept": found.intercept,
        "rows": rows.height,
        "positives": int(labels.sum()),
        "base_rate": float(labels.mean()) if rows.height else None,
        "status": "calibrated" if found.enough else NOT_ENOUGH,
        "note": found.note,
    }


def intercept_shift(logits: Floats, labels: Floats) -> float:
    """Find a so that mean(sigmoid(logits + a)) is the share of buyers (bisection, to 1e-10)."""
    target = float(np.mean(labels))
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
        bounds=[(0.0, 10.0), (-60.0, 60.0)],
        method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-9},
    )
    return round(float(found.x[0]), 9), round(float(found.x[1]), 9)


def _fit(method: str, logits: Floats, labels: Floats) -> tuple[float, float]:
    if method == "platt":
        slope, _ = platt(logits, labels)
        # Smoothed targets move the mean a little: the level is set to the buyers there were.
        return slope, intercept_shift(slope * logits, labels)
    if method == "intercept":
        return 1.0, intercept_shift(logits, labels)
    return 0.0, log_odds(float(np.mean(labels)))


def _base_rate(labels: Floats, note: str) -> Calibrator:
    enough = int(labels.sum()) >= ENOUGH_POSITIVES
    return Calibrator("base_rate", 0.0, log_odds(float(np.mean(labels))), enough, note)


def _held_out_losses(
    logits: Floats, labels: Floats, parts: NDArray[np.int64]
) -> dict[Method, float]:
    methods: tuple[Method, ...] = ("base_rate", "intercept", "platt")
    losses: dict[Method, float] = {}
    for method in methods:
        held_out = np.zeros(len(labels))
        for part in range(FOLDS):
            inside = parts == part
            if inside.any() and not inside.all():
                slope, intercept = _fit(method, logits[~inside], labels[~inside])
                held_out[inside] = sigmoid(slope * logits[inside] + intercept)
        losses[method] = log_loss(held_out, labels)
    return losses
