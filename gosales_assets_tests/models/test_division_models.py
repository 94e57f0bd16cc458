"""Models of one division each, on matrices whose true probabilities are known."""

import warnings
from datetime import date

import numpy as np
import polars as pl
import pytest

from gosales_assets.models.division_models import (
    CANDIDATES,
    HALVES,
    QUARTERS,
    DivisionModels,
    fit_division_models,
)
from gosales_assets.models.inputs import Inputs, learn_inputs
from gosales_assets.models.metrics import auc, sigmoid
from gosales_assets.models.pooled import fit_pooled
from gosales_assets.models.slices import folds
from gosales_assets.models.winner import choose_winner, final_logits

OWN_RULE, RARE = "Plums", "Quinces"
DIVISIONS = ["Apples", "Cherries", "Pears", OWN_RULE, RARE]
CUTOFFS = [date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)]
LATER = date(2025, 3, 31)
FEATURES = [
    "rfm__div__orders__ever",
    "rfm__all__orders__ever",
    "recency__div__days__ever",
    "diversity__all__divisions_owned__ever",
]
CUSTOMERS, SEED = 1_200, 7
KEYS = ["cutoff", "division", "customer_id"]

Fitted = tuple[dict[str, DivisionModels], pl.DataFrame]


def world(cutoff: date, seed: int) -> pl.DataFrame:
    """Orders make a purchase likelier, except of Plums: who owns few product lines buys them."""
    random = np.random.default_rng(seed)
    parts = []
    for division in DIVISIONS:
        orders = random.poisson(1.5, CUSTOMERS).astype(float)
        total = orders + random.poisson(4, CUSTOMERS)
        days = np.where(orders > 0, random.exponential(120, CUSTOMERS), np.nan)
        owned = random.integers(1, 8, CUSTOMERS).astype(float)
        pull = 0.9 * np.log1p(orders) + 0.6 * np.log1p(total) - 2.5
        if division == OWN_RULE:
            pull = 2.6 - 0.6 * owned - 0.5 * np.log1p(total)
        true = sigmoid(pull - 4.5 * (division == RARE))
        parts.append(
            pl.DataFrame(
                {
                    "cutoff": [cutoff] * CUSTOMERS,
                    "division": [division] * CUSTOMERS,
                    "customer_id": [f"C{i:05d}" for i in range(CUSTOMERS)],
                    "cohort": np.where(orders > 0, "repeat", "expansion"),
                    **dict(zip(FEATURES, (orders, total, days, owned), strict=True)),
                    "label": (random.random(CUSTOMERS) < true).astype(int),
                    "true": true,
                }
            ).with_columns(pl.col(FEATURES).fill_nan(None).cast(pl.Float32))
        )
    return pl.concat(parts)


def slices() -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [world(cutoff, number).drop("true") for number, cutoff in enumerate(CUTOFFS)]
    return pl.concat(rows[:2]), rows[2]


def inputs_of(training: pl.DataFrame) -> Inputs:
    return learn_inputs(training, training["division"].unique().to_list())


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    training, selection = slices()
    return fit_division_models(inputs_of(training), training, selection, seed=SEED, threads=2)


def test_a_division_with_a_rule_of_its_own_is_won_by_its_own_model(fitted: Fitted) -> None:
    training, selection = slices()
    windows = dict.fromkeys(DIVISIONS, 6)
    pooled, judgements = fit_pooled(
        training, selection, cutoff=LATER, windows=windows, seeds=5, seed=SEED, threads=2
    )
    judged = judgements.join(fitted[1], on=KEYS, how="left", validate="1:1")
    won = choose_winner(judged.filter(pl.col("division") == OWN_RULE))
    assert won.name != "blend"
    fresh = world(LATER, 99).filter(pl.col("division") == OWN_RULE)
    numbers = pooled.inputs.numbers(fresh.drop("true", "label"))
    blend, outcomes = pooled.logits_of(numbers, 2), fresh["label"].to_numpy().astype(float)
    joined = final_logits(won.name, blend, fitted[0][OWN_RULE].logits(numbers, 2))
    alone, together = auc(blend, outcomes), auc(joined, outcomes)
    assert alone is not None
    assert together is not None
    assert together > alone


def test_own_models_rank_almost_as_well_as_the_truth(fitted: Fitted) -> None:
    inputs, fresh = inputs_of(slices()[0]), world(LATER, 99)
    for division, models in fitted[0].items():
        rows = fresh.filter(pl.col("division") == division)
        outcomes = rows["label"].to_numpy().astype(float)
        best = auc(rows["true"].to_numpy(), outcomes)
        assert best is not None
        for logits in models.logits(inputs.numbers(rows.drop("true", "label")), 1).values():
            reached = auc(logits, outcomes)
            assert reached is not None
            assert reached > best - 0.03


def test_no_judged_customer_had_a_part_in_the_models_that_judge_him(fitted: Fitted) -> None:
    training, selection = slices()

    def flipped(rows: pl.DataFrame) -> pl.DataFrame:
        fold = folds(rows["customer_id"], QUARTERS, SEED)
        first_half = pl.lit(fold // HALVES == 0)
        return rows.with_columns(
            label=pl.when(first_half).then(1 - pl.col("label")).otherwise("label")
        )

    # All outcomes of the first half's customers are turned round, at every cutoff.
    _, judged = fit_division_models(
        inputs_of(training), flipped(training), flipped(selection), seed=SEED, threads=2
    )
    first_half = folds(judged["customer_id"], QUARTERS, SEED) // HALVES == 0
    known = judged["division"] != RARE
    before, after = fitted[1].filter(first_half & known), judged.filter(first_half & known)
    assert after.equals(before)
    others = fitted[1].filter(~first_half & known), judged.filter(~first_half & known)
    for name in CANDIDATES:
        assert (others[0][name] != others[1][name]).mean() > 0.99


def test_too_few_buyers_no_model(fitted: Fitted) -> None:
    models, judged = fitted
    assert sorted(models) == sorted(set(DIVISIONS) - {RARE})
    of_rare = judged.filter(pl.col("division") == RARE)
    assert of_rare.height == CUSTOMERS
    assert of_rare.select(CANDIDATES).null_count().row(0) == (CUSTOMERS, CUSTOMERS)
    others = judged.filter(pl.col("division") != RARE)
    assert others.null_count().sum_horizontal().item() == 0


def test_without_any_model_all_judgements_are_null() -> None:
    rare = pl.col("division") == RARE
    training, selection = slices()
    models, judged = fit_division_models(
        inputs_of(training), training.filter(rare), selection.filter(rare), seed=SEED, threads=1
    )
    assert models == {}
    assert judged.select(KEYS).equals(selection.filter(rare).select(KEYS))
    assert judged.schema["division_logistic"] == pl.Float64


def test_threads_and_the_order_of_rows_do_not_matter(fitted: Fitted) -> None:
    training, selection = slices()
    inputs = inputs_of(training)
    models, judged = fit_division_models(
        inputs,
        training.sample(fraction=1, shuffle=True, seed=3),
        selection.sample(fraction=1, shuffle=True, seed=4),
        seed=SEED,
        threads=1,
    )
    assert judged.equals(fitted[1])
    fresh = inputs.numbers(world(LATER, 99).drop("true", "label"))
    for division, own in models.items():
        assert own.note == fitted[0][division].note
        one, two = own.logits(fresh, 1), fitted[0][division].logits(fresh, 2)
        assert all(np.array_equal(one[name], two[name]) for name in CANDIDATES)


def test_a_slice_without_shared_customers_is_judged_too() -> None:
    training, selection = slices()
    strangers = selection.with_columns("N" + pl.col("customer_id"))
    models, judged = fit_division_models(
        inputs_of(training), training, strangers, seed=SEED, threads=2
    )
    assert len(models) == len(DIVISIONS) - 1
    assert judged.height == strangers.height


def test_no_warning_reaches_the_user(fitted: Fitted) -> None:
    training, selection = slices()
    one = pl.col("division") == OWN_RULE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        models, _ = fit_division_models(
            inputs_of(training), training.filter(one), selection.filter(one), seed=SEED, threads=2
        )
    assert models[OWN_RULE].note == fitted[0][OWN_RULE].note
