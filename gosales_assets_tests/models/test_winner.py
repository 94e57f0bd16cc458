"""A division's own model joins the blend only where it is clearly better."""

import numpy as np
import polars as pl
import pytest

from gosales_assets.models.metrics import sigmoid
from gosales_assets.models.winner import BLEND, ENOUGH_BUYERS, WINNERS, choose_winner, final_logits

ROWS = 2_000


def judged(
    blend: float = 0.5, logistic: float = 0.5, booster: float = 0.5, rows: int = ROWS, seed: int = 1
) -> pl.DataFrame:
    """Judged rows; each model sees the truth with a share of noise of its own."""
    random = np.random.default_rng(seed)
    true = random.normal(-1.0, 1.5, rows)

    def seen(noise: float) -> np.ndarray:
        return (1 - noise) * true + noise * random.normal(-1.0, 1.5, rows)

    return pl.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in range(rows)],
            "label": (random.random(rows) < sigmoid(true)).astype(int),
            "blend": seen(blend),
            "division_logistic": seen(logistic),
            "division_booster": seen(booster),
        }
    )


def test_a_model_that_knows_more_joins() -> None:
    assert choose_winner(judged(logistic=0.0)).name == "blend+division_logistic"
    assert choose_winner(judged(booster=0.0)).name == "blend+division_booster"


def test_of_two_that_know_more_the_better_one_joins() -> None:
    assert choose_winner(judged(0.9, logistic=0.4, booster=0.0)).name == "blend+division_booster"
    assert choose_winner(judged(0.9, logistic=0.0, booster=0.4)).name == "blend+division_logistic"


def test_equal_models_keep_the_blend() -> None:
    rows = judged()
    same = rows.with_columns(division_logistic="blend", division_booster="blend")
    winner = choose_winner(same)
    assert winner.name == BLEND
    assert "no clear gain" in winner.note


def test_models_of_noise_keep_the_blend() -> None:
    for seed in range(5):
        rows = judged(blend=0.0, logistic=1.0, booster=1.0, seed=seed)
        assert choose_winner(rows).name == BLEND


def test_a_level_that_is_wrong_neither_wins_nor_loses() -> None:
    rows = judged(logistic=0.0)
    moved = rows.with_columns(pl.col("division_logistic") + 3.0)
    assert choose_winner(moved) == choose_winner(rows)
    same = judged().with_columns(division_logistic=pl.col("blend") - 2.0, division_booster="blend")
    assert choose_winner(same).name == BLEND


def test_a_few_buyers_cannot_tell() -> None:
    rows = judged(blend=1.0, logistic=0.0)
    buyers = rows.filter(pl.col("label") == 1)
    others = rows.filter(pl.col("label") == 0)
    few = pl.concat([others, buyers.head(ENOUGH_BUYERS - 1)])
    enough = pl.concat([others, buyers.head(ENOUGH_BUYERS)])
    assert choose_winner(few).name == BLEND
    assert f"{ENOUGH_BUYERS - 1} judged buyers" in choose_winner(few).note
    assert choose_winner(enough).name == "blend+division_logistic"


def test_without_a_model_of_its_own_the_blend_stays() -> None:
    without = judged().with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("division_logistic", "division_booster")
    )
    for rows in (without, without.head(0)):
        assert choose_winner(rows).name == BLEND
        assert "no model of its own" in choose_winner(rows).note


def test_where_all_bought_there_is_nothing_to_win() -> None:
    rows = judged(logistic=0.0).with_columns(label=pl.lit(1))
    assert choose_winner(rows).name == BLEND


def test_the_order_of_rows_does_not_matter() -> None:
    rows = judged(blend=0.6, logistic=0.3)
    assert choose_winner(rows.sample(fraction=1, shuffle=True, seed=3)) == choose_winner(rows)


def test_joined_log_odds_are_the_mean() -> None:
    blend, own = np.array([1.0, -2.0]), {"division_booster": np.array([2.0, 0.0])}
    assert final_logits(BLEND, blend, {}).tolist() == [1.0, -2.0]
    assert final_logits("blend+division_booster", blend, own).tolist() == [1.5, -1.0]
    with pytest.raises(KeyError, match="division_logistic"):
        final_logits("blend+division_logistic", blend, own)
    with pytest.raises(KeyError, match="best"):
        final_logits("best", blend, own)
    assert set(WINNERS) == {"blend", "blend+division_logistic", "blend+division_booster"}
