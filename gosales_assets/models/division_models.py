"""Models of one division each: an elastic-net regression and small boosted trees of its rows only.

They know nothing of the other divisions, so they can follow a rule that is the division's own; in
exchange they have few rows. `gosales_assets.models.winner` decides where they join the blend.

Who learns, who chooses, who judges: customers fall into four quarters, two to a half. A half's
models learn the rows of one of its quarters, choose their penalty and their number of trees by
the later cutoff's rows of its other quarter, are fitted again on both, and judge the other half.
So no customer's outcome, at any cutoff, had a part in the models that judge this customer. New
rows are given the mean of both halves' models.
"""

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.booster import booster_logits, booster_parameters, directions
from gosales_assets.models.curves import intercept_shift
from gosales_assets.models.inputs import Inputs, Numbers
from gosales_assets.models.metrics import log_loss, sigmoid
from gosales_assets.models.slices import folds, sample_customers

if TYPE_CHECKING:
    import lightgbm as lgb
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CANDIDATES = ("division_logistic", "division_booster")
TRAINING_BUYERS = 50
SELECTION_BUYERS = 25
HALVES = 2
QUARTERS = 4
LOGISTIC_ROWS = 6_000  # of both halves together
BOOSTER_ROWS = 10_000

L1_RATIOS = (0.0, 0.2, 0.5)
PENALTIES = (0.1, 1.0, 10.0)  # sklearn's C, ascending: a fit starts from the one before
# C weighs the sum of the rows' losses: the same C pulls less with more rows. So C is given for
# this many rows. Among .001 to 10 as they are, .001 to .03 ranked best with 3,000 rows of one log
# and .01 to .1 with about 400 rows of another: .1 to 3 for 30 rows.
PENALTY_ROWS = 30
PASSES = 25  # over the rows, of saga

MOST_TREES = 150
PATIENCE = 30  # trees without a better figure
SMALL_TREES = {"num_leaves": 6, "min_data_in_leaf": 30}


@dataclass(frozen=True)
class DivisionModels:
    """The models of one division, one of each kind per half of the customers.

    Parameters
    ----------
    logistic, boosters
        The fitted models, by half; all take the numbers of `Inputs.numbers`.
    note
        What was chosen, in words, for the model card.
    """

    logistic: "list[Pipeline]" = field(repr=False)
    boosters: "list[lgb.Booster]" = field(repr=False)
    note: str

    def logits(self, numbers: Numbers, threads: int) -> dict[str, Floats]:
        """Log odds of each row by candidate, before calibration: the halves' mean, 9 decimals."""
        return {
            "division_logistic": np.round(_logistic_logits(self.logistic, numbers), 9),
            "division_booster": np.round(booster_logits(self.boosters, numbers, threads), 9),
        }


@dataclass(frozen=True)
class _Rows:
    """Rows of one division as numbers, their outcomes, and their customers' quarters.

    Quarters 0 and 1 are the first half, 2 and 3 the second.
    """

    numbers: Numbers
    labels: Floats
    quarters: NDArray[np.int64]

    def where(self, chosen: Mask) -> "_Rows":
        return _Rows(self.numbers[chosen], self.labels[chosen], self.quarters[chosen])

    def of_quarter(self, quarter: int) -> "_Rows":
        return self.where(self.quarters == quarter)

    def of_half(self, half: int) -> "_Rows":
        return self.where(self.quarters // HALVES == half)

    @property
    def teaches(self) -> bool:
        return 0 < self.labels.sum() < len(self.labels)


def fit_division_models(
    inputs: Inputs, training: pl.DataFrame, selection: pl.DataFrame, *, seed: int, threads: int
) -> tuple[dict[str, DivisionModels], pl.DataFrame]:
    """Fit each division's own models and judge the selection rows by those that never saw them.

    Parameters
    ----------
    inputs
        Of the pooled model: what the rows are turned into numbers by.
    training, selection
        Rows of feature matrices with ``label``; whole divisions and cutoffs, or fair samples.
    threads
        How many divisions are fitted at a time; the models do not depend on it.

    Returns
    -------
    tuple[dict[str, DivisionModels], pl.DataFrame]
        Models by division, for divisions with at least 50 buyers in training, 25 in selection,
        and both outcomes in every quarter of the customers; and one row per selection row:
        ``cutoff, division, customer_id, division_logistic, division_booster`` (log odds; null:
        the division has no models of its own), sorted by these.
    """
    divisions = _with_enough_buyers(training, selection)

    def fit(division: str) -> tuple[DivisionModels, pl.DataFrame] | None:
        learned, judged = (
            rows.filter(pl.col("division") == division).sort("cutoff", "customer_id")
            for rows in (training, selection)
        )
        return _fit_division(inputs, learned, judged, seed)

    with _calm(), ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        found = dict(zip(divisions, pool.map(fit, divisions), strict=True))
    made = {division: pair for division, pair in found.items() if pair is not None}
    empty = selection.select(
        "cutoff",
        "division",
        "customer_id",
        *(pl.lit(None, pl.Float64).alias(name) for name in CANDIDATES),
    )
    without = empty.filter(~pl.col("division").is_in(sorted(made)))
    judged = pl.concat([without, *(frame for _, frame in made.values())])
    return (
        {division: models for division, (models, _) in made.items()},
        judged.sort("cutoff", "division", "customer_id"),
    )


def _with_enough_buyers(training: pl.DataFrame, selection: pl.DataFrame) -> list[str]:
    buyers = [
        rows.group_by("division").agg(pl.col("label").sum().alias(name))
        for name, rows in (("learned", training), ("judged", selection))
    ]
    enough = (pl.col("learned") >= TRAINING_BUYERS) & (pl.col("judged") >= SELECTION_BUYERS)
    return buyers[0].join(buyers[1], on="division").filter(enough)["division"].sort().to_list()


@contextmanager
def _calm() -> Iterator[None]:
    """One BLAS thread for all fits, and no warnings of regressions that were stopped early.

    ``PASSES`` ends saga before it has converged wherever the penalty is weak: on purpose, as
    that is a penalty too, the held-out log loss judges the weights that were reached, and the
    note of the models says where it was so. Set here, outside of the threads: the filters
    of warnings are the process', not a thread's.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _fit_division(
    inputs: Inputs, training: pl.DataFrame, selection: pl.DataFrame, seed: int
) -> tuple[DivisionModels, pl.DataFrame] | None:
    """Fit one division's models; None where a quarter of the customers has one outcome only."""
    chosen = training.filter(_drawn(training, BOOSTER_ROWS, seed))
    few = _drawn(chosen, LOGISTIC_ROWS, seed).to_numpy()
    learned, judged = _rows(inputs, chosen, seed), _rows(inputs, selection, seed)
    quarters = [
        rows.of_quarter(quarter)
        for rows, quarter in product((learned.where(few), judged), range(QUARTERS))
    ]
    if not all(rows.teaches for rows in quarters):
        return None
    logistic, boosters, notes = [], [], []
    logits = {name: np.zeros(selection.height) for name in CANDIDATES}
    for half in range(HALVES):
        pipeline, penalty = _fit_logistic(inputs, learned.where(few), judged, half, seed)
        booster = _fit_booster(inputs, learned, judged, half, seed)
        others = judged.quarters // HALVES != half
        unseen = judged.numbers[others]
        logits["division_logistic"][others] = _logistic_logits([pipeline], unseen)
        logits["division_booster"][others] = booster_logits([booster], unseen, 1)
        logistic.append(pipeline)
        boosters.append(booster)
        notes.append(f"{penalty}, {booster.num_trees()} trees")
    frame = selection.select(
        "cutoff",
        "division",
        "customer_id",
        *(pl.Series(name, np.round(logits[name], 9)) for name in CANDIDATES),
    )
    return DivisionModels(logistic, boosters, "; ".join(notes)), frame


def _drawn(rows: pl.DataFrame, most: int, seed: int) -> pl.Series:
    """Whether each row belongs to a sample of customers with at most ``most`` rows."""
    if rows.height <= most:
        return pl.Series(np.full(rows.height, True))
    return rows["customer_id"].is_in(sample_customers(rows, most, seed).implode())


def _rows(inputs: Inputs, rows: pl.DataFrame, seed: int) -> _Rows:
    return _Rows(
        inputs.numbers(rows),
        rows["label"].to_numpy().astype(np.float64),
        folds(rows["customer_id"], QUARTERS, seed).to_numpy(),
    )


def _held_out_loss(logits: Floats, labels: Floats) -> float:
    """Log loss after the level is moved to the share of buyers, as calibration will do."""
    return log_loss(sigmoid(logits + intercept_shift(logits, labels)), labels)


def _fit_logistic(
    inputs: Inputs, learned: _Rows, judged: _Rows, half: int, seed: int
) -> "tuple[Pipeline, str]":
    """Choose the penalty between the quarters of a half, then fit on the whole half."""
    first, second = HALVES * half, HALVES * half + 1
    start, held_out = learned.of_quarter(first), judged.of_quarter(second)
    scaler = _scaler(inputs).fit(start.numbers)
    rows, unseen = scaler.transform(start.numbers), scaler.transform(held_out.numbers)
    tried = []
    for ratio in L1_RATIOS:
        model, least = _regression(ratio, seed), np.inf
        for penalty in PENALTIES:
            model.set_params(C=penalty * PENALTY_ROWS / len(rows)).fit(rows, start.labels)
            logits = model.decision_function(unseen).astype(np.float64)
            loss = round(_held_out_loss(logits, held_out.labels), 9)
            tried.append((loss, penalty, ratio))
            if loss > least:
                break  # weaker ones are worse still, and the slowest to fit
            least = loss
    _, penalty, ratio = min(tried)
    whole = learned.of_half(half)
    scaler = _scaler(inputs).fit(whole.numbers)
    model = _regression(ratio, seed).set_params(C=penalty * PENALTY_ROWS / len(whole.labels))
    model.fit(scaler.transform(whole.numbers), whole.labels)
    scaler.steps.append(("logistic", model))
    stopped = f" (stopped after {PASSES} passes)" if int(model.n_iter_[0]) >= PASSES else ""
    return scaler, f"l1_ratio {ratio:g}, C {penalty:g}{stopped}"


def _regression(ratio: float, seed: int) -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        l1_ratio=ratio,
        solver="saga",
        tol=0.01,
        max_iter=PASSES,
        warm_start=True,
        random_state=seed,
    )


def _scaler(inputs: Inputs) -> "Pipeline":
    """Normal scores only, missing ones as the median, each of unit variance."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    count = len(inputs.usable)
    missing = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    scores = ColumnTransformer([("scores", missing, slice(count, 2 * count))])
    return Pipeline([("inputs", scores), ("scale", StandardScaler())])


def _logistic_logits(pipelines: "list[Pipeline]", numbers: Numbers) -> Floats:
    total = np.zeros(len(numbers))
    for pipeline in pipelines:
        total += pipeline.decision_function(numbers)
    return total / len(pipelines)


def _fit_booster(
    inputs: Inputs, learned: _Rows, judged: _Rows, half: int, seed: int
) -> "lgb.Booster":
    """Find the number of trees between the quarters of a half, then fit on the whole half."""
    import lightgbm as lgb

    first, second = HALVES * half, HALVES * half + 1
    given: dict[str, Any] = booster_parameters(seed + half, directions(inputs.columns))
    given |= SMALL_TREES

    def dataset(rows: _Rows, like: "lgb.Dataset | None" = None) -> "lgb.Dataset":
        return lgb.Dataset(rows.numbers, rows.labels, params=given, reference=like)

    start = dataset(learned.of_quarter(first))
    stopped = lgb.train(
        given,
        start,
        MOST_TREES,
        valid_sets=[dataset(judged.of_quarter(second), start)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    whole = dataset(learned.of_half(half))
    return lgb.train(given, whole, stopped.best_iteration).free_dataset()
