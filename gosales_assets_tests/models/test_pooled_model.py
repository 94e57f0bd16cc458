"""The pooled model on matrices whose true probabilities are known."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from gosales_assets.models.blend import blended
from gosales_assets.models.booster import booster_logits
from gosales_assets.models.calibration import fit_calibrator
from gosales_assets.models.inputs import ModelMismatch
from gosales_assets.models.logistic import linear_terms, logistic_logits
from gosales_assets.models.metrics import auc, sigmoid
from gosales_assets.models.pooled import NothingToLearn, PooledModel, fit_pooled

DIVISIONS = ["Apples", "Pears", "Plums"]
SIX = dict.fromkeys(DIVISIONS, 6)
CUTOFFS = [date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)]
FEATURES = [
    "rfm__div__orders__ever",
    "rfm__all__orders__ever",
    "recency__div__days__ever",
    "diversity__all__divisions_owned__ever",
]
CUSTOMERS = 1_500


def world(cutoff: date, seed: int, signal: float = 1.0) -> pl.DataFrame:
    """Rows with features, true probability and a label drawn with it."""
    random = np.random.default_rng(seed)
    parts = []
    for number, division in enumerate(DIVISIONS):
        orders = random.poisson(1.5, CUSTOMERS).astype(float)
        total = orders + random.poisson(4, CUSTOMERS)
        days = np.where(orders > 0, random.exponential(120, CUSTOMERS), np.nan)
        owned = random.integers(1, 4, CUSTOMERS).astype(float)
        pull = 0.8 * np.log1p(orders) + 0.5 * np.log1p(total) - 0.004 * np.nan_to_num(days)
        true = sigmoid(-2.4 + 0.5 * number + signal * pull + (1 - signal) * 1.2)
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


def fitted(signal: float = 1.0, threads: int = 2) -> tuple[PooledModel, pl.DataFrame]:
    rows = [world(c, n, signal).drop("true") for n, c in enumerate(CUTOFFS)]
    return fit_pooled(
        pl.concat(rows[:2]),
        rows[2],
        cutoff=date(2025, 3, 31),
        windows=SIX,
        seeds=5,
        seed=7,
        threads=threads,
    )


def calibrated(model: PooledModel, judged: pl.DataFrame, fresh: pl.DataFrame) -> np.ndarray:
    logits = model.logits(fresh.drop("label", "true"), 2)
    found = np.zeros(fresh.height)
    for division in DIVISIONS:
        rows = judged.filter(pl.col("division") == division)
        curve = fit_calibrator(
            rows["blend"].to_numpy(),
            rows["label"].to_numpy().astype(float),
            rows["customer_id"],
            7,
        )
        own = (fresh["division"] == division).to_numpy()
        found[own] = curve.curve.apply(logits[own])
    return found


@pytest.fixture(scope="module")
def trained() -> tuple[PooledModel, pl.DataFrame]:
    return fitted()


def mean_auc(rows: pl.DataFrame, scores: np.ndarray) -> float:
    values = []
    for division in DIVISIONS:
        own = (rows["division"] == division).to_numpy()
        value = auc(scores[own], rows["label"].to_numpy()[own].astype(float))
        assert value is not None
        values.append(value)
    return float(np.mean(values))


def test_it_ranks_almost_as_well_as_the_truth(trained: tuple[PooledModel, pl.DataFrame]) -> None:
    fresh = world(date(2025, 3, 31), 99)
    scores = trained[0].logits(fresh.drop("label", "true"), 2)
    assert mean_auc(fresh, scores) > mean_auc(fresh, fresh["true"].to_numpy()) - 0.02


def test_probabilities_are_right_in_the_large(trained: tuple[PooledModel, pl.DataFrame]) -> None:
    fresh = world(date(2025, 3, 31), 99)
    p = calibrated(*trained, fresh)
    for division in DIVISIONS:
        own = (fresh["division"] == division).to_numpy()
        assert abs(p[own].mean() - fresh["true"].to_numpy()[own].mean()) < 0.04


def test_without_signal_everybody_gets_the_base_rate() -> None:
    model, judged = fitted(signal=0.0)
    fresh = world(date(2025, 3, 31), 99, signal=0.0)
    p = calibrated(model, judged, fresh)
    assert abs(mean_auc(fresh, p) - 0.5) < 0.03
    for division in DIVISIONS:
        own = (fresh["division"] == division).to_numpy()
        assert p[own].std() < 0.03
        assert abs(p[own].mean() - fresh["true"].to_numpy()[own].mean()) < 0.04


def test_one_and_two_threads_give_the_same_model(
    trained: tuple[PooledModel, pl.DataFrame],
) -> None:
    fresh = world(date(2025, 3, 31), 99).drop("label", "true")
    again, judged = fitted(threads=1)
    assert np.array_equal(again.logits(fresh, 1), trained[0].logits(fresh, 2))
    numbers = again.inputs.numbers(fresh)
    assert np.array_equal(again.contributions(numbers, 1), trained[0].contributions(numbers, 2))
    assert judged.equals(trained[1])


def test_rows_are_judged_by_boosters_that_never_saw_the_customer(
    trained: tuple[PooledModel, pl.DataFrame],
) -> None:
    model, judged = trained
    everyone = np.mean(
        [b.predict(model.inputs.numbers(judged), raw_score=True) for b in model.boosters], axis=0
    )
    assert not np.allclose(judged["booster"].to_numpy(), everyone)
    assert judged.height == CUSTOMERS * len(DIVISIONS)


def test_it_refuses_rows_it_was_not_made_for(trained: tuple[PooledModel, pl.DataFrame]) -> None:
    model = trained[0]
    rows = world(date(2025, 3, 31), 1).drop("label", "true")
    with pytest.raises(ModelMismatch, match=r"missing.*rfm__div__orders__ever"):
        model.check(rows.drop("rfm__div__orders__ever"), date(2025, 3, 31), SIX)
    with pytest.raises(ModelMismatch, match=r"unknown.*new__all__thing__3m"):
        model.check(rows.with_columns(new__all__thing__3m=pl.lit(1.0)), date(2025, 3, 31), SIX)
    with pytest.raises(ModelMismatch, match="division Kiwis"):
        model.check(rows.with_columns(division=pl.lit("Kiwis")), date(2025, 3, 31), SIX)
    with pytest.raises(ModelMismatch, match="cutoff 2025-03-31, not 2025-06-30"):
        model.check(rows, date(2025, 6, 30), SIX)
    longer = SIX | {DIVISIONS[1]: 12}
    with pytest.raises(ModelMismatch, match=rf"6 months of {DIVISIONS[1]}, but now it is 12"):
        model.check(rows, date(2025, 3, 31), longer)
    others = rows.filter(pl.col("division") != DIVISIONS[1])
    model.check(others, date(2025, 3, 31), longer)


def test_a_score_depends_on_the_rank_of_a_row_not_on_the_order_of_rows(
    trained: tuple[PooledModel, pl.DataFrame],
) -> None:
    fresh = world(date(2025, 3, 31), 99).drop("label", "true")
    shuffled = fresh.sample(fraction=1, shuffle=True, seed=3)
    keys = ["division", "customer_id"]
    straight = fresh.select(keys).with_columns(logit=pl.Series(trained[0].logits(fresh, 1)))
    mixed = shuffled.select(keys).with_columns(logit=pl.Series(trained[0].logits(shuffled, 1)))
    assert mixed.sort(keys).equals(straight.sort(keys))


def test_logits_are_those_of_the_fitted_libraries(
    trained: tuple[PooledModel, pl.DataFrame],
) -> None:
    model, count = trained[0], len(FEATURES)
    numbers = model.inputs.numbers(world(date(2025, 3, 31), 99).drop("label", "true"))
    by_logistic = model.logistic.decision_function(numbers[:, model.inputs.relative])
    by_booster = np.mean([b.predict(numbers, raw_score=True) for b in model.boosters], axis=0)
    wanted = blended(by_logistic, by_booster, model.weight)
    assert np.allclose(model.logits_of(numbers, 2), wanted, rtol=0, atol=2e-9)
    shap = np.asarray(model.boosters[0].predict(numbers, pred_contrib=True))
    terms = np.column_stack(list(linear_terms(model.logistic, model.inputs, numbers)))
    merged = blended(terms, shap[:, :count] + shap[:, count : 2 * count], model.weight)
    assert np.allclose(model.contributions(numbers, 2), merged, rtol=0, atol=1e-12)


def test_contributions_add_up_to_differences_of_the_regression(
    trained: tuple[PooledModel, pl.DataFrame],
) -> None:
    model = trained[0]
    numbers = model.inputs.numbers(world(date(2025, 3, 31), 99).drop("label", "true"))
    terms = sum(linear_terms(model.logistic, model.inputs, numbers))
    logits = logistic_logits(model.logistic, model.inputs, numbers, 1)
    for code in range(len(DIVISIONS)):
        own = numbers[:, -2] == code
        assert np.ptp((logits - terms)[own]) < 1e-9


def test_more_orders_never_lower_the_boosters_score(
    trained: tuple[PooledModel, pl.DataFrame],
) -> None:
    model = trained[0]
    numbers = model.inputs.numbers(world(date(2025, 3, 31), 99).drop("label", "true"))
    more = numbers.copy()
    more[:, model.inputs.columns.index("rfm__div__orders__ever")] += 1
    assert (
        booster_logits(model.boosters, more, 1) >= booster_logits(model.boosters, numbers, 1)
    ).all()


def test_nothing_can_be_learned_from_one_outcome() -> None:
    rows = world(CUTOFFS[0], 0).drop("true").with_columns(label=pl.lit(0))
    with pytest.raises(NothingToLearn, match="0 of 4500"):
        fit_pooled(rows, rows, cutoff=date(2025, 3, 31), windows=SIX, seeds=1, seed=1, threads=1)
