"""The code location: loads, and every asset is described for people who do not program."""

import dagster as dg
import pytest

from gosales_assets.definitions import defs
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.tracking import Tracking
from gosales_assets_tests.paths import REPOSITORY

SPECS = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
# What is no table, and what its record in the UI leads to instead of columns.
NOT_TABLES = {
    "models/pooled_model",
    "models/calibrated_model",
    "runs/exports",
    "runs/published_database",
}


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


@pytest.mark.parametrize("key", sorted(SPECS), ids=dg.AssetKey.to_user_string)
def test_every_asset_shows_its_columns_and_where_to_read_about_it(key: dg.AssetKey) -> None:
    metadata = SPECS[key].metadata
    page = metadata["documentation"]
    assert isinstance(page, dg.PathMetadataValue)
    assert (REPOSITORY / str(page.path)).is_file()
    if key.to_user_string() not in NOT_TABLES:
        assert metadata["dagster/column_schema"].columns
        assert metadata["dagster/table_name"] == ".".join(key.path)


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("http://u:secret@flow:5000/", "http://flow:5000/#/experiments/3/runs/abc"),
        ("https://flow", "https://flow/#/experiments/3/runs/abc"),
        ("", None),
    ],
)
def test_a_training_leads_to_its_mlflow_run(uri: str, page: str | None) -> None:
    shown = Tracking(home="somewhere", uri=uri).link("3", "abc")
    assert shown["MLflow run"].value == "abc"
    assert (shown["MLflow page"].value if "MLflow page" in shown else None) == page


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
