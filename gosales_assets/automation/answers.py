"""The action sensor: answers of reps that came in make the lists anew."""

import hashlib

import dagster as dg

from gosales_assets.automation.jobs import score_and_rank
from gosales_assets.automation.switches import SECONDS_BETWEEN, switched, waiting_run
from gosales_assets.settings import current_settings
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.record_contract import ACTIONS, FOLDER


@dg.sensor(
    name="recorded_actions",
    job=score_and_rank,
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=switched(current_settings().automation.action_sensor),
    description=(
        "Ranks the lists again when answers of reps were recorded (`gosales actions`). The record "
        "is only ever added to, file by file, each moved into place whole."
    ),
)
def recorded_actions(
    context: dg.SensorEvaluationContext, warehouse: Warehouse
) -> dg.SensorResult | dg.SkipReason:
    """Ask for lists once for all answers since the last look."""
    folder = warehouse.home_path / FOLDER / ACTIONS.short_name
    names = sorted(file.name for file in folder.glob("*.parquet"))
    if not names:
        return dg.SkipReason("no answers were recorded yet")
    state = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    if state == context.cursor:
        return dg.SkipReason("no new answers")
    waiting = waiting_run(context.instance, score_and_rank.name)
    if waiting:
        reason = f"run {waiting} is about to begin and will take them"
        return dg.SensorResult(skip_reason=reason, cursor=state)
    request = dg.RunRequest(
        run_key=f"actions-{state}", tags={"gosales/because": f"{len(names)} files of answers"}
    )
    return dg.SensorResult(run_requests=[request], cursor=state)
