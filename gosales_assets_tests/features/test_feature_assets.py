"""The room through Dagster: assets over several cutoffs in one run, and their blocking checks."""

from datetime import timedelta

import dagster as dg
import polars as pl
import pytest

from gosales_assets.features.assets import ASSETS, CHECKS
from gosales_assets.features.catalog import CATALOG
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    FEATURE_CATALOG,
    FEATURE_MATRIX,
    FEATURE_STATISTICS,
    FITTED_STATISTICS,
)
from gosales_assets.labels.candidates import candidates
from gosales_assets.labels.contract import CANDIDATES
from gosales_assets.partitions import CUTOFFS, GRID, KEYS, day
from gosales_assets.settings import Settings, current_settings
from gosales_assets.star.contract import CUSTOMER_DAY, FACT_TRANSACTIONS
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import facts, fill, world
from gosales_assets_tests.star.order_lines import Row, evaluate

TWO = KEYS.cutoffs[:2]
ROWS: list[Row] = [
    row | {"division": KEYS.divisions[ord(row["sku"]) % 4]}
    for row in world(11, customers=25, last_day=day(TWO[1]) + timedelta(days=90))
]


def _run(
    warehouse: Warehouse, instance: dg.DagsterInstance, keys: list[str], assets: list[str]
) -> dg.ExecuteInProcessResult:
    by_name = {asset.node_def.name: asset for asset in ASSETS}
    chosen = [by_name[name] for name in assets]
    tags = {
        "dagster/asset_partition_range_start": keys[0],
        "dagster/asset_partition_range_end": keys[-1],
    }
    made = {key for asset in chosen for key in asset.keys}
    return dg.materialize(
        [
            *chosen,
            *(check for check in CHECKS if any(k.asset_key in made for k in check.check_keys)),
        ],
        selection=dg.AssetSelection.assets(*made),
        tags=tags,
        instance=instance,
        resources={"warehouse": warehouse, "settings": current_settings()},
        raise_on_error=False,
    )


def _prepare(warehouse: Warehouse, settings: Settings) -> None:
    fill(warehouse, facts(ROWS), settings)
    days = warehouse.read(CUSTOMER_DAY)
    for cutoff in TWO:
        pairs = evaluate(lambda t, c=cutoff: candidates(t, KEYS.divisions, day(c)), days)
        for (division,), rows in pairs.partition_by("division", as_dict=True).items():
            warehouse.write(CANDIDATES, rows, cutoff=cutoff, division=str(division))


@pytest.fixture
def built(warehouse: Warehouse, instance: dg.DagsterInstance) -> Warehouse:
    _prepare(warehouse, current_settings())
    cutoffs = CUTOFFS.get_partition_keys()[:2]
    grid = [f"{cutoff}|{division}" for cutoff in TWO for division in KEYS.divisions]
    assert set(grid) <= set(GRID.get_partition_keys())
    for keys, assets in (
        (cutoffs, ["features__fitted", "features__customer_features"]),
        (grid, ["features__division_features", "features__feature_matrix"]),
        (cutoffs, ["features__feature_statistics"]),
    ):
        result = _run(warehouse, instance, list(keys), assets)
        assert result.success
        failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]
        assert failed == []
    return warehouse


def test_two_cutoffs_in_one_run(built: Warehouse, instance: dg.DagsterInstance) -> None:
    assert len(built.partitions(FEATURE_MATRIX)) == 2 * len(KEYS.divisions)
    assert len(built.partitions(FITTED_STATISTICS)) == len(built.partitions(AFFINITY_EVIDENCE)) == 2
    assert built.read(FEATURE_STATISTICS, cutoff=TWO[0]).height == len(CATALOG)
    by_name = {asset.node_def.name: asset for asset in ASSETS}
    dg.materialize(
        [by_name["features__feature_catalog"]],
        instance=instance,
        resources={"warehouse": built, "settings": current_settings()},
    )
    coverage = built.read(FEATURE_CATALOG)["coverage"]
    assert coverage.null_count() == 0


def test_activity_that_facts_do_not_bear_out_is_stopped(
    warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    _prepare(warehouse, current_settings())
    keys = list(TWO)
    _run(warehouse, instance, keys, ["features__fitted"])
    doubled = warehouse.read(FACT_TRANSACTIONS).with_columns(pl.col("value") * 2)
    warehouse.write(FACT_TRANSACTIONS, doubled)
    result = _run(warehouse, instance, keys, ["features__customer_features"])
    failed = {
        (e.check_name, e.partition) for e in result.get_asset_check_evaluations() if not e.passed
    }
    assert failed == {("as_of", None), *(("as_of", cutoff) for cutoff in TWO)}
