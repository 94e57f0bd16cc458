"""The failure sensor on runs that really failed, with a real HTTP server on loopback."""

from typing import Any

import dagster as dg
import pytest

from gosales_assets.automation.failures import failures
from gosales_assets.automation.refresh import refresh
from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, check_partitions
from gosales_assets.partitions import KEYS
from gosales_assets.settings import current_settings, environment
from gosales_assets.sources import assets as sources
from gosales_assets.sources.contract import LOAD_LOG
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.automation.hook import SECRET, Hook


@dg.asset_check(asset=asset_key(LOAD_LOG), name="enough", blocking=True)
def enough(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    """Fail whatever comes."""
    rule = Breach("rows_read", "is enough", 4, ("5", "7"))
    return check_partitions(context, LOAD_LOG, lambda _: [rule], name="enough")


@dg.op
def breaks() -> None:
    """Fail with two causes."""
    try:
        raise KeyError("no such customer")
    except KeyError as error:
        raise ValueError("the outer words") from error


@dg.op
def says_why() -> None:
    """Fail as the jobs of the refresh do."""
    raise dg.Failure("star.dim_customer: check 'contract': gone", allow_retries=False)


class Sensor:
    """The sensor with its cursor, from the moment that it was switched on."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.cursor: str | None = None
        assert "from now on" in self.tick()

    def tick(self) -> str:
        context = dg.build_sensor_context(
            self.instance, self.cursor, resources={"settings": current_settings()}
        )
        result: Any = failures(context)
        self.cursor = context.cursor
        return str(result.skip_message)


def fail(instance: dg.DagsterInstance, op: dg.OpDefinition, name: str = "nightly") -> str:
    @dg.job(name=name)
    def job() -> None:
        op()

    return job.execute_in_process(instance=instance, raise_on_error=False).run_id


def test_a_failed_run_is_posted_once_with_its_first_cause(
    instance: dg.DagsterInstance, hook: Hook
) -> None:
    fail(instance, breaks, "before_it_was_switched_on")
    sensor = Sensor(instance)
    assert sensor.tick() == "no new failures"
    run_id = fail(instance, breaks)
    assert sensor.tick() == "1 failures told"
    (posted,) = hook.got
    assert posted["run_id"] == run_id
    assert posted["job"] == "nightly"
    assert posted["errors"] == ["breaks: KeyError: 'no such customer'"]
    assert posted["text"].splitlines()[0].endswith(f"nightly failed (run {run_id})")
    assert sensor.tick() == "no new failures"
    fail(instance, says_why)
    sensor.tick()
    assert hook.got[1]["errors"] == ["says_why: star.dim_customer: check 'contract': gone"]
    assert len(hook.got) == 2


def test_a_failed_blocking_check_is_named_with_its_rule_once_for_all_its_runs(
    instance: dg.DagsterInstance, hook: Hook, warehouse: Warehouse
) -> None:
    sensor = Sensor(instance)
    defs = dg.Definitions(
        assets=sources.ASSETS,
        asset_checks=[*sources.CHECKS, enough],
        resources={"settings": current_settings(), "warehouse": warehouse},
        executor=dg.in_process_executor,
    )
    stopped = refresh(defs, instance, warehouse, KEYS)
    assert not stopped.succeeded
    sensor.tick()
    (posted,) = hook.got
    assert posted["failed_checks"] == [
        {
            "table": "raw.load_log",
            "check": "enough",
            "partition": None,
            "detail": "rows_read: is enough (4 rows; 5; 7)",
        }
    ]
    assert "raw.load_log: check 'enough': rows_read: is enough" in posted["text"]


def test_what_did_not_arrive_is_posted_again(
    instance: dg.DagsterInstance, hook: Hook, capfd: pytest.CaptureFixture[str]
) -> None:
    sensor = Sensor(instance)
    run_id = fail(instance, breaks)
    hook.status = 503
    said = sensor.tick()
    assert said == "could not post: the answer was 503; will try again"
    hook.status = 200
    assert sensor.tick() == "1 failures told"
    assert [posted["run_id"] for posted in hook.got] == [run_id]
    assert SECRET not in said + "".join(capfd.readouterr())


def test_without_an_address_failures_are_told_in_the_log(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("GOSALES_ALERT_WEBHOOK_URL", raising=False)
    environment.cache_clear()
    sensor = Sensor(instance)
    fail(instance, breaks)
    assert sensor.tick() == "1 failures told"
    assert "no such customer" in "".join(capfd.readouterr())
