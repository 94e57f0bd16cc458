"""Likeness: neighbours leave own purchases out, and factors are the same however they are made."""

import json

import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from gosales_assets.features import similarity
from gosales_assets.features.assets import CHECKS
from gosales_assets.features.contract import FITTED
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.similarity import (
    als_scores,
    fit_item_factors,
    item_cosines,
    neighbour_scores,
)
from gosales_assets.settings import Settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import CUTOFF, cells, facts, fill, learn, matrix
from gosales_assets_tests.star.order_lines import line

ALL = np.ones((3, 1), dtype=bool)


def random_months(customers: int, items: int = 6) -> np.ndarray:
    draw = np.random.default_rng(7)
    return np.where(
        draw.random((customers, items)) < 0.3, draw.integers(1, 9, (customers, items)), 0.0
    )


def test_a_neighbourhood_is_what_others_bought_with_the_target() -> None:
    months = np.array([[3, 1, 0], [1, 0, 0], [0, 2, 5], [9, 4, 0]], dtype=float)
    speaks = np.array([[False], [True], [True]])  # the first item is the target itself
    cosines = item_cosines(months, speaks, [0])
    assert cosines.ravel() == pytest.approx([0, 2 / 3, 0])
    scores = neighbour_scores(months, cosines).ravel()
    assert scores == pytest.approx([1, 0, 1, 1])  # the second owns nothing but the target
    nobody = neighbour_scores(months[:, :1], item_cosines(months[:, :1], ~ALL[:1], [0]))
    assert np.isnan(nobody).all()


def test_only_the_nearest_items_count_and_ties_go_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "NEIGHBOURS", 2)
    months = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0]], dtype=float)
    speaks = np.array([[False], [True], [True], [True]])
    cosines = item_cosines(months, speaks, [0]).ravel()
    assert cosines[0] == cosines[3] == 0
    assert cosines[1] == 1
    assert cosines[2] == pytest.approx(2 / np.sqrt(6))


def test_a_sku_sets_own_division_does_not_speak_for_it(warehouse: Warehouse) -> None:
    settings = Settings.model_validate(
        {"features": {"affinity_min_customers": 1}, "targets": {"sku_sets": {"Set q": ["q"]}}}
    )
    rows = [
        line(f"c{n}", "2024-02-10", order_id="o", sku=sku, division=division)
        for n, bought in enumerate(
            [[("q", "Tools")], [("q", "Tools"), ("r", "Paint")], [("r", "Paint")]]
        )
        for sku, division in bought
    ]
    fill(warehouse, facts(rows), settings)
    targets = ["Paint", "Set q", "Tools"]
    found = cells(matrix(warehouse, settings, targets))
    name = "similarity__div__neighbour__24m"
    # Who bought q holds Tools by that alone: only Paint speaks for the set.
    assert [found["Set q", f"c{n}"][name] for n in range(3)] == [0, 1, 1]
    learned = learn(warehouse, settings, targets)
    stored = parameters_of(learned.statistics)["similarity"]
    assert len(stored["cosines"]) == len(stored["items"]) == 3


def test_factors_do_not_depend_on_threads_nor_scores_on_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    months = random_months(400)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(fit_item_factors(months, 16, 5, seed=1))
    assert found[0] is not None
    assert np.array_equal(*found)
    whole = als_scores(months, found[0])
    monkeypatch.setattr(similarity, "_AT_ONCE", 33)
    assert als_scores(months, found[0]) == pytest.approx(whole)


def test_factors_of_a_large_base_are_fitted_on_a_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "MOST_CUSTOMERS", 600)
    months = np.zeros((2_000, 6))
    months[::2, :3] = months[1::2, 3:] = 2.0  # two kinds of customers
    first, again = (fit_item_factors(months, 16, 15, seed=1) for _ in range(2))
    assert first is not None
    assert np.array_equal(first, np.asarray(again))
    scores = als_scores(months, first)
    assert (scores[::2, :3] > 0.5).all()
    assert (np.abs(scores[::2, 3:]) < 0.1).all()


@pytest.mark.parametrize("table", FITTED, ids=[t.name for t in FITTED])
def test_what_is_fitted_says_until_when_and_is_checked(table) -> None:
    assert table.types["fit_date"] == pl.Date
    checked = {key for check in CHECKS for key in check.check_keys}
    assert ("as_of", table.name) in {(key.name, ".".join(key.asset_key.path)) for key in checked}


def test_stored_parameters_read_back_as_they_were(warehouse: Warehouse) -> None:
    rows = [line(f"c{n}", "2024-02-10", order_id="o") for n in range(3)]
    fill(warehouse, facts(rows))
    statistics = learn(warehouse).statistics
    assert set(statistics["cutoff"]) == {CUTOFF}
    again = {
        name: json.dumps(value, sort_keys=True) for name, value in parameters_of(statistics).items()
    }
    assert list(again.values()) == statistics["parameters"].to_list()
