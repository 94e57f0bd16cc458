"""What a killed `gosales run` leaves in the records: told as failed, and made again."""

from pathlib import Path

import dagster as dg

from gosales_assets.automation.cut_short import FILE, Unfinished
from gosales_assets.automation.killed_runs import HOME_TAG, end_killed_runs
from gosales_assets.automation.plan import Step, missing_partitions
from gosales_assets.leakage import PROBES
from gosales_assets.partitions import KEYS
from gosales_assets.tables import Contract, table
from gosales_assets.validation.probe_assets import latest_checks
from gosales_assets.warehouse import Warehouse

CUT = [{"cutoff": "2024-06-30"}, {"cutoff": "2024-12-31"}]


def test_what_was_cut_short_is_made_again_until_it_is_ended(warehouse: Warehouse) -> None:
    import pandera.polars as pa
    import polars as pl

    class Things(Contract):
        """Things."""

        name: str = pa.Field(description="Name.")

    things = table(Things, "room.things", grain="one", sort=("name",), partitions=("cutoff",))
    key = dg.AssetKey(["room", "things"])
    step = Step((key,), ("cutoff",))
    for cutoff in KEYS.cutoffs:
        warehouse.write(things, pl.DataFrame({"name": ["a"]}), cutoff=cutoff)

    def missing() -> list[str]:
        noted = Unfinished(warehouse.home_path)
        found = missing_partitions(step, {key: things}, warehouse, KEYS, noted)
        return [partition["cutoff"] for partition in found]

    assert missing() == []
    last = {"cutoff": KEYS.cutoffs[-1]}
    Unfinished(warehouse.home_path).begin(step.names, [last])  # and then it was killed
    assert missing() == [last["cutoff"]]
    again = Unfinished(warehouse.home_path)
    again.begin(["room/other"], CUT)
    again.end(["room/other"], CUT)
    assert missing() == [last["cutoff"]]
    again.begin(step.names, [last])
    again.end(step.names, [last])
    assert missing() == []
    assert not (warehouse.home_path / FILE).exists()


@dg.job
def some_job() -> None:
    """Do nothing."""


def test_runs_of_a_killed_command_are_told_as_failed(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    with dg.DagsterInstance.ephemeral() as instance:

        def going_on(**tags: str) -> str:
            run = instance.create_run_for_job(some_job, tags=tags)
            instance.report_dagster_event(
                dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, run.job_name), run.run_id
            )
            return run.run_id

        ours = going_on(**{HOME_TAG: str(home)})
        others = [going_on(**{HOME_TAG: str(other)}), going_on()]
        assert end_killed_runs(instance, home) == [ours]
        status = {run.run_id: run.status for run in instance.get_runs()}
        assert status[ours] == dg.DagsterRunStatus.FAILURE
        assert {status[run] for run in others} == {dg.DagsterRunStatus.STARTED}
        assert end_killed_runs(instance, home) == []


def test_a_check_that_was_only_planned_has_not_passed() -> None:
    from dagster._core.definitions.asset_checks.asset_check_evaluation import (
        AssetCheckEvaluationPlanned,
    )

    known = PROBES[0].checks[0]
    key = dg.AssetKey(known[0].split("."))
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(some_job)
        planned = AssetCheckEvaluationPlanned(asset_key=key, check_name=known[1])
        event = dg.DagsterEvent(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
            run.job_name,
            event_specific_data=planned,
        )
        instance.report_dagster_event(event, run.run_id)
        assert latest_checks(instance) == {}
