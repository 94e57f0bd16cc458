"""Settings of the automation: what runs by itself. All of it is off by default."""

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Automation(BaseModel):
    """Which sensors and schedules run, once the Dagster daemon does; none changes a result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    landing_sensor: bool = Field(
        False, description="Refresh when a file of the sales log or a side table lands or changes."
    )
    settled_seconds: int = Field(
        60, ge=0, description="Seconds for which a landed file must lie unchanged."
    )
    month_end_schedule: bool = Field(False, description="Refresh on the days of month_end_cron.")
    month_end_cron: str = Field(
        "0 6 1 * *", description="When the month's log is usually complete; five fields of cron."
    )
    month_end_timezone: str = Field("UTC", description="Time zone of month_end_cron.")
    action_sensor: bool = Field(False, description="Rank again when answers of reps come in.")
    failure_notifications: bool = Field(
        False, description="Tell of failed runs and checks, in the log and to the webhook."
    )
    hard_alert_notifications: bool = Field(
        False, description="Tell of hard drift alerts, to the webhook."
    )

    @field_validator("month_end_cron")
    @classmethod
    def _is_cron(cls, cron: str) -> str:
        from dagster._utils.schedules import is_valid_cron_string

        if not is_valid_cron_string(cron):
            raise ValueError("not five fields of cron, such as '0 6 1 * *'")
        return cron

    @field_validator("month_end_timezone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("no such time zone, such as 'Europe/Berlin'") from error
        return zone
