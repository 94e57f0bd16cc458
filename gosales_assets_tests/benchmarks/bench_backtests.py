"""Backtests of 12 divisions at 8 cutoffs, 20,000 customers, 1,000 replicates, three rankings.

Run with ``python -m gosales_assets_tests.benchmarks.bench_backtests [divisions cutoffs]``: prints
the seconds, beside those of drawing and adding up the same resamples and nothing else.
"""

import sys
import time

import numpy as np
import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.partitions import day
from gosales_assets.validation.backtest import COHORTS, backtest
from gosales_assets.validation.tallies import draws

CUSTOMERS, REPLICATES, SEED = 20_000, 1_000, 7
FIRST = "2022-03-31"


def division(number: int) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Scores with outcomes of one division, and naive and champion scores of the same rows."""
    rng = np.random.default_rng(number)
    logits = rng.normal(-2.5 - number / 10, 1.5, CUSTOMERS)
    label = rng.random(CUSTOMERS) < 1 / (1 + np.exp(-logits))
    known = pl.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in range(CUSTOMERS)],
            "cohort": np.where(rng.random(CUSTOMERS) < 0.3, "repeat", "expansion"),
            "icp_score": 1 / (1 + np.exp(-logits - rng.normal(0, 0.7, CUSTOMERS))),
            "label": label.astype(int),
            "value": np.where(label, rng.lognormal(6, 1, CUSTOMERS), 0.0),
        }
    )
    orders = np.floor(np.exp(logits / 3 + rng.normal(0, 1, CUSTOMERS)))
    champion = 1 / (1 + np.exp(-logits - rng.normal(0, 0.9, CUSTOMERS)))
    return known, orders, champion


def main(divisions: int = 12, cutoffs: int = 8) -> None:
    """Measure and print."""
    worlds = [division(number) for number in range(divisions)]
    began = time.perf_counter()
    for cutoff in range(cutoffs):
        for weights in draws(CUSTOMERS, REPLICATES, (SEED, cutoff)):
            weights.sum()
    reference = time.perf_counter() - began
    began = time.perf_counter()
    for index in range(cutoffs):
        cutoff = add_months(day(FIRST), 3 * index)
        for number, (known, orders, champion) in enumerate(worlds):
            naive = dict.fromkeys(COHORTS, orders)
            backtest(known, naive, cutoff, f"D{number}", REPLICATES, SEED, champion)
    seconds = time.perf_counter() - began
    print(
        f"{divisions} divisions x {cutoffs} cutoffs, {CUSTOMERS:,} customers, {REPLICATES:,} "
        f"replicates, model, champion and naive: {seconds:.1f} s "
        f"({seconds / reference:.1f} x drawing the resamples, {reference:.1f} s)"
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
