"""What all sensors and schedules share: switched on in the settings, and runs that are waiting."""

import dagster as dg

from gosales_assets.automation.jobs import CHAIN

SECONDS_BETWEEN = 30
_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def switched(on: bool) -> dg.DefaultSensorStatus:
    """Status of a sensor by its switch in the settings; people may still stop it in the UI."""
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED


def waiting_run(instance: dg.DagsterInstance, job: str) -> str | None:
    """Id of a run of this job that has not begun: it will see all that lies there now."""
    runs = instance.get_runs(dg.RunsFilter(job_name=job, tags=CHAIN, statuses=_WAITING), limit=1)
    return runs[0].run_id if runs else None
