"""The alert sensor against a real HTTP server on loopback: once each, again after a failure."""

import logging
from typing import Any

import dagster as dg
import pytest

from gosales_assets.automation.alerts import hard_alerts_webhook, message
from gosales_assets.automation.webhook import NotPosted, post
from gosales_assets.definitions import defs
from gosales_assets.drift.alerts import Alert, as_table
from gosales_assets.drift.contract import DRIFT_ALERTS
from gosales_assets.partitions import KEYS, day
from gosales_assets.settings import current_settings, environment
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.automation.hook import SECRET, Hook

LOST = Alert(None, "volume", "hard", 0.3, 0.7, "Orders fell.", "Check the files.")
MILD = Alert("PDM", "prevalence", "warn", 2.0, 1.5, "More bought.", "Retrain.")


def write(warehouse: Warehouse, cutoff: str, *alerts: Alert) -> None:
    warehouse.write(DRIFT_ALERTS, as_table(alerts, day(cutoff)), cutoff=cutoff)


def tick(warehouse: Warehouse, instance: dg.DagsterInstance, cursor: str | None) -> tuple[str, Any]:
    resources = {"warehouse": warehouse, "settings": current_settings()}
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources)
    reason = hard_alerts_webhook(context)
    return str(reason.skip_message), context.cursor


def test_each_hard_alert_is_posted_once(
    warehouse: Warehouse, instance: dg.DagsterInstance, hook: Hook
) -> None:
    old, new = KEYS.cutoffs[-2:]
    write(warehouse, old, LOST, MILD)
    said, cursor = tick(warehouse, instance, None)
    assert said == "1 new hard alerts posted"
    (first,) = hook.got
    assert first["alerts"] == [
        {
            "cutoff": old,
            "division": None,
            "alert": "volume",
            "severity": "hard",
            "figure": 0.3,
            "threshold": 0.7,
            "message": "Orders fell.",
            "action": "Check the files.",
        }
    ]
    assert "Orders fell. Check the files." in first["text"]
    assert tick(warehouse, instance, cursor)[0] == "no new hard alerts"
    write(warehouse, new, LOST)
    _, cursor = tick(warehouse, instance, cursor)
    assert [alert["cutoff"] for alert in hook.got[1]["alerts"]] == [new]
    write(warehouse, new)
    _, cursor = tick(warehouse, instance, cursor)
    write(warehouse, new, LOST)
    tick(warehouse, instance, cursor)
    assert len(hook.got) == 3, "an alert that went and came back is news"


def test_what_did_not_arrive_is_posted_again_and_no_log_tells_the_address(
    warehouse: Warehouse,
    instance: dg.DagsterInstance,
    hook: Hook,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    write(warehouse, KEYS.cutoffs[-1], LOST)
    hook.status = 503
    said, cursor = tick(warehouse, instance, None)
    assert "the answer was 503" in said
    assert not cursor
    hook.status = 200
    again, _ = tick(warehouse, instance, cursor)
    assert again == "1 new hard alerts posted"
    assert len(hook.got) == 1
    told = said + again + caplog.text + "".join(capfd.readouterr())
    assert "could not be posted" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    "address",
    [
        f"http://127.0.0.1:9/{SECRET}",
        f"file:///etc/{SECRET}",
        f"ftp://host/{SECRET}",
        f"http:///{SECRET}",
        f"http://[{SECRET}",
        f"http://127.0.0.1:port/{SECRET}",
        f"http://127.0.0.1/{SECRET} with\nbreaks",
        SECRET,
    ],
)
def test_an_address_that_does_not_work_is_never_told(address: str) -> None:
    with pytest.raises(NotPosted) as caught:
        post(address, {"text": "x"})
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_an_address_nothing_is_posted(
    warehouse: Warehouse, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOSALES_ALERT_WEBHOOK_URL", raising=False)
    environment.cache_clear()
    write(warehouse, KEYS.cutoffs[-1], LOST)
    assert "not set" in tick(warehouse, instance, None)[0]


def test_the_environment_keeps_the_address_to_itself(hook: Hook) -> None:
    assert SECRET not in repr(environment())


def test_the_message_counts() -> None:
    assert message("sales", [])["text"] == "sales: 0 hard drift alerts"


def test_the_sensor_is_in_the_code_location() -> None:
    assert "hard_alerts_webhook" in [sensor.name for sensor in defs.sensors or []]
