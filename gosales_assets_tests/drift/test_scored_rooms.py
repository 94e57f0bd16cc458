"""Whitespace, validation and drift through Dagster: what is wired is what was meant."""

from typing import Any

import dagster as dg
import polars as pl
import pytest

from gosales_assets.drift import assets as drift_room
from gosales_assets.drift.contract import DRIFT_ALERTS
from gosales_assets.labels.contract import PREVALENCE
from gosales_assets.partitions import KEYS
from gosales_assets.settings import Validation, current_settings
from gosales_assets.validation import assets as validation_room
from gosales_assets.validation.contract import BACKTESTS, GAINS
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import assets as whitespace_room
from gosales_assets.whitespace.contract import ELIGIBILITY_COUNTS, WHITESPACE, WHITESPACE_METRICS
from gosales_assets.whitespace.handout_contract import SELECTED, SHADOW_SCORES
from gosales_assets_tests.validation.scored_world import (
    CLOSED,
    IDS,
    OPEN,
    PEOPLE,
    TALKING,
    write_lake,
)

Runs = dict[str, dg.ExecuteInProcessResult]


def run(
    room: Any, warehouse: Warehouse, instance: dg.DagsterInstance, first: str, last: str
) -> dg.ExecuteInProcessResult:
    settings = current_settings().model_copy(
        update={"validation": Validation(bootstrap_replicates=10)}
    )
    return dg.materialize(
        [*room.ASSETS, *room.CHECKS],
        selection=dg.AssetSelection.assets(*room.ASSETS),
        resources={"warehouse": warehouse, "settings": settings},
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        },
        raise_on_error=False,
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Any:
    """A warehouse with all three rooms made for two cutoffs, and the runs that made them."""
    home = tmp_path_factory.mktemp("scored")
    warehouse = Warehouse(home=str(home), threads=2, code_version="test", basis="test")
    write_lake(warehouse)
    first, last = f"{CLOSED}|{KEYS.divisions[0]}", f"{OPEN}|{KEYS.divisions[-1]}"
    runs = {
        "whitespace": run(whitespace_room, warehouse, instance, CLOSED, OPEN),
        "validation": run(validation_room, warehouse, instance, first, last),
        "drift": run(drift_room, warehouse, instance, CLOSED, OPEN),
    }
    return warehouse, runs


@pytest.fixture
def warehouse(lake: tuple[Warehouse, Runs]) -> Warehouse:
    return lake[0]


@pytest.mark.parametrize("room", ["whitespace", "validation", "drift"])
def test_every_run_and_blocking_check_passes(lake: tuple[Warehouse, Runs], room: str) -> None:
    result = lake[1][room]
    assert result.success
    failed = [
        e.check_name for e in result.get_asset_check_evaluations() if not e.passed and e.blocking
    ]
    assert failed == []


def test_checks_are_recorded_for_every_partition(lake: tuple[Warehouse, Runs]) -> None:
    evaluations = lake[1]["validation"].get_asset_check_evaluations()
    named = [e for e in evaluations if e.check_name == "model_not_below_naive"]
    assert len({e.partition for e in named} - {None}) == 2 * len(KEYS.divisions)
    assert all(e.passed for e in named)


def test_states_of_the_lists(warehouse: Warehouse) -> None:
    divisions = len(KEYS.divisions)
    counts = warehouse.read(ELIGIBILITY_COUNTS, cutoff=OPEN)
    states = dict(counts.group_by("state").agg(pl.col("rows").sum()).iter_rows())
    assert states["owned"] == 100 * divisions
    assert sum(states.values()) == PEOPLE * divisions
    newest = warehouse.read(WHITESPACE, cutoff=OPEN)
    evident = newest.filter(pl.col("lift").is_not_null())
    assert evident.select("customer_id", "division").rows() == [(IDS[1], KEYS.divisions[0])]


def test_candidates_that_a_list_loses_are_named(warehouse: Warehouse) -> None:
    """Also where a division is lost as a whole."""
    keys, before = {"cutoff": OPEN}, warehouse.read(ELIGIBILITY_COUNTS, cutoff=OPEN)
    one, other = KEYS.divisions[:2]
    assert whitespace_room.lost(warehouse, keys) == []
    fewer = pl.when((pl.col("division") == one) & (pl.col("rule") == "none"))
    damaged = before.filter(pl.col("division") != other).with_columns(
        rows=fewer.then(pl.col("rows") - 3).otherwise("rows")
    )
    warehouse.write(ELIGIBILITY_COUNTS, damaged, **keys)
    found = {breach.rule: breach.rows for breach in whitespace_room.lost(warehouse, keys)}
    warehouse.write(ELIGIBILITY_COUNTS, before, **keys)
    about = "states of {} add up to its candidates"
    assert found == {about.format(one): 3, about.format(other): PEOPLE}


def test_todays_deals_do_not_rewrite_past_lists(warehouse: Warehouse) -> None:
    states = {}
    for cutoff in (CLOSED, OPEN):
        rows = warehouse.read(WHITESPACE, cutoff=cutoff)
        states[cutoff] = set(rows.filter(pl.col("customer_id") == TALKING)["state"])
    assert states == {CLOSED: {"potential"}, OPEN: {"open_deal"}}


def test_closed_lists_are_measured_and_open_ones_are_not(warehouse: Warehouse) -> None:
    captured = {
        cutoff: set(warehouse.read(WHITESPACE_METRICS, cutoff=cutoff)["metric"])
        for cutoff in (CLOSED, OPEN)
    }
    assert "capture_10" in captured[CLOSED]
    assert "capture_10" not in captured[OPEN]


def test_wallets_are_of_windows_that_had_closed(warehouse: Warehouse) -> None:
    """The older list's own window closes on the newer one's cutoff: its buyers spent 100 each."""
    wallets = {
        cutoff: set(warehouse.read(WHITESPACE, cutoff=cutoff)["wallet_gp"])
        for cutoff in (CLOSED, OPEN)
    }
    assert wallets == {CLOSED: {0.0}, OPEN: {100.0}}


def test_the_selected_rows_are_a_table_with_the_challenger_beside(warehouse: Warehouse) -> None:
    listed = warehouse.read(WHITESPACE, cutoff=OPEN).filter("selected")
    found = warehouse.read(SELECTED, cutoff=OPEN)
    assert found.drop("score_challenger").equals(listed)
    shadows = warehouse.read(SHADOW_SCORES, cutoff=OPEN)
    keys = ["division", "customer_id"]
    beside = listed.join(shadows, on=keys, validate="1:1")["score_challenger"]
    assert found["score_challenger"].equals(beside)


def test_metrics_name_the_list_that_they_measure(warehouse: Warehouse) -> None:
    named = {}
    for cutoff in (CLOSED, OPEN):
        (named[cutoff],) = set(warehouse.read(WHITESPACE_METRICS, cutoff=cutoff)["checksum"])
        assert named[cutoff] == warehouse.written(WHITESPACE, cutoff=cutoff).checksum
    assert named[CLOSED] != named[OPEN]


def test_backtests_and_gains_of_closed_cutoffs_only(warehouse: Warehouse) -> None:
    for division in KEYS.divisions:
        for table in (BACKTESTS, GAINS):
            assert warehouse.read(table, cutoff=CLOSED, division=division).height
            assert warehouse.read(table, cutoff=OPEN, division=division).is_empty()


def test_gains_come_with_a_picture(lake: tuple[Warehouse, Runs]) -> None:
    events = lake[1]["validation"].asset_materializations_for_node("validation__gains")
    drawn = [e for e in events if "picture" in e.metadata]
    assert len(drawn) == len(KEYS.divisions)


def test_drift_finds_the_unlisted_division_and_nothing_hard(
    lake: tuple[Warehouse, Runs],
) -> None:
    alerts = lake[0].read(DRIFT_ALERTS, cutoff=OPEN)
    assert "Unlisted" in alerts.filter(pl.col("alert") == "division not listed")["division"]
    assert "hard" not in alerts["severity"]
    checks = lake[1]["drift"].get_asset_check_evaluations()
    assert all(e.passed for e in checks if e.check_name == "no_hard_alerts")


def test_hard_alerts_fail_a_check_but_not_the_run(
    instance: dg.DagsterInstance, lake: tuple[Warehouse, Runs]
) -> None:
    warehouse = lake[0]
    before = warehouse.read(PREVALENCE, cutoff=CLOSED)
    nobody = before.with_columns(positives=pl.lit(0), prevalence=pl.lit(0.0))
    warehouse.write(PREVALENCE, nobody, cutoff=CLOSED)
    result = run(drift_room, warehouse, instance, CLOSED, CLOSED)
    warehouse.write(PREVALENCE, before, cutoff=CLOSED)
    assert result.success
    (check,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "no_hard_alerts"]
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.ERROR


def test_a_champion_in_the_backtests_raises_no_alert_of_its_own(lake: Any) -> None:
    warehouse, _ = lake
    keys = {"cutoff": CLOSED, "division": KEYS.divisions[0]}
    measured = warehouse.read(BACKTESTS, **keys)
    off = measured.filter(pl.col("metric") == "calibration_error").with_columns(
        value=pl.lit(0.9), low=pl.lit(0.8), high=pl.lit(1.0)
    )
    crowned = off.with_columns(ranking=pl.lit("champion"))
    others = measured.filter(pl.col("metric") != "calibration_error")
    warehouse.write(BACKTESTS, pl.concat([others, off, crowned]), **keys)
    try:
        alerts = list(
            drift_room._of_division(warehouse, current_settings(), CLOSED, KEYS.divisions[0])
        )
    finally:
        warehouse.write(BACKTESTS, measured, **keys)
    assert [alert.alert for alert in alerts].count("calibration") == 1
