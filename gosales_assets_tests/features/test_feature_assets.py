"""The room through Dagster: assets over several cutoffs in one run, and their blocking checks."""

from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from gosales_assets.features import profile
from gosales_assets.features.assets import ASSETS, CHECKS
from gosales_assets.features.catalog import feature_names
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FEATURE_CATALOG,
    FEATURE_MATRIX,
    FEATURE_STATISTICS,
    FITTED_STATISTICS,
    MATRIX_STATISTICS,
    WINSOR_CAPS,
)
from gosales_assets.labels.contract import CANDIDATES
from gosales_assets.partitions import CUTOFFS, GRID, KEYS, day
from gosales_assets.settings import Settings, current_settings
from gosales_assets.sources.contract import CUSTOMERS
from gosales_assets.star.contract import CUSTOMER_DAY, FACT_TRANSACTIONS
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import facts, fill, world
from gosales_assets_tests.labels.given_windows import write_windows
from gosales_assets_tests.labels.laid_out import candidates_of
from gosales_assets_tests.star.order_lines import Row, made

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
    write_windows(warehouse)
    days = warehouse.read(CUSTOMER_DAY)
    for cutoff in TWO:
        pairs = candidates_of(days, KEYS.divisions, day(cutoff))
        for (division,), rows in pairs.partition_by("division", as_dict=True).items():
            warehouse.write(CANDIDATES, rows, cutoff=cutoff, division=str(division))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Warehouse:
    """A warehouse with the features of two cutoffs, all partitions of an asset in one run."""
    home = tmp_path_factory.mktemp("features")
    warehouse = Warehouse(home=str(home), code_version="test", basis="test")
    _prepare(warehouse, current_settings())
    cutoffs = CUTOFFS.get_partition_keys()[:2]
    grid = [f"{cutoff}|{division}" for cutoff in TWO for division in KEYS.divisions]
    assert set(grid) <= set(GRID.get_partition_keys())
    for keys, assets in (
        (cutoffs, ["features__past", "features__fitted", "features__customer_features"]),
        (grid, ["features__division_features"]),
        (cutoffs, ["features__winsor_caps", "features__feature_statistics"]),
        (grid, ["features__feature_matrix"]),
        (cutoffs, ["features__matrix_statistics"]),
    ):
        result = _run(warehouse, instance, list(keys), assets)
        assert result.success
        failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]
        assert failed == []
    return warehouse


def test_two_cutoffs_in_one_run(built: Warehouse, instance: dg.DagsterInstance) -> None:
    assert len(built.partitions(FEATURE_MATRIX)) == 2 * len(KEYS.divisions)
    assert len(built.partitions(FITTED_STATISTICS)) == len(built.partitions(AFFINITY_EVIDENCE)) == 2
    described = built.read(FEATURE_STATISTICS, cutoff=TWO[0])
    of_targets = feature_names("div", "mkt")
    assert described.height == len(feature_names("all")) + len(of_targets) * len(KEYS.divisions)
    capped = described.filter(pl.col("cap").is_not_null())
    caps = built.read(WINSOR_CAPS, cutoff=TWO[0]).select("feature", "division", "cap")
    assert_frame_equal(capped.select(caps.columns), caps, check_row_order=False)
    matrices = built.read(MATRIX_STATISTICS, cutoff=TWO[0])
    first = {"cutoff": TWO[0], "division": matrices["division"][0]}
    assert matrices["checksum"][0] == built.footer(FEATURE_MATRIX, **first)["gosales.checksum"]
    by_name = {asset.node_def.name: asset for asset in ASSETS}
    dg.materialize(
        [by_name["features__feature_catalog"]],
        instance=instance,
        resources={"warehouse": built, "settings": current_settings()},
    )
    coverage = built.read(FEATURE_CATALOG)["coverage"]
    assert coverage.null_count() == 0


def test_one_partition_at_a_time_gives_what_one_run_gives(
    built: Warehouse, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    _prepare(warehouse, current_settings())
    cutoff, division = TWO[1], KEYS.divisions[0]
    for key, assets in (
        (cutoff, ["features__past", "features__fitted", "features__customer_features"]),
        (f"{cutoff}|{division}", ["features__division_features"]),
        (cutoff, ["features__winsor_caps"]),
        (f"{cutoff}|{division}", ["features__feature_matrix"]),
    ):
        assert _run(warehouse, instance, [key], assets).success
    for table in (FITTED_STATISTICS, AFFINITY_EVIDENCE, CUSTOMER_FEATURES):
        keys = {"cutoff": cutoff}
        assert _checksum(warehouse, table, keys) == _checksum(built, table, keys), table.name
    for table in (DIVISION_FEATURES, FEATURE_MATRIX):
        keys = {"cutoff": cutoff, "division": division}
        assert _checksum(warehouse, table, keys) == _checksum(built, table, keys), table.name


def _checksum(warehouse: Warehouse, table: Table, keys: dict[str, str]) -> str:
    return warehouse.footer(table, **keys)["gosales.checksum"]


def test_what_a_side_table_says_only_later_is_stopped(
    warehouse: Warehouse, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    _prepare(warehouse, current_settings())
    later = {"customer_id": "c01", "region": "West", "valid_from": day(TWO[1])}
    warehouse.write(CUSTOMERS, made(CUSTOMERS, [later]))
    honest = profile.known_by
    monkeypatch.setattr(
        profile, "known_by", lambda rows, key, _day, stable: honest(rows, key, date.max, stable)
    )
    assert _run(warehouse, instance, [TWO[0]], ["features__past", "features__fitted"]).success
    cell = {"cutoff": TWO[0], "division": KEYS.divisions[0]}
    result = _run(warehouse, instance, ["|".join(cell.values())], ["features__division_features"])
    failed = {e.check_name for e in result.get_asset_check_evaluations() if not e.passed}
    assert failed == {"side_tables_as_of"}
    assert warehouse.is_broken(DIVISION_FEATURES, **cell)


def test_activity_that_facts_do_not_bear_out_is_stopped(
    warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    _prepare(warehouse, current_settings())
    keys = list(TWO)
    _run(warehouse, instance, keys, ["features__past", "features__fitted"])
    doubled = warehouse.read(FACT_TRANSACTIONS).with_columns(pl.col("value") * 2)
    warehouse.write(FACT_TRANSACTIONS, doubled)
    result = _run(warehouse, instance, keys, ["features__customer_features"])
    failed = {
        (e.check_name, e.partition) for e in result.get_asset_check_evaluations() if not e.passed
    }
    assert failed == {("as_of", None), *(("as_of", cutoff) for cutoff in TWO)}
