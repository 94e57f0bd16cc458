"""What each choice of the models brings: the model as it is against one with that choice undone.

Run: ``python -m gosales_assets_tests.benchmarks.bench_ablations LOG FOLDER`` with LOG one of
"UK two years", "AdventureWorks", "sample". Features and labels are built in the folder, once.
Prints a table in Markdown: the mean over divisions and cutoffs of the AUC and of the lift in the
best tenth with the choice undone, less that of the model as it is, with 95 % of a paired bootstrap
over customers; and the log loss per calibration, with the standard error over divisions.

The cutoffs are those of `logs.LOGS`, with up to 40,000 training rows: figures tell choices apart,
they are not the platform's own.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gosales_assets_tests.benchmarks.logs import (
    ENOUGH_BUYERS,
    LOGS,
    Floats,
    Fold,
    build,
    config_of,
    figures_of,
    fold_of,
    gains_of,
    weights_of,
)

if TYPE_CHECKING:
    from gosales_assets.models.pooled import PooledModel

THREADS, TREES = 2, 100
PLATFORM = "that, where it was fitted: the platform"
SHOWN = ("all auc", "expansion auc", "all lift_10", "expansion lift_10")


def main(log: str, folder: Path) -> None:
    """Build the log in the folder, then print its table."""
    config = config_of(log, folder)
    os.environ |= {"GOSALES_HOME": str(folder / "home"), "GOSALES_CONFIG": str(config)}
    warehouse = build()
    folds = [fold_of(warehouse, date.fromisoformat(cutoff)) for cutoff in LOGS[log]]
    weights = weights_of(folds)
    as_it_is = figures_of(folds, weights, _pooled())
    print(f"## {log}, {', '.join(LOGS[log])}\n")
    print(f"| choice undone | {' | '.join(SHOWN)} |\n|---|{'---|' * len(SHOWN)}")
    print(f"| none: the model as it is | {' | '.join(f'{as_it_is[k][0]:.3f}' for k in SHOWN)} |")
    for name, rank in _undone().items():
        lost = gains_of(figures_of(folds, weights, rank), as_it_is)
        told = (f"{lost[key][0]:+.3f} ({lost[key][1]:+.3f}, {lost[key][2]:+.3f})" for key in SHOWN)
        print(f"| {name} | {' | '.join(told)} |", flush=True)
    _print_calibrations(folds)


def _undone() -> dict[str, Callable[[Fold], Floats]]:
    return {
        "regression alone": _pooled(weight=0.0),
        "boosters alone": _pooled(weight=1.0),
        "equal weights": _pooled(weight=0.5),
        "one booster instead of five": _pooled(seeds=1),
        "newest cutoff only": _pooled(stacked=False),
        "trees of 4 leaves": _pooled(leaves=4),
        "trees of 16 leaves": _pooled(leaves=16),
        "trees of 31 leaves": _pooled(leaves=31),
        "each division by itself, small trees": _by_division(leaves=8, stacked=True),
        "each division by itself, newest cutoff, 15 leaves": _by_division(leaves=15, stacked=False),
    }


def _pooled(
    *, weight: float | None = None, seeds: int = 5, leaves: int = 8, stacked: bool = True
) -> Callable[[Fold], Floats]:
    """The pooled model, with its own choices except those given."""

    def rank(fold: Fold) -> Floats:
        model, _ = _fitted(fold, seeds, leaves, stacked)
        chosen = model if weight is None else replace(model, weight=weight)
        return chosen.logits(fold.ranked, THREADS)

    return rank


_MADE: dict[tuple[date, int, int, bool], "tuple[PooledModel, pl.DataFrame]"] = {}


def _fitted(
    fold: Fold, seeds: int = 5, leaves: int = 8, stacked: bool = True
) -> "tuple[PooledModel, pl.DataFrame]":
    """A model and its judgements; fitted once, as several choices share it."""
    from gosales_assets.models.hyperparameters import Hyperparameters
    from gosales_assets.models.pooled import fit_pooled
    from gosales_assets.settings import current_settings

    key = (fold.cutoff, seeds, leaves, stacked)
    if key not in _MADE:
        _MADE[key] = fit_pooled(
            fold.training if stacked else _newest(fold.training),
            fold.selection,
            cutoff=fold.cutoff,
            windows=fold.windows,
            seeds=seeds,
            seed=current_settings().seed,
            threads=THREADS,
            tuned=Hyperparameters(leaves=leaves),
        )
    return _MADE[key]


def _newest(training: pl.DataFrame) -> pl.DataFrame:
    return training.filter(pl.col("cutoff") == pl.col("cutoff").max().over("division"))


def _by_division(*, leaves: int, stacked: bool) -> Callable[[Fold], Floats]:
    """A LightGBM for each division, on features as they are, nothing held out."""

    def rank(fold: Fold) -> Floats:
        import lightgbm as lgb

        rows = fold.training if stacked else _newest(fold.training)
        features = [name for name in rows.columns if "__" in name]
        given = {"objective": "binary", "num_leaves": leaves, "verbose": -1, "seed": 1}
        found = np.zeros(fold.ranked.height)
        for division in fold.ranked["division"].unique().sort():
            own = rows.filter(pl.col("division") == division)
            data = lgb.Dataset(own.select(features).to_numpy(), own["label"].to_numpy())
            booster = lgb.train(given | {"num_threads": THREADS}, data, TREES)
            places = (fold.ranked["division"] == division).to_numpy()
            numbers = fold.ranked.filter(places).select(features).to_numpy()
            found[places] = booster.predict(numbers, raw_score=True)
        return found

    return rank


def _print_calibrations(folds: list[Fold]) -> None:
    """Print the mean log loss of the ranked rows under each calibration of the selection slice."""
    from gosales_assets.models.calibrated import AS_IT_IS, has_moved
    from gosales_assets.models.calibration import FITS, calibrate
    from gosales_assets.models.curves import curve_of
    from gosales_assets.models.metrics import log_loss
    from gosales_assets.settings import current_settings

    losses: dict[str, list[float]] = {}
    for fold in folds:
        model, judged = _fitted(fold)
        rows = fold.ranked.with_columns(logit=pl.Series(model.logits(fold.ranked, THREADS)))
        for (division,), own in rows.group_by("division", maintain_order=True):
            slice_rows = judged.filter(pl.col("division") == division)
            known, bought = slice_rows["blend"].to_numpy(), slice_rows["label"].to_numpy()
            if not ENOUGH_BUYERS <= bought.sum() < len(bought):
                continue
            chosen = calibrate(slice_rows.with_columns(final="blend"), current_settings().seed)[0]
            curves = {"none: raw": AS_IT_IS}
            curves |= {name: fit(known, bought.astype(float)) for name, fit in FITS.items()}
            picked = curve_of(chosen["slope"], chosen["intercept"], chosen["knots"])
            curves["chosen by held-out log loss"] = picked
            moved = has_moved(own["logit"], chosen)
            curves[PLATFORM] = AS_IT_IS if moved else picked
            outcomes, logits = own["label"].to_numpy().astype(float), own["logit"].to_numpy()
            for name, curve in curves.items():
                losses.setdefault(name, []).append(log_loss(curve.apply(logits), outcomes))
    best = np.array(losses[PLATFORM])
    print("\n| calibration | log loss | less that of the platform's choice, its standard error |")
    print("|---|---|---|")
    for name, figures in losses.items():
        more = np.array(figures) - best
        error = more.std(ddof=1) / np.sqrt(len(more))
        print(f"| {name} | {np.mean(figures):.4f} | {more.mean():+.4f} ({error:.4f}) |")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
