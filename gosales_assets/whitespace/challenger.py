"""A learned ranking over the list's own signals, trained on what came of closed lists.

It stands beside the list and is judged on cutoffs that it has not seen; it never takes the list's
place by itself.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.slices import sample_customers

SIGNALS = ["icp_score", "expected_gp", "lift_norm", "als_norm"]
LEAST_POSITIVES = 20  # with fewer buyers there is nothing to learn four weights from
LEAST_CHANCE = 1e-6
DECIMALS = 6


@dataclass(frozen=True)
class Challenger:
    """A logistic regression over the scaled signals.

    Parameters
    ----------
    means, scales
        Of each input, over the rows that were learned from.
    weights
        Of the scaled inputs, in log odds.
    rows, positives
        What it was learned from.
    """

    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: float
    rows: int
    positives: int

    def scores(self, listed: pl.DataFrame) -> pl.Series:
        """Chance of a purchase as the challenger sees it, from 0 to 1."""
        scaled = (_inputs(listed) - self.means) / self.scales
        # Summed column by column, in the same order on any number of threads.
        logits = (scaled * self.weights).sum(axis=1) + self.intercept
        return pl.Series("score_challenger", np.round(1 / (1 + np.exp(-logits)), 12))


def train(rows: pl.DataFrame, most_rows: int, seed: int) -> Challenger | None:
    """Learn from rows of closed lists; None where too few of them were bought.

    Parameters
    ----------
    rows
        Ranked rows with the signals, ``customer_id`` and ``label``.
    most_rows
        Of more rows, customers are drawn by hashing.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    if rows.height > most_rows:
        kept = sample_customers(rows, most_rows, seed)
        rows = rows.filter(pl.col("customer_id").is_in(kept.implode()))
    rows = rows.sort("cutoff", "division", "customer_id")
    label = rows["label"].to_numpy()
    positives = int(label.sum())
    if positives < LEAST_POSITIVES or positives == rows.height:
        return None
    inputs = _inputs(rows)
    means, scales = inputs.mean(axis=0), inputs.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    # One thread, and rounded: the same weights whatever the machine does meanwhile.
    with threadpool_limits(1):
        model = LogisticRegression(max_iter=1000).fit((inputs - means) / scales, label)
    return Challenger(
        means,
        scales,
        np.round(model.coef_[0], DECIMALS),
        round(float(model.intercept_[0]), DECIMALS),
        rows.height,
        positives,
    )


def _inputs(rows: pl.DataFrame) -> NDArray[np.float64]:
    p = pl.col("icp_score").clip(LEAST_CHANCE, 1 - LEAST_CHANCE)
    return rows.select(
        (p / (1 - p)).log(),
        pl.col("expected_gp").fill_null(0).clip(0).log1p(),
        pl.col("lift_norm").fill_null(0),
        pl.col("als_norm").fill_null(0),
    ).to_numpy()
