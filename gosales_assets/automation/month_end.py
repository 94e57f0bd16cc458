"""The month-end schedule: what a new month makes due is made, judged and published."""

import dagster as dg

from gosales_assets.automation.jobs import everything
from gosales_assets.settings import current_settings

_AUTOMATION = current_settings().automation


@dg.schedule(
    name="month_end",
    job=everything,
    cron_schedule=_AUTOMATION.month_end_cron,
    execution_timezone=_AUTOMATION.month_end_timezone,
    default_status=(
        dg.DefaultScheduleStatus.RUNNING
        if _AUTOMATION.month_end_schedule
        else dg.DefaultScheduleStatus.STOPPED
    ),
    description=(
        "Brings everything up to date on the days of automation.month_end_cron: reads the database "
        "where one is configured, scores the new cutoff with a model of its own, backtests cutoffs "
        "whose window has closed, holds the gate, and publishes. What is up to date is skipped."
    ),
)
def month_end(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for a refresh; its own process finds out which cutoffs there are by now."""
    day = context.scheduled_execution_time.date().isoformat()
    return dg.RunRequest(run_key=f"month-end-{day}", tags={"gosales/because": f"month end {day}"})
