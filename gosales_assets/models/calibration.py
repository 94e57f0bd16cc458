"""From raw log odds to probabilities that can be taken at their word, one division at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.curves import FLAT, Curve, bent, level, shift_to, shifted, stepped
from gosales_assets.models.metrics import log_loss, sigmoid
from gosales_assets.models.slices import folds

Method = Literal["intercept", "platt", "isotonic", "base_rate", "none"]
Floats = NDArray[np.float64]

ENOUGH_POSITIVES = 25
ENOUGH_FOR_COHORTS = 50  # buyers of each cohort, for curves of their own
ENOUGH_FOR_STEPS = 1_000
NOT_ENOUGH = "not enough evidence"
DEGENERATE_SPREAD = 0.001  # of the probabilities; below it the scores say nothing
FOLDS = 5
CHANCE = 3.84  # chi-squared with one degree of freedom, 5 %
TAIL = 0.01  # of the slice's rows, at either end: what lies beyond was hardly seen
EVERYBODY = "all"
COHORTS = ("repeat", "expansion")

FITS: dict[Method, Callable[[Floats, Floats], Curve]] = {
    "intercept": shifted,
    "platt": bent,
    "isotonic": stepped,
}


@dataclass(frozen=True)
class Calibrator:
    """A curve, and why it is this one."""

    method: Method
    curve: Curve
    enough: bool
    note: str


def calibrate(judged: pl.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Calibrate a division on its judged rows: rows of ``models.calibration`` without their keys.

    Parameters
    ----------
    judged
        ``customer_id, cohort, label`` and ``final``, the raw log odds to be calibrated.

    Returns
    -------
    list[dict[str, Any]]
        One curve for everybody; where owners and others both have 50 buyers, one for each of
        them too, as a purchase more and a first purchase are bent differently.
    """
    parts = {cohort: judged.filter(pl.col("cohort") == cohort) for cohort in COHORTS}
    apart = all(int(rows["label"].sum()) >= ENOUGH_FOR_COHORTS for rows in parts.values())
    wanted = {EVERYBODY: judged} | (parts if apart else {})
    return [{"cohort": cohort} | _calibrated(rows, seed) for cohort, rows in wanted.items()]


def _calibrated(rows: pl.DataFrame, seed: int) -> dict[str, Any]:
    labels = rows["label"].to_numpy().astype(np.float64)
    found = fit_calibrator(rows["final"].to_numpy(), labels, rows["customer_id"], seed)
    return {
        "method": found.method,
        "slope": found.curve.slope,
        "intercept": found.curve.intercept,
        "knots": found.curve.knots_as_text(),
        "raw_low": rows["final"].quantile(TAIL, "lower"),
        "raw_high": rows["final"].quantile(1 - TAIL, "higher"),
        "rows": rows.height,
        "positives": int(labels.sum()),
        "base_rate": float(labels.mean()) if rows.height else None,
        "status": "calibrated" if found.enough else NOT_ENOUGH,
        "note": found.note,
    }


def fit_calibrator(logits: Floats, labels: Floats, customers: pl.Series, seed: int) -> Calibrator:
    """Choose and fit the calibration of some rows by log loss on held-out customers.

    Parameters
    ----------
    logits, labels
        Raw log odds and outcomes of rows that the model was not trained on.
    customers
        The rows' customers: all rows of a customer are held out together.

    Returns
    -------
    Calibrator
        The base rate for all where the scores say nothing (no spread, or no better than chance);
        with fewer than 25 buyers only the level is moved and ``enough`` is False. So is it where
        nobody bought, or everybody: what the model learned of other divisions still tells who is
        likelier, which is all there is to say of a division that has just been launched.
    """
    positives = int(labels.sum())
    if not len(labels):
        return Calibrator("none", Curve(1.0, 0.0), False, "no rows to calibrate on: raw output")
    if positives in (0, len(labels)):
        share = (positives + 0.5) / (len(labels) + 1)
        note = "only one outcome occurred: the model's order, at the level of half a case"
        return Calibrator("intercept", Curve(1.0, shift_to(logits, share)), False, note)
    if float(np.std(sigmoid(logits))) < DEGENERATE_SPREAD:
        return _base_rate(labels, "the model's output has no spread: the base rate for all")
    if positives < ENOUGH_POSITIVES:
        note = f"{positives} buyers, fewer than {ENOUGH_POSITIVES}: only the level is moved"
        return Calibrator("intercept", shifted(logits, labels), False, note)
    line = bent(logits, labels)
    gain = _gain(line, logits, labels)
    if line.slope < FLAT or gain < CHANCE:
        note = f"no better than the base rate (likelihood ratio {gain:.1f}, slope {line.slope:.3f})"
        return _base_rate(labels, note)
    losses = _held_out_losses(logits, labels, folds(customers, FOLDS, seed).to_numpy())
    best = min(losses, key=lambda method: (losses[method], method))
    compared = ", ".join(f"{name} {losses[name]:.4f}" for name in sorted(losses))
    note = f"least held-out log loss ({compared})"
    return Calibrator(best, FITS[best](logits, labels), True, note)


def _gain(line: Curve, logits: Floats, labels: Floats) -> float:
    """Twice the log likelihood that a curve gains over the base rate."""
    flat = log_loss(level(labels).apply(logits), labels)
    return 2 * len(labels) * (flat - log_loss(line.apply(logits), labels))


def _base_rate(labels: Floats, note: str) -> Calibrator:
    enough = int(labels.sum()) >= ENOUGH_POSITIVES
    return Calibrator("base_rate", level(labels), enough, note)


def _held_out_losses(
    logits: Floats, labels: Floats, parts: NDArray[np.int64]
) -> dict[Method, float]:
    steps = labels.sum() >= ENOUGH_FOR_STEPS
    losses: dict[Method, float] = {}
    for method, fit in FITS.items():
        if method == "isotonic" and not steps:
            continue
        held_out = np.zeros(len(labels))
        for part in range(FOLDS):
            inside = parts == part
            if inside.any() and not inside.all():
                held_out[inside] = fit(logits[~inside], labels[~inside]).apply(logits[inside])
        losses[method] = log_loss(held_out, labels)
    return losses
