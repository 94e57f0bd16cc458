"""Jobs, the schedule and the action sensor: off by default, and they do what they say."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from gosales_assets.automation.answers import recorded_actions
from gosales_assets.automation.jobs import CHAIN, JOBS, everything, refresh_facts, score_and_rank
from gosales_assets.automation.month_end import month_end
from gosales_assets.automation.switches import switched
from gosales_assets.definitions import build_resources, defs
from gosales_assets.partitions import KEYS
from gosales_assets.provenance import SESSION_TAG
from gosales_assets.settings import (
    Settings,
    SettingsError,
    current_settings,
    environment,
    load_settings,
)
from gosales_assets.star.contract import FACT_TRANSACTIONS
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.actions import record, talking


@pytest.fixture
def resources(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Resources of a job and of the code location that it refreshes: a lake of their own."""
    made = build_resources(current_settings(), environment()) | {"warehouse": warehouse}
    own = dg.Definitions(
        assets=defs.assets,
        asset_checks=defs.asset_checks,
        resources=made,
        executor=dg.in_process_executor,
    )
    monkeypatch.setattr("gosales_assets.definitions.defs", own)
    return made


def run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    resources: dict[str, object],
    config: dict[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    given = {"ops": {f"bring_up_to_date__{job.name}": {"config": config}}} if config else None
    return job.execute_in_process(
        instance=instance, resources=resources, run_config=given, raise_on_error=False
    )


def test_every_job_has_a_name_a_description_and_needs_no_typing() -> None:
    names = {job.name for job in JOBS}
    assert names == {
        "refresh_facts",
        "backfill_features",
        "train",
        "score_and_rank",
        "validate",
        "everything",
    }
    for job in JOBS:
        assert job.description
        assert len(job.description) > 80
        assert dg.validate_run_config(defs.resolve_job_def(job.name), {})
        assert job.tags.items() >= CHAIN.items()


def test_a_job_brings_its_rooms_up_to_date_in_runs_of_one_session(
    instance: dg.DagsterInstance, resources: dict[str, object], warehouse: Warehouse
) -> None:
    done = run(refresh_facts, instance, resources)
    assert done.success
    assert warehouse.read(FACT_TRANSACTIONS).height > 1_000
    session = instance.get_run_by_id(done.run_id).tags[SESSION_TAG]
    together = instance.get_runs(dg.RunsFilter(tags={SESSION_TAG: session}))
    assert len(together) == 2, "the job, and the run of the one step that it needed"
    again = run(refresh_facts, instance, resources)
    session = instance.get_run_by_id(again.run_id).tags[SESSION_TAG]
    assert len(instance.get_runs(dg.RunsFilter(tags={SESSION_TAG: session}))) == 1


def test_a_choice_that_is_not_there_fails_the_job_and_names_the_nearest(
    instance: dg.DagsterInstance, resources: dict[str, object]
) -> None:
    done = run(everything, instance, resources, {"divisions": "Simulaton", "cutoffs": ""})
    assert not done.success
    (failed,) = done.get_step_failure_events()
    told = failed.step_failure_data.user_failure_data
    assert told is not None
    assert told.description == "divisions: no division 'Simulaton'; the nearest is 'Simulation'"


def test_everything_is_off_by_default() -> None:
    given = [*(defs.sensors or []), *(defs.schedules or [])]
    assert {each.name for each in given} == {
        "landing",
        "recorded_actions",
        "failures",
        "hard_alerts_webhook",
        "month_end",
    }
    for each in given:
        assert each.default_status.value == "STOPPED", each.name
        assert each.description
    switches = current_settings().automation.model_dump().values()
    assert [value for value in switches if isinstance(value, bool)] == [False] * 5


def test_one_section_of_the_settings_switches_on_and_changes_no_result(tmp_path: Path) -> None:
    config = tmp_path / "gosales.yaml"

    def load(**automation: object) -> Settings:
        content = {"sales_log": {"files": ["log.csv"]}, "automation": automation}
        config.write_text(yaml.safe_dump(content), encoding="utf-8")
        return load_settings(config)

    (tmp_path / "log.csv").touch()

    on = load(landing_sensor=True, month_end_cron="30 4 3 * *", month_end_timezone="Europe/Berlin")
    assert switched(on.automation.landing_sensor) is dg.DefaultSensorStatus.RUNNING
    assert switched(on.automation.action_sensor) is dg.DefaultSensorStatus.STOPPED
    assert on.config_hash == load().config_hash


@pytest.mark.parametrize(
    ("automation", "says"),
    [
        ({"landing_sensors": True}, "did you mean 'landing_sensor'"),
        ({"month_end_cron": "every month"}, "five fields of cron"),
        ({"month_end_timezone": "Berlin"}, "no such time zone"),
    ],
)
def test_a_switch_that_is_not_there_is_told(
    automation: dict[str, object], says: str, tmp_path: Path
) -> None:
    config = tmp_path / "gosales.yaml"
    config.write_text(yaml.safe_dump({"automation": automation}), encoding="utf-8")
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings(config)
    assert "\n" not in str(caught.value)


def test_the_month_end_asks_for_everything_once_a_tick(instance: dg.DagsterInstance) -> None:
    assert month_end.cron_schedule == "0 6 1 * *"
    assert month_end.job_name == "everything"
    when = datetime(2025, 2, 1, 6, tzinfo=UTC)
    context = dg.build_schedule_context(instance, scheduled_execution_time=when)
    asked: Any = month_end(context)
    assert asked.run_key == "month-end-2025-02-01"


def test_answers_make_the_lists_anew_once(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    cursor = None

    def tick() -> Any:
        nonlocal cursor
        resources = {"warehouse": warehouse}
        context = dg.build_sensor_context(instance, cursor, resources=resources)
        result: Any = recorded_actions(context)
        cursor = getattr(result, "cursor", cursor)
        return result

    assert recorded_actions.job_name == score_and_rank.name == "score_and_rank"
    assert "no answers" in tick().skip_message
    at = datetime(2025, 1, 7, 9)
    record(warehouse.home_path, [talking("C1", KEYS.divisions[0], at, "Kim Lee")])
    record(warehouse.home_path, [talking("C2", None, at, "Kim Lee")])
    (first,) = tick().run_requests
    assert tick().skip_message == "no new answers"
    record(warehouse.home_path, [talking("C3", None, at, "Kim Lee")])
    waiting = instance.create_run_for_job(
        score_and_rank, status=dg.DagsterRunStatus.NOT_STARTED, tags=CHAIN
    )
    held = tick()
    assert waiting.run_id in held.skip_reason.skip_message
    instance.delete_run(waiting.run_id)
    assert tick().skip_message == "no new answers"
    record(warehouse.home_path, [talking("C4", None, at, "Kim Lee")])
    (second,) = tick().run_requests
    assert first.run_key != second.run_key
