"""SHAP values that are looked up are those that LightGBM computes row by row."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.models.tree_shap import Explainer, _question


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


def test_values_on_a_threshold_are_those_of_lightgbm() -> None:
    booster = fitted(3)
    rows = []
    for tree in booster.dump_model()["tree_info"]:
        for node in _splits(tree["tree_structure"]):
            for near in (node["threshold"], np.float32(node["threshold"])):
                row = np.zeros(6, dtype=np.float32)
                # LightGBM reads what is nearer to zero than 1e-35 as zero.
                row[node["split_feature"]] = near if abs(near) > 1e-30 else 0.0
                rows.append(row)
    numbers = np.stack(rows)
    wanted = np.asarray(booster.predict(numbers, pred_contrib=True))[:, :-1]
    assert np.allclose(Explainer.of(booster).contributions(numbers, 1), wanted, atol=1e-12)


def test_threads_and_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = Explainer.of(fitted(5))
    rows = np.random.default_rng(5).normal(size=(1_000, 6)).astype(np.float32)
    whole = explainer.contributions(rows, 1)
    monkeypatch.setattr("gosales_assets.models.tree_shap.PIECE", 77)
    assert np.array_equal(explainer.contributions(rows, 3), whole)
    assert explainer.contributions(rows[:0], 2).shape == (0, 6)


def test_a_booster_that_learned_nothing_moves_nothing() -> None:
    rows = np.zeros((200, 3), dtype=np.float32)
    data = lgb.Dataset(rows, np.arange(200) % 2)
    booster = lgb.train({"objective": "binary", "verbose": -1}, data, 3)
    assert not Explainer.of(booster).contributions(rows, 1).any()


@pytest.mark.filterwarnings("error")
def test_a_split_of_known_from_unknown_is_understood() -> None:
    node = {"split_feature": 0, "threshold": 1.7e308, "missing_type": "NaN", "default_left": False}
    rows = np.array([[1.0], [np.finfo(np.float32).max], [np.nan]], dtype=np.float32)
    assert _question(node).answers(rows).tolist() == [True, True, False]


def test_large_trees_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 11 leaves"):
        Explainer.of(fitted(1, leaves=31))


def _splits(node: dict) -> list[dict]:  # type: ignore[type-arg]
    if "split_index" not in node:
        return []
    return [node, *_splits(node["left_child"]), *_splits(node["right_child"])]
