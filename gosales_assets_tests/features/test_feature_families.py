"""Families that are off: models do not see them, the layers and the catalogue still do."""

from pathlib import Path

import pytest

from gosales_assets.feature_families import ALWAYS_ON
from gosales_assets.features import layers
from gosales_assets.features.catalog import CATALOG, feature_names
from gosales_assets.features.checks import CHECKED
from gosales_assets.features.contract import CUSTOMER_FEATURES, DIVISION_FEATURES, feature_matrix
from gosales_assets.features.layers import MATRIX_KEYS
from gosales_assets.models.naive import ORDERS, ORDERS_OF_DIVISION, OWNED
from gosales_assets.scores.grading import RECENT_ORDERS
from gosales_assets.settings import Settings, SettingsError, load_settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import facts, fill, matrix, world


def test_the_matrix_leaves_them_out_and_the_layers_do_not(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(warehouse, facts(world(3)))
    monkeypatch.setattr(layers, "FEATURE_MATRIX", feature_matrix([]))
    everything = matrix(warehouse)
    monkeypatch.setattr(layers, "FEATURE_MATRIX", feature_matrix(["lifetime", "market"]))
    frame = matrix(warehouse)
    gone = [f.name for f in CATALOG if f.family in {"lifetime", "market"}]
    assert [*MATRIX_KEYS, *feature_names()] == everything.columns
    assert frame.equals(everything.drop(gone))
    stored = {*CUSTOMER_FEATURES.types, *DIVISION_FEATURES.types}
    assert stored >= set(gone)


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
