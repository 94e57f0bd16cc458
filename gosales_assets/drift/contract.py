"""What the drift room hands on: alerts, each with its figure, threshold and what to do."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, table

SEVERITIES = ["info", "warn", "hard"]


class DriftAlerts(Contract):
    """What has moved away from what the models learned on, and what to do about it.

    info: good to know; warn: have a look; hard: do not use the scores before it is cleared up.
    No rows means that nothing has moved.
    """

    cutoff: pl.Date = pa.Field(description="Cutoff that the alert is about.")
    division: str = pa.Field(nullable=True, description="Division; null: the whole log.")
    alert: str = pa.Field(description="What was looked at.")
    severity: str = pa.Field(isin=SEVERITIES, description="info, warn or hard.")
    figure: float = pa.Field(description="What was measured.")
    threshold: float = pa.Field(description="Beyond this, the alert is raised.")
    message: str = pa.Field(description="What happened, in plain words.")
    action: str = pa.Field(description="What to do about it.")


DRIFT_ALERTS = table(
    DriftAlerts,
    "drift.drift_alerts",
    grain="one row per cutoff, division and thing that moved",
    sort=("division", "alert"),
    partitions=("cutoff",),
    may_be_empty=True,
)
