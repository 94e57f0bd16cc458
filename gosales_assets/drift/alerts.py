"""An alert: what moved, by how much, beyond which threshold, and what to do about it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

import polars as pl

from gosales_assets.drift.contract import DRIFT_ALERTS

Severity = Literal["info", "warn", "hard"]


@dataclass(frozen=True)
class Alert:
    """One thing that moved; ``division`` is None where the whole log is meant."""

    division: str | None
    alert: str
    severity: Severity
    figure: float
    threshold: float
    message: str
    action: str


def as_table(alerts: Iterable[Alert], cutoff: date) -> pl.DataFrame:
    """Rows of ``drift.drift_alerts``; none when there are no alerts."""
    records = [{"cutoff": cutoff, **asdict(alert)} for alert in alerts]
    return DRIFT_ALERTS.typed(pl.DataFrame(records, schema=DRIFT_ALERTS.types))


def hard_alerts(alerts: pl.DataFrame) -> list[str]:
    """Messages and actions of the hard alerts."""
    hard = alerts.filter(pl.col("severity") == "hard")
    return [f"{row['message']} {row['action']}" for row in hard.iter_rows(named=True)]
