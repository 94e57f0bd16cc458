"""The pooled model: one logistic regression and one boosted forest for all divisions, blended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.blend import blended, choose_weight
from gosales_assets.models.booster import (
    fit_boosters,
    forests_of,
    logits_by,
    unseen_logits,
)
from gosales_assets.models.hyperparameters import MEASURED, Hyperparameters
from gosales_assets.models.inputs import SCORE, Inputs, ModelMismatch, Numbers, learn_inputs
from gosales_assets.models.logistic import fit_logistic, linear_terms, logistic_logits
from gosales_assets.models.slices import folds, sample_customers
from gosales_assets.models.small_trees import Forest
from gosales_assets.models.tree_shap import Explainer

if TYPE_CHECKING:
    import lightgbm as lgb
    from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]

SELECTED = ("logistic", "booster", "blend")
FOLDS = 5
LOGISTIC_ROWS = 80_000
BOOSTER_ROWS = 100_000  # of each; every booster draws its own customers


class NothingToLearn(Exception):
    """The training rows cannot teach anything; the message says why."""


@dataclass(frozen=True)
class PooledModel:
    """A trained model, with what it must be scored with.

    Parameters
    ----------
    cutoff
        Day that it is for; rows of other days are refused.
    windows
        Division -> months that it predicts.
    inputs
        Features, divisions and base rates of its training rows.
    logistic, boosters
        The fitted models.
    weight
        Share of the boosters in the blended log odds.
    """

    cutoff: date
    windows: Mapping[str, int]
    inputs: Inputs
    logistic: "Pipeline" = field(repr=False)
    boosters: "list[lgb.Booster]" = field(repr=False)
    weight: float

    def check(self, matrix: pl.DataFrame, cutoff: date, windows: Mapping[str, int]) -> None:
        """Refuse rows of another cutoff, window, division or feature list.

        Parameters
        ----------
        windows
            Division -> months that are to be predicted, at least of the matrix' divisions.

        Raises
        ------
        ModelMismatch
            Naming what does not fit.
        """
        if self.cutoff != cutoff:
            raise ModelMismatch(f"the model is for cutoff {self.cutoff}, not {cutoff}")
        self.inputs.check(matrix)
        for division in matrix["division"].unique().sort():
            ours, theirs = self.windows[division], windows[division]
            if ours != theirs:
                raise ModelMismatch(
                    f"the model predicts {ours} months of {division}, but now it is {theirs}"
                )

    def logits(self, matrix: pl.DataFrame, threads: int) -> Floats:
        """Blended log odds of each row, before calibration, rounded to 9 decimals."""
        return self.logits_of(self.inputs.numbers(matrix, threads), threads)

    def logits_of(self, numbers: Numbers, threads: int) -> Floats:
        """Blended log odds of rows that ``inputs`` has turned into numbers."""
        by_logistic = logistic_logits(self.logistic, self.inputs, numbers, threads)
        by_booster = logits_by(self.forests, self.boosters, numbers, threads)
        return np.round(blended(by_logistic, by_booster, self.weight), 9)

    @cached_property
    def forests(self) -> list[Forest] | None:
        """What looks the boosters' log odds up."""
        return forests_of(self.boosters)

    @cached_property
    def explainer(self) -> Explainer:
        """What explains the first booster.

        On the sample it names the same first reason as the mean of all five for nine rows in ten,
        at a fifth of the time; the first 50 trees of it would for seven in ten.
        """
        own = range(len(self.inputs.usable))  # of a feature's value, and of its rank
        return Explainer.of(self.boosters[0], [*own, *own, None, None])

    def contributions(self, numbers: Numbers, threads: int) -> Floats:
        """What each feature adds to a row's log odds, shape (rows, ``inputs.usable``).

        The first booster's SHAP values and the regression's terms, blended as the scores are. A
        feature and its rank tell one story.
        """
        found = self.explainer.contributions(numbers, threads)
        for own, terms in zip(
            found.T, linear_terms(self.logistic, self.inputs, numbers), strict=True
        ):
            own[:] = blended(terms, own, self.weight)
        return found

    def drivers(self) -> list[tuple[str, float]]:
        """Features (with their ranks) and their share of the boosters' gain, largest first."""
        gain = np.sum([booster.feature_importance("gain") for booster in self.boosters], axis=0)
        total = float(np.sum(gain)) or 1.0
        shares: dict[str, float] = {}
        for column, own in zip(self.inputs.columns, gain, strict=True):
            name = column.removeprefix(SCORE)
            shares[name] = shares.get(name, 0.0) + float(own) / total
        return sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))


def fit_pooled(
    training: pl.DataFrame,
    selection: pl.DataFrame,
    *,
    cutoff: date,
    windows: Mapping[str, int],
    seeds: int,
    seed: int,
    threads: int,
    tuned: Hyperparameters = MEASURED,
) -> tuple[PooledModel, pl.DataFrame]:
    """Train on ``training``; blend and judge on ``selection``.

    Parameters
    ----------
    training, selection
        Rows of feature matrices with ``label``. Where they share customers, each booster holds
        out a fifth of the customers of both, and selection rows are judged by the booster that
        has not seen their customer.
    windows
        Division -> months of its labels, at least of the training rows' divisions.

    Returns
    -------
    tuple[PooledModel, pl.DataFrame]
        The model, and the selection rows that were judged (all with five or more seeds; a fifth
        per seed with fewer), with log odds ``logistic, booster, blend``.

    Raises
    ------
    NothingToLearn
        When the training rows have one outcome only, or no feature varies.
    """
    _must_teach(training)
    inputs = learn_inputs(training, training["division"].unique().to_list())
    if not inputs.usable:
        raise NothingToLearn("no feature has two different values")
    shared = not set(training["customer_id"].unique()).isdisjoint(selection["customer_id"].unique())
    count = max(FOLDS, seeds) if shared else 0
    selection = selection.with_columns(fold=_folds(selection, count, seed)).filter(
        pl.col("fold") < seeds
    )
    numbers, labels = inputs.numbers(training, threads), _labels(training)
    judged, outcomes = inputs.numbers(selection, threads), _labels(selection)
    held_out = selection["fold"].to_numpy()
    taught = _rows_of(training, LOGISTIC_ROWS, seed)
    logistic = fit_logistic(inputs, numbers[taught], labels[taught], tuned.penalty)
    parts = _parts(_folds(training, count, seed), training, seeds, seed)
    boosters = fit_boosters(inputs.columns, numbers, labels, parts, seed, threads, tuned)
    by_logistic = logistic_logits(logistic, inputs, judged, threads)
    by_booster = unseen_logits(boosters, judged, held_out, threads)
    codes = selection["division"].rank("dense").cast(pl.Int64).to_numpy()
    weight = choose_weight(by_logistic, by_booster, outcomes, codes)
    own_windows = {division: windows[division] for division in inputs.divisions}
    model = PooledModel(cutoff, own_windows, inputs, logistic, boosters, weight)
    judgements = selection.drop("fold").with_columns(
        logistic=pl.Series(np.round(by_logistic, 9)),
        booster=pl.Series(np.round(by_booster, 9)),
        blend=pl.Series(np.round(blended(by_logistic, by_booster, weight), 9)),
    )
    return model, judgements


def _must_teach(training: pl.DataFrame) -> None:
    buyers = int(training["label"].sum()) if training.height else 0
    if buyers in (0, training.height):
        raise NothingToLearn(f"{buyers} of {training.height} training rows bought")


def _folds(rows: pl.DataFrame, count: int, seed: int) -> pl.Series:
    """Fold of each row's customer; -1 for all where no customer is in both slices."""
    if count:
        return folds(rows["customer_id"], count, seed)
    return pl.Series("fold", np.full(rows.height, -1), dtype=pl.Int64)


def _parts(
    fold: pl.Series, training: pl.DataFrame, seeds: int, seed: int
) -> list[NDArray[np.intp]]:
    """For each booster: training rows without those of the customers it holds out."""
    learned = training.select("customer_id").with_columns(fold.alias("fold"))
    return [
        _rows_of(learned, BOOSTER_ROWS, seed + number, without_fold=number)
        for number in range(seeds)
    ]


def _rows_of(
    rows: pl.DataFrame, most: int, seed: int, without_fold: int | None = None
) -> NDArray[np.intp]:
    """Positions of the rows of as many customers as fit into ``most`` rows."""
    left = rows.select("customer_id").with_row_index("position")
    if without_fold is not None:
        left = left.filter(rows["fold"] != without_fold)
    if left.height > most:
        chosen = sample_customers(left, most, seed)
        left = left.filter(pl.col("customer_id").is_in(chosen.implode()))
    return left["position"].to_numpy().astype(np.intp)


def _labels(rows: pl.DataFrame) -> Floats:
    return rows["label"].to_numpy().astype(np.float64)
