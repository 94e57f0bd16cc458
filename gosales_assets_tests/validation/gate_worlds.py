"""Made-up divisions before the gate: what is true is known, and so is what the gate should say."""

from datetime import date

import numpy as np
import polars as pl

from gosales_assets.gate_settings import Gates
from gosales_assets.validation.gate import Version

CUTOFFS = [date(2023, 12, 31), date(2024, 3, 31), date(2024, 6, 30)]
OLD = Version("1", "2024-06-30", "2024-06-30+settings+1.0+old")
NEW = Version("2", "2024-09-30", "2024-09-30+settings+1.0+new")
GATES = Gates(replicates=400)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def seen(truth: np.ndarray, noise: float, rng: np.random.Generator, spread: float) -> np.ndarray:
    """Calibrated view of log odds that are seen through noise: E[truth | what was seen]."""
    blurred = truth + rng.normal(0, noise, truth.shape) if noise else truth
    mean = truth.mean()
    kept = spread**2 / (spread**2 + noise**2)
    left = spread * np.sqrt(1 - kept)
    # The mean of a sigmoid over what noise hides (MacKay 1992).
    return sigmoid((mean + kept * (blurred - mean)) / np.sqrt(1 + np.pi * left**2 / 8))


def world(
    seed: int,
    *,
    customers: int = 1_500,
    level: float = -2.5,
    spread: float = 1.6,
    model: float = 0.6,
    champion: float | None = 0.6,
    naive: float = 3.0,
) -> pl.DataFrame:
    """Rows of three cutoffs: the more noise, the worse a ranking; all of them are calibrated."""
    rng = np.random.default_rng(seed)
    own = rng.normal(level, spread, customers)
    parts = []
    for cutoff in CUTOFFS:
        truth = own + rng.normal(0, 0.3, customers)
        frame = pl.DataFrame(
            {
                "customer_id": [f"C{i:05d}" for i in range(customers)],
                "label": (rng.random(customers) < sigmoid(truth)).astype(int),
                "model": seen(truth, model, rng, spread),
                "naive": truth + rng.normal(0, naive, customers),
                "champion": None if champion is None else seen(truth, champion, rng, spread),
            },
            schema_overrides={"champion": pl.Float64},
        )
        parts.append(frame.with_columns(cutoff=pl.lit(cutoff)))
    return pl.concat(parts)
