"""One log odds from two models: a weighted mean, the weight chosen where neither was trained."""

import numpy as np
from numpy.typing import NDArray

from gosales_assets.models.curves import intercept_shift
from gosales_assets.models.metrics import log_loss, sigmoid

Floats = NDArray[np.float64]

# Half for the boosters or more: the slice sees each of them alone, by customers new to it, while
# the platform averages them. Never all: one slice cannot tell that the regression is useless.
WEIGHTS = (0.5, 0.75)


def blended(logistic: Floats, booster: Floats, weight: float) -> Floats:
    """Weighted mean of log odds; ``weight`` is the booster's share."""
    return weight * booster + (1.0 - weight) * logistic


def choose_weight(
    logistic: Floats, booster: Floats, labels: Floats, divisions: NDArray[np.int64]
) -> float:
    """Choose the booster's share, a half or three quarters, by log loss on the selection slice.

    Each division's level is moved to its share of buyers first, as calibration will do, so that
    the choice is about who buys and not about how many. Divisions without both outcomes are
    left out; with none left the models count the same.
    """
    losses = {}
    for weight in WEIGHTS:
        total, rows = 0.0, 0
        for division in np.unique(divisions):
            own = divisions == division
            outcomes = labels[own]
            if 0 < outcomes.sum() < len(outcomes):
                logits = blended(logistic[own], booster[own], weight)
                moved = sigmoid(logits + intercept_shift(logits, outcomes))
                total += log_loss(moved, outcomes) * len(outcomes)
                rows += len(outcomes)
        if rows:
            losses[weight] = total / rows
    return min(losses, key=lambda weight: (losses[weight], weight)) if losses else 0.5
