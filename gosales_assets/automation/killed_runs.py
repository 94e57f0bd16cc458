"""Dagster's records of runs whose ``gosales run`` was killed: they would seem to go on for ever."""

from pathlib import Path

import dagster as dg

# On every run of ``gosales run``: the home folder that it is at work in.
HOME_TAG = "gosales/home"
_GOING_ON = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def end_killed_runs(instance: dg.DagsterInstance, home: Path) -> list[str]:
    """Record as failed what an earlier ``gosales run`` of a home began and did not end.

    Only for who holds the home's lock (``occupancy.only_run``): then nobody is at work on them.
    While they seem to go on, they take up the places of ``max_concurrent_runs``, and runs launched
    in the UI would wait for ever.

    Returns
    -------
    list[str]
        Ids of the runs.
    """
    wanted = dg.RunsFilter(statuses=_GOING_ON, tags={HOME_TAG: str(home)})
    killed = instance.get_runs(wanted)
    for run in killed:
        instance.report_run_failed(run, "The `gosales run` that it belonged to was killed.")
    return [run.run_id for run in killed]
