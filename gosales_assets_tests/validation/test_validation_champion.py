"""Backtests show the champion by the scores that it gave itself, beside model and naive."""

from datetime import datetime

import dagster as dg
import polars as pl

from gosales_assets.partitions import KEYS
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Validation, current_settings
from gosales_assets.validation import assets as room
from gosales_assets.validation.archive import Kept, add_to_archive
from gosales_assets.validation.contract import BACKTESTS, GATE_HISTORY
from gosales_assets.validation.gate import Judgement, Version
from gosales_assets.validation.history import added, decided, next_step
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.validation.scored_world import CLOSED, write_lake

CROWNED, OTHER = KEYS.divisions[:2]
CHAMPION = Version("4", CLOSED, f"{CLOSED}+settings+code")


def test_the_champion_stands_beside_model_and_naive(
    warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    write_lake(warehouse)
    given = warehouse.read(ICP_SCORES, cutoff=CLOSED, division=CROWNED)
    reversed_ = given.select("customer_id", score=1 - pl.col("icp_score"))
    add_to_archive(warehouse, [Kept(CROWNED, CHAMPION, {CLOSED: reversed_})], "run")
    none = GATE_HISTORY.empty()
    step = next_step(none, datetime(2024, 1, 1), "ann", "run")
    crowned = Judgement(CROWNED, "promoted", "good", CHAMPION, None, {})
    warehouse.write(GATE_HISTORY, added(none, decided(none, step, crowned)))
    result = dg.materialize(
        room.ASSETS,
        resources={
            "warehouse": warehouse,
            "settings": current_settings().model_copy(
                update={"validation": Validation(bootstrap_replicates=10)}
            ),
        },
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": f"{CLOSED}|{KEYS.divisions[0]}",
            "dagster/asset_partition_range_end": f"{CLOSED}|{KEYS.divisions[-1]}",
        },
    )
    assert result.success
    shown = warehouse.read(BACKTESTS, cutoff=CLOSED, division=CROWNED)
    assert set(shown["ranking"]) == {"model", "champion", "naive"}
    auc = dict(shown.filter(metric="auc", cohort="all").select("ranking", "value").iter_rows())
    assert abs(auc["model"] + auc["champion"] - 1) < 1e-9
    assert shown.filter(ranking="champion", metric="brier", cohort="all")["value"].item() > 0.3
    without = warehouse.read(BACKTESTS, cutoff=CLOSED, division=OTHER)
    assert set(without["ranking"]) == {"model", "naive"}
