"""The alert sensor: hard drift alerts are posted, once each, to a webhook."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import dagster as dg
import polars as pl

from gosales_assets.automation.switches import switched
from gosales_assets.automation.webhook import UNSET, NotPosted, post
from gosales_assets.drift.contract import DRIFT_ALERTS
from gosales_assets.partitions import partition_keys
from gosales_assets.runs.inventory import current_partitions
from gosales_assets.settings import Settings, current_settings, environment
from gosales_assets.warehouse import Warehouse

SECONDS_BETWEEN = 60


@dg.sensor(
    name="hard_alerts_webhook",
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=switched(current_settings().automation.hard_alert_notifications),
    description=(
        "Posts hard drift alerts as JSON to the address in GOSALES_ALERT_WEBHOOK_URL, each once. "
        "What did not arrive is posted again at the next tick."
    ),
)
def hard_alerts_webhook(
    context: dg.SensorEvaluationContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Post the hard alerts that were not posted yet; the cursor remembers which were."""
    address = environment().alert_webhook_url
    if address is None:
        return dg.SkipReason(f"{UNSET}: nowhere to post to")
    alerts = hard_alerts(warehouse, settings)
    posted = set(json.loads(context.cursor or "[]"))
    known = {fingerprint(alert): alert for alert in alerts}
    new = [alert for print_, alert in known.items() if print_ not in posted]
    if new:
        try:
            post(address.get_secret_value(), message(settings.name, new))
        except NotPosted as problem:
            context.log.warning(f"{len(new)} hard alerts could not be posted: {problem}")
            return dg.SkipReason(f"could not post: {problem}; will try again")
    # What is no longer an alert is forgotten, so that it is news should it come back.
    context.update_cursor(json.dumps(sorted(known)))
    return dg.SkipReason(f"{len(new)} new hard alerts posted" if new else "no new hard alerts")


def hard_alerts(warehouse: Warehouse, settings: Settings) -> list[dict[str, Any]]:
    """Hard alerts of all cutoffs, in order; also of cutoffs that came after this process."""
    keys = partition_keys(settings)
    frame = warehouse.read_many(DRIFT_ALERTS, current_partitions(warehouse, DRIFT_ALERTS, keys))
    hard = frame.filter(pl.col("severity") == "hard").sort("cutoff", "division", "alert")
    return hard.with_columns(pl.col("cutoff").cast(pl.String)).to_dicts()


def message(name: str, alerts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is posted: one line of text for chats, and the alerts for programs."""
    lines = [f"{a['cutoff']}: {a['message']} {a['action']}" for a in alerts]
    head = f"{name}: {len(alerts)} hard drift alert{'' if len(alerts) == 1 else 's'}"
    return {"text": "\n".join([head, *lines]), "name": name, "alerts": list(alerts)}


def fingerprint(alert: dict[str, Any]) -> str:
    """What makes an alert the same: what moved, where, when, and how far."""
    about = [alert[key] for key in ("cutoff", "division", "alert")]
    figure = round(alert["figure"], 3)
    return hashlib.sha256(json.dumps([*about, figure]).encode()).hexdigest()[:16]
