"""The catalogue is complete: every column has an entry, and every entry a column."""

import re
from typing import get_args

import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.feature_families import ALWAYS_ON, Family
from gosales_assets.features.catalog import (
    CATALOG,
    FAMILIES,
    feature,
    feature_names,
    plain_words,
)
from gosales_assets.features.contract import (
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FEATURE_CATALOG,
    FEATURE_MATRIX,
    FEATURE_STATISTICS,
)
from gosales_assets.features.layers import MATRIX_KEYS
from gosales_assets.features.statistics import feature_catalog, feature_statistics
from gosales_assets.settings import Settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import CUTOFF, facts, fill, matrix, world

PROMISED = [
    *(f"rfm__{s}__orders__{w}" for s in ("div", "all") for w in ("3m", "6m", "12m", "24m", "ever")),
    "rfm__div__value__12m",
    "rfm__div__value__24m",
    "rfm__all__value__12m",
    "recency__div__days__ever",
    "recency__all__days__ever",
    "diversity__all__divisions_owned__ever",
    "ownership__div__owned__ever",
    "affinity__div__max_lift__12m",
    "similarity__div__als__24m",
    "market__mkt__base_rate__now",
]


def test_names_are_unique_and_say_their_four_parts() -> None:
    names = feature_names()
    assert len(names) == len(set(names)) == len(CATALOG)
    window = "3m|6m|12m|24m|ever|now"
    for name in names:
        assert re.fullmatch(rf"[a-z]+__(all|div|mkt)__[a-z0-9_]+__({window})", name), name
        assert not re.search(r"(19|20)\d\d", name)


@pytest.mark.parametrize("name", PROMISED)
def test_names_that_other_rooms_rely_on_are_there(name: str) -> None:
    assert feature(name).name == name


def test_target_features_name_the_target_in_plain_words() -> None:
    for entry in CATALOG:
        assert ("{division}" in plain_words(entry.name)) == (entry.scope == "div") or (
            entry.scope == "mkt"
        )
    assert (
        plain_words("rfm__div__orders__12m").format(division="Tools")
        == "orders of Tools in the last 12 months"
    )


def test_matrix_holds_the_catalogue_and_nothing_else(warehouse: Warehouse) -> None:
    fill(warehouse, facts(world(3)))
    frame = matrix(warehouse)
    assert frame.columns == [*MATRIX_KEYS, *feature_names()]
    assert breaches(FEATURE_MATRIX, frame.filter(pl.col("division") == "Tools")) == []
    assert list(CUSTOMER_FEATURES.types) == ["cutoff", "customer_id", *feature_names("all")]
    assert list(DIVISION_FEATURES.types)[3:] == feature_names("div", "mkt")
    nobody = frame.filter(pl.col("division") == "Brushes")
    assert nobody["rfm__div__orders__ever"].to_list() == [0.0] * nobody.height
    assert nobody["recency__div__days__ever"].null_count() == nobody.height


def test_every_family_is_known_to_the_settings_and_described() -> None:
    named = list(dict.fromkeys(entry.family for entry in CATALOG))
    assert set(named) == set(FAMILIES) == set(get_args(Family))
    assert set(named) >= ALWAYS_ON


def test_absent_signals_have_no_coverage_and_fail_nothing(warehouse: Warehouse) -> None:
    fill(warehouse, facts(world(3)))
    off = Settings.model_validate({"features": {"als_factors": 0}})
    frame = matrix(warehouse, off)
    statistics = feature_statistics(frame, CUTOFF, "Tools", {})
    assert breaches(FEATURE_STATISTICS, statistics) == []
    coverage = dict(statistics.select("feature", "coverage").iter_rows())
    absent = [f.name for f in CATALOG if f.family in {"installed", "seats"}]
    absent += [name for name in coverage if name.startswith("profile__div__industry")]
    assert len(absent) == 17
    assert {coverage[name] for name in [*absent, "similarity__div__als__24m"]} == {0.0}
    assert coverage["rfm__div__orders__12m"] == 1.0


def test_catalogue_as_a_table_has_coverage_and_status(warehouse: Warehouse) -> None:
    fill(warehouse, facts(world(3)))
    frame = matrix(warehouse)
    parts = [feature_statistics(frame, CUTOFF, target, {}) for target in ("Paint", "Tools")]
    table = feature_catalog(pl.concat(parts), ["rate"])
    assert breaches(FEATURE_CATALOG, table) == []
    assert table["feature"].to_list() == feature_names()
    assert set(table.filter(pl.col("family") == "rate")["status"]) == {"off by setting"}
    assert set(table.filter(pl.col("family") != "rate")["status"]) == {"in the matrix"}
    shares = dict(table.select("feature", "coverage").iter_rows())
    name = "recency__div__days__ever"
    assert shares[name] == pytest.approx(1 - frame[name].null_count() / frame.height)
    assert feature_catalog(FEATURE_STATISTICS.empty(), [])["coverage"].null_count() == len(CATALOG)
