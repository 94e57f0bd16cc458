"""Tuning: hyperparameters chosen by Optuna on past cutoffs, before the selection slice is seen.

A trial fits the regression and one booster on earlier cutoffs and ranks the customers of a later
one: rolling, on the two newest training cutoffs that have others closed before them. Where none
has (monthly cutoffs and a window of half a year), a fifth of the customers is held out instead and
ranked at the newest training cutoff. The first trial is what was measured to be good, so nothing
is chosen that ranked worse there.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.calendar import closed_by
from gosales_assets.models.blend import blended
from gosales_assets.models.booster import booster_logits, fit_boosters
from gosales_assets.models.curves import intercept_shift
from gosales_assets.models.hyperparameters import MEASURED, Hyperparameters
from gosales_assets.models.inputs import Inputs, Numbers, learn_inputs
from gosales_assets.models.logistic import fit_logistic, logistic_logits
from gosales_assets.models.metrics import brier, lift, sigmoid
from gosales_assets.models.slices import folds, sample_customers

if TYPE_CHECKING:
    import optuna

ROLLS = 2
HELD_OUT = 5  # one customer in five
ROWS = 30_000  # of each side of a roll
BUYERS = 10  # below which a division has no say
DECIMALS = 2  # of the mean lift; equal ones are told apart by the Brier score

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tuned:
    """What was chosen, and what was found.

    ``trials`` has one row per trial: its number, hyperparameters, mean lift in the best tenth and
    Brier score.
    """

    chosen: Hyperparameters
    trials: pl.DataFrame


@dataclass(frozen=True)
class _Roll:
    """Rows to learn from and rows to rank, as numbers."""

    inputs: Inputs
    numbers: Numbers
    labels: Floats
    ranked: Numbers
    outcomes: Floats
    divisions: NDArray[np.str_]


def tune(
    training: pl.DataFrame, windows: Mapping[str, int], *, trials: int, seed: int, threads: int
) -> Tuned | None:
    """Choose hyperparameters by mean lift in the best tenth over divisions, Brier breaking ties.

    Parameters
    ----------
    training
        Rows of feature matrices with ``label``; the selection slice is not among them.
    windows
        Division -> months of its labels.
    trials
        How many Optuna may try; the same number, seed and rows give the same choice.

    Returns
    -------
    Tuned | None
        None where no division has buyers enough on both sides of a roll.
    """
    import optuna

    training = training.sort("cutoff", "division", "customer_id")
    pairs = _rolling(training, windows) or [_by_customer(training, seed)]
    rolls = [roll for pair in pairs if (roll := _roll(*pair, seed)) is not None]
    if not rolls:
        return None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(asdict(MEASURED))

    def objective(trial: "optuna.Trial") -> float:
        tried = _suggested(trial)
        with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
            found = list(pool.map(lambda roll: _judge(roll, tried, seed), rolls))
        trial.set_user_attr("brier", round(float(np.mean([loss for _, loss in found])), 9))
        return round(float(np.mean([gain for gain, _ in found])), 9)

    study.optimize(objective, n_trials=trials)
    told = pl.DataFrame(
        [
            {"trial": t.number, **t.params, "lift_10": t.value, "brier": t.user_attrs["brier"]}
            for t in study.trials
        ]
    )
    best = told.sort(
        pl.col("lift_10").round(DECIMALS), "brier", "trial", descending=[True, False, False]
    ).row(0, named=True)
    return Tuned(Hyperparameters(**{name: best[name] for name in asdict(MEASURED)}), told)


def _suggested(trial: "optuna.Trial") -> Hyperparameters:
    return Hyperparameters(
        penalty=trial.suggest_float("penalty", 1e-5, 1e-2, log=True),
        trees=trial.suggest_int("trees", 50, 300, step=50),
        leaves=trial.suggest_int("leaves", 4, 8),
        feature_fraction=trial.suggest_float("feature_fraction", 0.05, 0.4, log=True),
        least_rows=trial.suggest_int("least_rows", 25, 400, log=True),
        ridge=trial.suggest_float("ridge", 1.0, 50.0, log=True),
    )


def _rolling(
    training: pl.DataFrame, windows: Mapping[str, int]
) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Pairs of what had closed by a training cutoff and that cutoff's rows, newest first."""
    days = sorted(training["cutoff"].unique())
    pairs = []
    for day in reversed(days):
        closed = pl.lit(value=False)
        for division, months in sorted(windows.items()):
            known = pl.col("cutoff").is_in(closed_by(days, day, months))
            closed = closed | ((pl.col("division") == division) & known)
        learned = training.filter(closed)
        if learned.height:
            pairs.append((learned, training.filter(pl.col("cutoff") == day)))
    return pairs[:ROLLS]


def _by_customer(training: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The newest cutoff's rows of a fifth of the customers, and all rows of the others."""
    held_out = folds(training["customer_id"], HELD_OUT, seed) == 0
    newest = training["cutoff"] == training["cutoff"].max()
    return training.filter(~held_out), training.filter(held_out & newest)


def _roll(learned: pl.DataFrame, judged: pl.DataFrame, seed: int) -> _Roll | None:
    """Turn a pair into numbers; None where nothing can be learned or told from it."""
    taught = learned.filter(pl.col("label") == 1)["division"].unique()
    buyers = judged.group_by("division").agg(pl.col("label").sum(), pl.len())
    telling = buyers.filter((pl.col("label") >= BUYERS) & (pl.col("label") < pl.col("len")))
    divisions = sorted(set(taught) & set(telling["division"]))
    judged = _some(judged.filter(pl.col("division").is_in(divisions)), seed)
    learned = _some(learned, seed)
    if not divisions or not judged["label"].sum() or learned["label"].n_unique() == 1:
        return None
    inputs = learn_inputs(learned, learned["division"].unique().to_list())
    if not inputs.usable:
        return None
    return _Roll(
        inputs,
        inputs.numbers(learned),
        learned["label"].to_numpy().astype(np.float64),
        inputs.numbers(judged),
        judged["label"].to_numpy().astype(np.float64),
        judged["division"].to_numpy().astype(np.str_),
    )


def _some(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    if rows.height <= ROWS:
        return rows
    return rows.filter(pl.col("customer_id").is_in(sample_customers(rows, ROWS, seed).implode()))


def _judge(roll: _Roll, tried: Hyperparameters, seed: int) -> tuple[float, float]:
    """Mean lift in the best tenth over divisions, and the Brier score at the right level."""
    logistic = fit_logistic(roll.inputs, roll.numbers, roll.labels, tried.penalty)
    everyone = [np.arange(len(roll.numbers))]
    boosters = fit_boosters(
        roll.inputs.columns, roll.numbers, roll.labels, everyone, seed, 1, tried
    )
    logits = blended(
        logistic_logits(logistic, roll.inputs, roll.ranked, 1),
        booster_logits(boosters, roll.ranked, 1),
        0.5,
    )
    figures: list[tuple[Any, float]] = []
    for division in np.unique(roll.divisions):
        own = roll.divisions == division
        chances, outcomes = logits[own], roll.outcomes[own]
        if 0 < outcomes.sum() < len(outcomes):
            level = intercept_shift(chances, outcomes)
            figures.append((lift(chances, outcomes), brier(sigmoid(chances + level), outcomes)))
    gains, losses = zip(*figures, strict=True)
    return float(np.mean(gains)), float(np.mean(losses))
