"""SHAP values that are looked up are those that LightGBM computes row by row.

Wild rows: `test_small_trees`.
"""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.models.small_trees import NotSmall
from gosales_assets.models.tree_shap import Explainer


def fitted(seed: int, leaves: int = 8, columns: int = 6, missing: float = 0.2) -> lgb.Booster:
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(2_000, columns)).round(1).astype(np.float32)
    rows[:, 1] = draw.integers(0, 3, len(rows))
    rows[draw.random(len(rows)) < missing, 2] = np.nan
    chance = 1 / (1 + np.exp(-rows[:, 0] * (rows[:, 1] - 1) - np.nan_to_num(rows[:, 2], nan=1.0)))
    labels = draw.random(len(rows)) < chance
    parameters = {
        "objective": "binary",
        "num_leaves": leaves,
        "seed": seed,
        "num_threads": 1,
        "verbose": -1,
        "feature_fraction": 0.7,
    }
    return lgb.train(parameters, lgb.Dataset(rows, labels), 20)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), leaves=st.integers(2, 11))
def test_values_are_those_of_lightgbm(seed: int, leaves: int) -> None:
    booster = fitted(seed, leaves)
    rows = np.random.default_rng(seed + 1).normal(size=(500, 6)).round(1).astype(np.float32)
    rows[::3, 2] = np.nan
    rows[::7, 0] = np.nan  # never missing in training
    rows[1] = np.nan
    wanted = np.asarray(booster.predict(rows, pred_contrib=True))[:, :-1]
    assert np.allclose(Explainer.of(booster).contributions(rows, 1), wanted, atol=1e-12)


def test_columns_are_added_up_to_the_totals_that_they_count_toward() -> None:
    booster = fitted(4)
    rows = np.random.default_rng(4).normal(size=(300, 6)).astype(np.float32)
    each = np.asarray(booster.predict(rows, pred_contrib=True))
    found = Explainer.of(booster, [0, 1, 0, None, 1, 2]).contributions(rows, 1)
    wanted = np.column_stack([each[:, 0] + each[:, 2], each[:, 1] + each[:, 4], each[:, 5]])
    assert np.allclose(found, wanted, atol=1e-12)


def test_threads_and_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = Explainer.of(fitted(5))
    rows = np.random.default_rng(5).normal(size=(1_000, 6)).astype(np.float32)
    whole = explainer.contributions(rows, 1)
    monkeypatch.setattr("gosales_assets.models.pieces.PIECE", 77)
    assert np.array_equal(explainer.contributions(rows, 3), whole)
    assert explainer.contributions(rows[:0], 2).shape == (0, 6)


def test_large_trees_are_refused() -> None:
    with pytest.raises(NotSmall, match="more than 11 leaves"):
        Explainer.of(fitted(1, leaves=31))
