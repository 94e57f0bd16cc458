"""Hyperparameters are tuned on past cutoffs only, the same way each time."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from gosales_assets.models import tuning
from gosales_assets.models.hyperparameters import MEASURED, Hyperparameters
from gosales_assets.models.training import fit_all
from gosales_assets.models.tuning import Tuned, tune

DIVISIONS = ["Apples", "Pears"]
SIX = dict.fromkeys(DIVISIONS, 6)
QUARTERS = [date(2023, 12, 31), date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)]
CUSTOMERS = 600
FEATURES = ["rfm__div__orders__ever", "rfm__all__orders__ever"]


def world(cutoffs: list[date], seed: int = 1) -> pl.DataFrame:
    """Customers with many orders buy again; everything else is noise."""
    draw = np.random.default_rng(seed)
    parts = []
    for cutoff in cutoffs:
        for division in DIVISIONS:
            orders = draw.poisson(2, CUSTOMERS)
            parts.append(
                pl.DataFrame(
                    {
                        "cutoff": cutoff,
                        "division": division,
                        "customer_id": [f"C{i:04d}" for i in range(CUSTOMERS)],
                        "cohort": np.where(orders > 0, "repeat", "expansion"),
                        FEATURES[0]: orders.astype(np.float32),
                        FEATURES[1]: draw.poisson(3, CUSTOMERS).astype(np.float32),
                        "label": (draw.random(CUSTOMERS) < 0.05 + 0.1 * orders).astype(int),
                    }
                )
            )
    return pl.concat(parts)


def tuned(rows: pl.DataFrame, trials: int = 4, seed: int = 3, threads: int = 2) -> Tuned:
    found = tune(rows, SIX, trials=trials, seed=seed, threads=threads)
    assert found is not None
    return found


def test_the_same_seed_chooses_the_same_on_any_number_of_threads() -> None:
    rows = world(QUARTERS)
    first, again = tuned(rows, threads=1), tuned(rows.sample(fraction=1, shuffle=True), threads=2)
    assert first.trials.equals(again.trials)
    assert first.chosen == again.chosen
    assert not tuned(rows, seed=4).trials.equals(first.trials)


def test_the_budget_is_kept_and_the_first_trial_is_what_was_measured() -> None:
    found = tuned(world(QUARTERS), trials=3)
    assert found.trials.height == 3
    first = found.trials.row(0, named=True)
    assert Hyperparameters(**{name: first[name] for name in vars(MEASURED)}) == MEASURED


def test_the_choice_has_the_best_lift_and_of_those_the_least_brier() -> None:
    found = tuned(world(QUARTERS), trials=6)
    rounded = found.trials.with_columns(pl.col("lift_10").round(2))
    best = rounded.filter(pl.col("lift_10") == pl.col("lift_10").max()).sort("brier", "trial")
    chosen = {name: best[name][0] for name in vars(MEASURED)}
    assert found.chosen == Hyperparameters(**chosen)


def test_rolls_learn_only_from_windows_that_had_closed() -> None:
    pairs = tuning._rolling(world(QUARTERS), SIX)
    told = [
        (sorted(learned["cutoff"].unique()), sorted(judged["cutoff"].unique()))
        for learned, judged in pairs
    ]
    assert told == [
        ([QUARTERS[0], QUARTERS[1]], [QUARTERS[3]]),
        ([QUARTERS[0]], [QUARTERS[2]]),
    ]


def test_without_closed_cutoffs_customers_are_held_out() -> None:
    rows = world([date(2024, 8, 31), date(2024, 9, 30)])
    assert tuning._rolling(rows, SIX) == []
    learned, judged = tuning._by_customer(rows, 3)
    assert set(learned["customer_id"]).isdisjoint(judged["customer_id"])
    assert judged["cutoff"].unique().to_list() == [date(2024, 9, 30)]
    assert tuned(rows).trials.height == 4


def test_without_buyers_nothing_is_tuned() -> None:
    rows = world(QUARTERS).with_columns(label=pl.lit(0))
    assert tune(rows, SIX, trials=2, seed=1, threads=1) is None


@pytest.mark.parametrize("trials", [0, 2])
def test_the_models_are_fitted_as_tuned(trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Hyperparameters(trees=20, leaves=4)

    def chosen(*_: Any, **__: Any) -> Tuned:
        return Tuned(small, pl.DataFrame({"trial": [0]}))

    monkeypatch.setattr("gosales_assets.models.training.tune", chosen)
    fitted = fit_all(
        world(QUARTERS[:3]),
        world(QUARTERS[3:], seed=9),
        cutoff=date(2025, 3, 31),
        windows=SIX,
        seeds=1,
        own_models=False,
        trials=trials,
        seed=5,
        threads=1,
    )
    assert (fitted.pooled.boosters[0].num_trees() <= small.trees) == bool(trials)
