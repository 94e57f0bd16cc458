"""The failure sensor: runs that failed, and the checks that stopped them, are told of once.

Dagster's own run failure sensor moves on when its function fails, so that a webhook that is down
for a minute would lose messages; and it does not see the runs of ``gosales run``. This one looks at
all runs of the instance, and moves on when a message has arrived.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from gosales_assets.automation.refresh import FailedCheck, failed_checks
from gosales_assets.automation.switches import SECONDS_BETWEEN, switched
from gosales_assets.automation.webhook import UNSET, NotPosted, post
from gosales_assets.provenance import SESSION_TAG
from gosales_assets.settings import Settings, current_settings, environment

_EVENTS = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.ENGINE_EVENT,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}
_AT_A_TIME = 50


@dg.sensor(
    name="failures",
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=switched(current_settings().automation.failure_notifications),
    description=(
        "Tells of runs that failed, and of the blocking checks that stopped them, with partition "
        "and rule, each once: in the log, and as JSON to the address in GOSALES_ALERT_WEBHOOK_URL. "
        "What did not arrive is posted again at the next tick."
    ),
)
def failures(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SkipReason:
    """Tell of the runs that failed since the sensor was switched on; the cursor is when."""
    if context.cursor is None:
        context.update_cursor(_cursor(datetime.now(UTC), []))
        return dg.SkipReason("from now on, runs that fail are told of")
    since, told = _read(context.cursor)
    records = context.instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since),
        limit=_AT_A_TIME,
        order_by="update_timestamp",
        ascending=True,
    )
    new = 0
    for session, runs in _by_session([record.dagster_run for record in records]).items():
        if session in told:
            continue
        content = message(settings.name, context.instance, runs)
        problem = _tell(context, content)
        if problem is not None:
            context.update_cursor(_cursor(since, told))
            return dg.SkipReason(f"could not post: {problem}; will try again")
        told.append(session)
        new += 1
    if records:
        since = max(record.update_timestamp for record in records)
    context.update_cursor(_cursor(since, told[-2 * _AT_A_TIME :]))
    return dg.SkipReason(f"{new} failures told" if new else "no new failures")


def message(
    name: str, instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun]
) -> dict[str, Any]:
    """What is told of the failed runs of one session: a text for chats, and parts for programs."""
    jobs = [run for run in runs if not run.job_name.startswith("__")]
    run = (jobs or list(runs))[0]
    checks = [check for each in runs for check in _failed_checks(instance, each)]
    errors = list(dict.fromkeys(error for each in runs for error in _errors(instance, each)))
    what = run.job_name if jobs else "a run of assets"
    lines = [check.in_words() for check in checks]
    head = f"{name}: {what} failed (run {run.run_id})"
    return {
        "text": "\n".join([head, *(lines or errors)]),
        "name": name,
        "job": run.job_name,
        "run_id": run.run_id,
        "errors": errors,
        "failed_checks": [asdict(check) for check in checks],
    }


def _failed_checks(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[FailedCheck]:
    found = [event.event_specific_data for event in _events(instance, run)]
    evaluations = [each for each in found if isinstance(each, dg.AssetCheckEvaluation)]
    return failed_checks(evaluations, blocking=True)


def _errors(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """What went wrong, in one line for each step; where none began, why the run could not load."""
    events = _events(instance, run)
    told = [_of_step(event) for event in events if event.is_step_failure]
    # A run that finds settings or files that cannot be used does not get to its first step.
    told = told or [
        _first_cause(event.engine_event_data.error)
        for event in events
        if event.is_engine_event and event.engine_event_data.error is not None
    ]
    return told or [event.message or "" for event in events if event.is_run_failure]


def _of_step(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return f"{event.step_key}: {data.user_failure_data.description}"
    return f"{event.step_key}: {_first_cause(data.error)}"


def _first_cause(error: SerializableErrorInfo | None) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip().splitlines()[0] if error is not None else "it failed"


def _events(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dg.DagsterEvent]:
    entries = instance.all_logs(run.run_id, of_type=_EVENTS)
    return [entry.dagster_event for entry in entries if entry.dagster_event is not None]


def _by_session(runs: Sequence[dg.DagsterRun]) -> dict[str, list[dg.DagsterRun]]:
    """Runs of one `gosales run` or one job fail together, and are told of together."""
    grouped: dict[str, list[dg.DagsterRun]] = {}
    for run in runs:
        grouped.setdefault(run.tags.get(SESSION_TAG, run.run_id), []).append(run)
    return grouped


def _tell(context: dg.SensorEvaluationContext, content: dict[str, Any]) -> str | None:
    context.log.error(content["text"])
    address = environment().alert_webhook_url
    if address is None:
        context.log.info(f"{UNSET}: told here only")
        return None
    try:
        post(address.get_secret_value(), content)
    except NotPosted as problem:
        context.log.warning(f"a failure could not be posted: {problem}")
        return str(problem)
    return None


def _cursor(since: datetime, told: Sequence[str]) -> str:
    return json.dumps({"since": since.isoformat(), "told": list(told)})


def _read(cursor: str) -> tuple[datetime, list[str]]:
    content = json.loads(cursor)
    return datetime.fromisoformat(content["since"]), list(content["told"])
