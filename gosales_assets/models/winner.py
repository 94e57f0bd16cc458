"""Where a division's own model joins the blend: only where it is clearly better.

Joined means the mean of the two log odds. Both are compared on the judged rows by log loss after
each one's level is moved to the share of buyers, as calibration will do; paired by customer, so
that what is hard for both cancels out.

Why at least 200 judged buyers: on AdventureWorks, whose divisions have 30 to 180, two standard
errors alone let a fifth to a half of the divisions' models join, and the mean AUC at a later
cutoff fell by .0009 (expansion .0034): a season's mood in a small slice passes any such test. With
the bound nothing joins there, and on two larger logs none to two divisions per cutoff do. The bound
was chosen on the same ten cutoffs that show this, so it is a precaution, not a proven figure; what
joining adds is small either way (+.0001 AUC, mean of the ten).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.curves import intercept_shift
from gosales_assets.models.division_models import CANDIDATES

Floats = NDArray[np.float64]

BLEND = "blend"
JOINED = {f"{BLEND}+{name}": name for name in CANDIDATES}
WINNERS = (BLEND, *JOINED)
ENOUGH_BUYERS = 200  # judged; see above
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Winner:
    """Which log odds a division is scored by (one of ``WINNERS``), and why, in words."""

    name: str
    note: str


@dataclass(frozen=True)
class _Gain:
    """By how much log loss falls per customer when a model joins, and how sure that is."""

    mean: float
    error: float

    @property
    def clear(self) -> bool:
        return self.mean > STANDARD_ERRORS * self.error


def choose_winner(judged: pl.DataFrame) -> Winner:
    """Choose what a division is scored by.

    Parameters
    ----------
    judged
        Selection rows of one division: ``customer_id, label, blend`` and, as log odds or null,
        ``division_logistic, division_booster``; each judged by models that never saw its customer.

    Returns
    -------
    Winner
        "blend", or a joined one that is better by more than two standard errors; of two such, the
        one that gains more.
    """
    buyers = int(judged["label"].sum())
    own = [name for name in CANDIDATES if judged.height and not judged[name].has_nulls()]
    if not own:
        return Winner(BLEND, "the division has no model of its own: too few buyers")
    if buyers < ENOUGH_BUYERS:
        return Winner(BLEND, f"{buyers} judged buyers, fewer than {ENOUGH_BUYERS}, to tell by")
    if buyers == judged.height:
        return Winner(BLEND, "only one outcome occurred")
    gains = {name: _gain(judged, name) for name in own}
    compared = "; ".join(
        f"{name} {gain.mean:+.4f}, standard error {gain.error:.4f}" for name, gain in gains.items()
    )
    found = f"log loss saved by joining: {compared}"
    clear = [name for name in own if gains[name].clear]
    if not clear:
        return Winner(BLEND, f"no clear gain ({found})")
    best = max(clear, key=lambda name: gains[name].mean)
    return Winner(f"{BLEND}+{best}", f"clearly better than the blend alone ({found})")


def final_logits(name: str, blend: Floats, own: Mapping[str, Floats]) -> Floats:
    """Log odds by the winner: the blend's, or the mean with those of the joined model; 9 decimals.

    Parameters
    ----------
    name
        One of ``WINNERS``.
    own
        `DivisionModels.logits`; not looked at where the blend won.

    Raises
    ------
    KeyError
        When ``name`` is no winner, or the model that joined is missing.
    """
    if name == BLEND:
        return blend
    found: Floats = np.round((blend + own[JOINED[name]]) / 2, 9)
    return found


def _gain(judged: pl.DataFrame, name: str) -> _Gain:
    labels = judged["label"].to_numpy().astype(np.float64)
    blend = judged["blend"].to_numpy()
    joined = final_logits(f"{BLEND}+{name}", blend, {name: judged[name].to_numpy()})
    saved = (
        judged.select("customer_id")
        .with_columns(saved=pl.Series(_losses(blend, labels) - _losses(joined, labels)))
        .group_by("customer_id")
        .agg(pl.col("saved").sort().mean())
        .sort("customer_id")["saved"]
        .to_numpy()
    )
    error = float(np.std(saved, ddof=1)) / np.sqrt(len(saved))
    return _Gain(round(float(np.mean(saved)), 9), round(float(error), 9))


def _losses(logits: Floats, labels: Floats) -> Floats:
    """Log loss of each row after the level is moved, in nats."""
    moved = logits + intercept_shift(logits, labels)
    losses: Floats = np.logaddexp(0.0, moved) - labels * moved
    return losses
