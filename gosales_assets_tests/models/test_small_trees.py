"""What is looked up of small trees is what LightGBM computes row by row, whatever the rows hold."""

from functools import cache
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.models.booster import booster_logits, forests_of
from gosales_assets.models.small_trees import Forest, NotSmall, inner_nodes, mean_log_odds, question
from gosales_assets.models.tree_shap import Explainer

COLUMNS = 5
LARGEST = float(np.finfo(np.float32).max)
WILD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e-35, -1e-35, LARGEST, -LARGEST]


@cache
def fitted(seed: int, leaves: int = 8, trees: int = 12, **more: Any) -> lgb.Booster:
    """Learn from rows with gaps, infinities, few values, and one sign only."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(1_500, COLUMNS)).round(1).astype(np.float32)
    rows[:, 1] = draw.integers(-2, 3, len(rows))
    rows[draw.random(len(rows)) < 0.3, 2] = np.nan
    rows[draw.random(len(rows)) < 0.1, 3] = np.inf
    rows[:, 4] = np.where(draw.random(len(rows)) < 0.5, 0.0, -np.abs(rows[:, 4]))
    pull = rows[:, 0] * rows[:, 1] + np.nan_to_num(rows[:, 2], nan=1.0) + 2 * (rows[:, 4] < 0)
    labels = draw.random(len(rows)) < 1 / (1 + np.exp(-pull))
    given = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbose": -1}
    data = lgb.Dataset(rows, labels, categorical_feature=list(more.pop("categories", ())))
    return lgb.train(given | {"seed": seed, "feature_fraction": 0.7} | more, data, trees)


def on_the_edge(booster: lgb.Booster) -> list[float]:
    """Find the thresholds of all trees, and the numbers next to them."""
    found: set[float] = set()
    for tree in booster.dump_model()["tree_info"]:
        for node in inner_nodes(tree["tree_structure"]):
            near = np.float32(np.clip(node["threshold"], -LARGEST, LARGEST))
            found |= {float(np.nextafter(near, np.float32(side))) for side in (-1e38, 1e38)}
            found.add(float(near))
    return sorted(found)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 3),
    leaves=st.sampled_from([2, 8, 11]),
    use_missing=st.booleans(),
    draw=st.data(),
)
def test_wild_rows_are_judged_as_by_lightgbm(
    seed: int, leaves: int, use_missing: bool, draw: st.DataObject
) -> None:
    booster = fitted(seed, leaves, use_missing=use_missing)
    value = st.sampled_from([*WILD, *on_the_edge(booster)]) | st.floats(width=32)
    row = st.lists(value, min_size=COLUMNS, max_size=COLUMNS)
    numbers = np.array(draw.draw(st.lists(row, min_size=1, max_size=30)), dtype=np.float32)
    raw = np.asarray(booster.predict(numbers, raw_score=True))
    assert np.array_equal(mean_log_odds([Forest.of(booster)], numbers, 1), raw)
    shap = np.asarray(booster.predict(numbers, pred_contrib=True))[:, :-1]
    assert np.allclose(Explainer.of(booster).contributions(numbers, 1), shap, rtol=0, atol=1e-12)


def test_boosters_are_averaged_to_the_last_bit_on_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boosters = [fitted(seed) for seed in range(3)]
    rows = np.random.default_rng(5).normal(size=(1_000, COLUMNS)).astype(np.float32)
    wanted = booster_logits(boosters, rows, 1)  # so few rows are LightGBM's
    monkeypatch.setattr("gosales_assets.models.pieces.PIECE", 77)
    monkeypatch.setattr("gosales_assets.models.booster.WORTH_LOOKING_UP", 1)
    for threads in (1, 3):
        assert np.array_equal(booster_logits(boosters, rows, threads), wanted)
        assert np.array_equal(booster_logits(boosters, np.asfortranarray(rows), threads), wanted)
    assert booster_logits(boosters, rows[:0], 2).shape == (0,)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"leaves": 12}, "more than 11 leaves"),
        ({"categories": (1,), "min_data_per_group": 5, "cat_smooth": 0.0}, "categories"),
        ({"zero_as_missing": True}, "zero for unknown"),
    ],
)
def test_other_trees_are_left_to_lightgbm(
    made: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    booster = fitted(1, **made)
    with pytest.raises(NotSmall, match=why):
        Forest.of(booster)
    assert forests_of([fitted(1), booster]) is None
    monkeypatch.setattr("gosales_assets.models.booster.WORTH_LOOKING_UP", 1)
    rows = np.ones((20, COLUMNS), dtype=np.float32)
    wanted = np.asarray(booster.predict(rows, raw_score=True))
    assert np.array_equal(booster_logits([booster], rows, 1), wanted)


def test_a_booster_that_learned_nothing_says_the_base_rate() -> None:
    rows = np.zeros((200, 3), dtype=np.float32)
    data = lgb.Dataset(rows, np.arange(200) % 4 == 0)
    booster = lgb.train({"objective": "binary", "verbose": -1}, data, 3)
    wanted = np.asarray(booster.predict(rows, raw_score=True))
    assert wanted[0] == pytest.approx(np.log(1 / 3))
    assert np.array_equal(mean_log_odds([Forest.of(booster)], rows, 1), wanted)
    assert not Explainer.of(booster).contributions(rows, 1).any()


@pytest.mark.filterwarnings("error")
def test_a_split_of_known_from_unknown_is_understood() -> None:
    node = {"split_feature": 0, "threshold": 1.7e308, "missing_type": "NaN", "default_left": False}
    values, bits = np.array([1.0, LARGEST, np.nan], dtype=np.float32), np.empty(3, dtype=np.bool_)
    asked = question(node)
    asked.ask(values, bits)
    assert asked.is_yes(bits).tolist() == [True, True, False]
