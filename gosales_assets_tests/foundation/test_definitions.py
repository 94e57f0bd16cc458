"""The code location: loads, and every asset is described for people who do not program."""

import dagster as dg
import pytest

from gosales_assets.definitions import defs
from gosales_assets.runs.tables import ALL_TABLES

SPECS = {spec.key: spec for spec in defs.resolve_all_asset_specs()}


def test_definitions_load() -> None:
    dg.Definitions.validate_loadable(defs)


@pytest.mark.parametrize("key", sorted(SPECS), ids=dg.AssetKey.to_user_string)
def test_every_asset_is_described_owned_and_grouped(key: dg.AssetKey) -> None:
    spec = SPECS[key]
    assert spec.description
    assert len(spec.description) > 40
    assert spec.owners
    assert spec.kinds
    assert spec.group_name == spec.key.path[0]


@pytest.mark.parametrize("table", ALL_TABLES, ids=[t.name for t in ALL_TABLES])
def test_every_table_is_an_asset_with_a_blocking_contract(table) -> None:
    key = dg.AssetKey(table.name.split("."))
    assert "dagster/column_schema" in SPECS[key].metadata
    checks = defs.resolve_asset_graph().asset_check_keys
    assert dg.AssetCheckKey(key, "contract") in checks


@pytest.mark.parametrize("table", ALL_TABLES, ids=[t.name for t in ALL_TABLES])
def test_every_column_says_what_it_means(table) -> None:
    undescribed = [n for n, column in table.schema.columns.items() if not column.description]
    assert undescribed == []
    assert set(table.sort) <= set(table.types)
