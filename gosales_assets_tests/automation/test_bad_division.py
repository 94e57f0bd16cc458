"""Planted bad divisions in the whole chain: each is left out with a reason, the others go on."""

from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from gosales_assets.automation.refresh import refresh
from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, check_partitions
from gosales_assets.definitions import build_resources, defs
from gosales_assets.drift.contract import DRIFT_ALERTS
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.models.contract import CALIBRATION
from gosales_assets.partitions import GRID, KEYS
from gosales_assets.scores.contract import ICP_SCORES, UNSCORED
from gosales_assets.settings import current_settings, environment
from gosales_assets.tables import Table
from gosales_assets.tracking import Tracking
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.contract import WHITESPACE

OLD, NEW = KEYS.cutoffs[1], KEYS.cutoffs[-1]
A, B, C = (
    f"{cutoff}|{name}" for cutoff, name in zip((OLD, NEW, NEW), KEYS.divisions, strict=False)
)


def planted(table: Table, cell: str) -> dg.AssetChecksDefinition:
    """A blocking check that one partition of the table fails."""

    @dg.asset_check(asset=asset_key(table), name="sound", blocking=True, partitions_def=GRID)
    def sound(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        def find(keys: dict[str, str]) -> list[Breach]:
            bad = "|".join(keys.values()) == cell
            return [Breach("customer_id", "is a customer", 3, ())] if bad else []

        return check_partitions(context, table, find, name="sound")

    return sound


def definitions(warehouse: Warehouse, *checks: dg.AssetChecksDefinition) -> dg.Definitions:
    resources = build_resources(current_settings(), environment())
    home = str(warehouse.home_path)
    return dg.Definitions(
        assets=defs.assets,
        asset_checks=[*(defs.asset_checks or []), *checks],
        resources=resources | {"warehouse": warehouse, "tracking": Tracking(home=home)},
        executor=dg.in_process_executor,
    )


def scored(warehouse: Warehouse, cutoff: str) -> set[str]:
    rows = [
        warehouse.read(ICP_SCORES, columns=["division"], cutoff=cutoff, division=division)
        for division in KEYS.divisions
    ]
    return set(pl.concat(rows)["division"])


def cell(key: str) -> dict[str, str]:
    return dict(zip(("cutoff", "division"), key.split("|"), strict=True))


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_bad_divisions_do_not_take_the_others_with_them(
    instance: dg.DagsterInstance, warehouse: Warehouse, tmp_path: Path
) -> None:
    bad = [planted(LABELS, A), planted(FEATURE_MATRIX, B), planted(CALIBRATION, C)]
    done = refresh(definitions(warehouse, *bad), instance, warehouse, KEYS)
    assert done.error is None
    assert not done.stopped
    assert not done.succeeded, "what failed is told at the end"
    failed = {(check.table, check.partition) for check in done.failed_checks}
    assert failed == {
        ("labels.labels", A),
        ("features.feature_matrix", B),
        ("models.calibration", C),
    }
    divisions = set(KEYS.divisions)
    assert scored(warehouse, NEW) == divisions - {cell(B)["division"], cell(C)["division"]}
    reasons = dict(warehouse.read(UNSCORED, cutoff=NEW).select("division", "reason").iter_rows())
    assert set(reasons) == {cell(B)["division"], cell(C)["division"]}
    assert all("failed a check: customer_id: is a customer" in why for why in reasons.values())
    listed = set(warehouse.read(WHITESPACE, columns=["division"], cutoff=NEW)["division"])
    assert listed == scored(warehouse, NEW)
    alerts = warehouse.read(DRIFT_ALERTS, cutoff=NEW)
    told = alerts.filter(pl.col("alert") == "division not scored")["division"]
    assert set(told) == set(reasons)
    with duckdb.connect(str(warehouse.published_database), read_only=True) as database:
        rows = database.sql(
            "select distinct division from scores.icp_scores where cutoff = ?", params=[NEW]
        )
        assert {name for (name,) in rows.fetchall()} == listed

    healed = refresh(definitions(warehouse), instance, warehouse, KEYS)
    assert healed.succeeded
    assert scored(warehouse, NEW) == divisions
