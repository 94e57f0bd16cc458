"""Families that are off: neither computed nor seen by models, but listed in the catalogue."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from gosales_assets.feature_families import ALWAYS_ON, OFF_BY_DEFAULT, READ_ELSEWHERE, Family
from gosales_assets.features import layers
from gosales_assets.features.catalog import CATALOG, feature_names
from gosales_assets.features.checks import CHECKED
from gosales_assets.features.contract import (
    DIVISION_FEATURES,
    customer_features,
    division_features,
    feature_matrix,
)
from gosales_assets.features.layers import MATRIX_KEYS
from gosales_assets.features.told import installed_too_early, told_too_early
from gosales_assets.models.naive import ORDERS, ORDERS_OF_DIVISION, OWNED
from gosales_assets.scores.grading import RECENT_ORDERS
from gosales_assets.settings import Settings, SettingsError, load_settings
from gosales_assets.sources.contract import INSTALLED_BASE
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.lists import FROM_CUSTOMER_FEATURES, FROM_DIVISION_FEATURES
from gosales_assets_tests.features.feature_worlds import (
    CUTOFF,
    facts,
    fill,
    installed_products,
    matrix,
    world,
)
from gosales_assets_tests.star.order_lines import made


def switch_off(families: Sequence[Family], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "CUSTOMER_FEATURES", customer_features(families))
    monkeypatch.setattr(layers, "DIVISION_FEATURES", division_features(families))
    monkeypatch.setattr(layers, "FEATURE_MATRIX", feature_matrix(families))


@pytest.mark.parametrize(
    "families",
    [
        pytest.param(OFF_BY_DEFAULT, id="off by default"),
        pytest.param(sorted({f.family for f in CATALOG} - ALWAYS_ON), id="all that may be off"),
    ],
)
def test_they_are_not_computed_and_the_others_stay_as_they_are(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, families: Sequence[Family]
) -> None:
    fill(warehouse, facts(world(3)), installed=installed_products(3))
    everything = matrix(warehouse)
    assert [*MATRIX_KEYS, *feature_names()] == everything.columns
    switch_off(families, monkeypatch)
    assert matrix(warehouse).equals(everything.drop(_names(set(families))))
    stored = {*layers.CUSTOMER_FEATURES.types, *layers.DIVISION_FEATURES.types}
    assert stored.isdisjoint(_names(set(families) - READ_ELSEWHERE))


def test_what_lists_read_is_computed_though_models_do_not_see_it() -> None:
    others = sorted({f.family for f in CATALOG} - ALWAYS_ON)
    assert set(FROM_DIVISION_FEATURES) <= set(division_features(others).types)
    assert set(FROM_CUSTOMER_FEATURES) <= set(customer_features(others).types)
    assert set(feature_matrix(others).types).isdisjoint(_names(READ_ELSEWHERE))


def test_checks_of_side_tables_pass_over_what_is_not_computed() -> None:
    rows = DIVISION_FEATURES.empty().drop(_names({"profile", "installed"}))
    assert told_too_early(rows, {}) == []
    base = made(INSTALLED_BASE, installed_products(1))
    assert installed_too_early(rows, base, CUTOFF) == []


def _names(families: Collection[str]) -> list[str]:
    return [f.name for f in CATALOG if f.family in families]


@pytest.mark.parametrize(
    ("families", "expected"),
    [
        pytest.param("[recancy]", "unknown 'recancy'; did you mean 'recency'?", id="misspelt"),
        pytest.param("[xyz]", "unknown 'xyz'; known: affinity, diversity", id="unknown"),
        pytest.param("[rfm]", "rfm must stay", id="needed elsewhere"),
    ],
)
def test_bad_names_give_one_clear_line(tmp_path: Path, families: str, expected: str) -> None:
    path = tmp_path / "my.yaml"
    log = "sales_log: {files: [my.yaml]}"
    path.write_text(f"{log}\nfeatures: {{families_off: {families}}}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert "features.families_off" in str(caught.value)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_others_count_with_stays() -> None:
    checked = {f"rfm__div__{name}" for name in CHECKED} | {"recency__div__days__ever"}
    used = checked | {ORDERS, ORDERS_OF_DIVISION, OWNED, RECENT_ORDERS}
    others = sorted({f.family for f in CATALOG} - ALWAYS_ON)
    chosen = Settings.model_validate({"features": {"families_off": others}})
    assert used <= set(feature_matrix(chosen.features.families_off).types)
