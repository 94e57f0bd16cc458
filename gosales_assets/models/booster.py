"""Small LightGBM trees for all divisions, averaged over seeds that each hold out some customers.

Why customers are held out although the selection slice is a later cutoff: with monthly cutoffs and
a window of half a year, a customer's outcome at the selection cutoff is mostly the outcome at the
training cutoffs. Trees memorise it, and the slice flatters them (measured on two years of real
orders: the slice's AUC was .797 without and .772 with customers held out).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gosales_assets.models.hyperparameters import MEASURED, Hyperparameters
from gosales_assets.models.inputs import SCORE, Numbers
from gosales_assets.models.small_trees import Forest, NotSmall, mean_log_odds

if TYPE_CHECKING:
    import lightgbm as lgb


# Families of counts, recency and rates, by the direction in which they may move a score: nobody
# understands a list on which one order more makes a purchase less likely. How long ago the division
# itself was bought is free: a yearly plan is bought again when its year is over, not before.
RISING = {
    "rfm": ("orders", "lines"),
    "rate": ("order_months",),
    "recency": ("decay_30d", "decay_90d", "decay_180d"),
}
FALLING = {"recency": ("days", "log_days")}
WORTH_LOOKING_UP = 10_000  # rows; fewer are judged before the lookups of five boosters are made

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


def booster_parameters(
    seed: int, directions: Sequence[int] = (), tuned: Hyperparameters = MEASURED
) -> dict[str, Any]:
    """Parameters of one booster. One thread each: the same trees on any number of cores.

    Parameters
    ----------
    directions
        1, -1 or 0 per column: whether the score may only rise or fall with it.
    """
    return {
        "objective": "binary",
        "num_leaves": tuned.leaves,
        "learning_rate": 0.04,
        "max_bin": 63,
        "min_data_in_leaf": tuned.least_rows,
        "feature_fraction": tuned.feature_fraction,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": tuned.ridge,
        "monotone_constraints": list(directions),
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }


def directions(columns: Sequence[str]) -> list[int]:
    """Whether a score may only rise (1) or fall (-1) with each input; 0: it is free."""
    return [_direction(name.removeprefix(SCORE)) for name in columns]


def _direction(name: str) -> int:
    family, scope, measure, _ = name.split("__") if "__" in name else ("", "", "", "")
    if (family, scope) == ("recency", "div"):
        return 0
    return int(measure in RISING.get(family, ())) - int(measure in FALLING.get(family, ()))


def fit_boosters(
    columns: Sequence[str],
    numbers: Numbers,
    labels: Floats,
    parts: Sequence[Rows],
    seed: int,
    threads: int,
    tuned: Hyperparameters = MEASURED,
) -> "list[lgb.Booster]":
    """Fit one booster per part, all with the same number of trees.

    Early stopping was tried and left out: by the log loss of a later cutoff it stops after 10 to
    130 trees, as the season's level moves, while the order of the customers still improves.

    Parameters
    ----------
    parts
        For each booster: the rows it learns from.
    threads
        How many boosters are fitted at a time.
    """
    import lightgbm as lgb

    given = booster_parameters(seed, directions(columns), tuned)
    shared = lgb.Dataset(numbers, labels, params=given, free_raw_data=False).construct()

    def fit(number: int) -> "lgb.Booster":
        learned = shared.subset(parts[number].tolist())
        return lgb.train(given | {"seed": seed + number}, learned, tuned.trees).free_dataset()

    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(parts)))) as pool:
        return list(pool.map(fit, range(len(parts))))


def booster_logits(boosters: "list[lgb.Booster]", numbers: Numbers, threads: int) -> Floats:
    """Mean log odds of the boosters for each row; by lookups where that pays."""
    forests = forests_of(boosters) if len(numbers) >= WORTH_LOOKING_UP else None
    return logits_by(forests, boosters, numbers, threads)


def forests_of(boosters: "list[lgb.Booster]") -> list[Forest] | None:
    """What looks the boosters' log odds up; None where a tree is too large for that."""
    try:
        return [Forest.of(booster) for booster in boosters]
    except NotSmall:
        return None


def logits_by(
    forests: Sequence[Forest] | None,
    boosters: "list[lgb.Booster]",
    numbers: Numbers,
    threads: int,
) -> Floats:
    """Mean log odds of the boosters, looked up in their forests; LightGBM's own without (None).

    Both give the same to the last bit.
    """
    if forests is not None:
        return mean_log_odds(forests, numbers, threads)
    total = np.zeros(len(numbers))
    for booster in boosters:
        total += booster.predict(numbers, raw_score=True, num_threads=threads)
    return total / len(boosters)


def unseen_logits(
    boosters: "list[lgb.Booster]", numbers: Numbers, folds: NDArray[np.int64], threads: int
) -> Floats:
    """Log odds by the booster that held each row's customer out (fold -1: the mean of all)."""
    result = np.full(len(numbers), np.nan)
    everyones = folds == -1
    if everyones.any():
        result[everyones] = booster_logits(boosters, numbers[everyones], threads)
    for number, booster in enumerate(boosters):
        own = folds == number
        if own.any():
            result[own] = booster_logits([booster], numbers[own], threads)
    return result
