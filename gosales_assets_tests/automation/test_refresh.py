"""A refresh runs what is missing, stops at a failed blocking check, and says which."""

import dagster as dg
import pytest

from gosales_assets.automation.refresh import FailedCheck, Watcher, refresh
from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, check_partitions
from gosales_assets.partitions import KEYS
from gosales_assets.settings import Settings, SettingsError, current_settings
from gosales_assets.sources import assets as sources
from gosales_assets.sources.contract import LOAD_LOG, SALES_LINES
from gosales_assets.star import assets as star
from gosales_assets.star.contract import FACT_TRANSACTIONS
from gosales_assets.warehouse import Warehouse


@dg.asset_check(asset=asset_key(LOAD_LOG), name="too_little", blocking=True)
def too_little(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    """Fail whatever comes."""
    return check_partitions(
        context,
        LOAD_LOG,
        lambda _: [Breach("rows_read", "is enough", 4, ("5", "7"))],
        name="too_little",
    )


@dg.asset_check(asset=asset_key(LOAD_LOG), name="odd")
def odd() -> dg.AssetCheckResult:
    """Warn whatever comes."""
    warn = dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(passed=False, severity=warn, description="it is Monday")


def definitions(warehouse: Warehouse, *checks: dg.AssetChecksDefinition, settings=None):
    return dg.Definitions(
        assets=[*sources.ASSETS, *star.ASSETS],
        asset_checks=[*sources.CHECKS, *star.CHECKS, *checks],
        resources={"settings": settings or current_settings(), "warehouse": warehouse},
        executor=dg.in_process_executor,
    )


class Counter(Watcher):
    """Counts what a front end would show."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, count: int = 1) -> None:
        self.done += count


def test_a_refresh_makes_everything_once(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    counter = Counter()
    first = refresh(definitions(warehouse), instance, warehouse, KEYS, counter)
    assert first.succeeded
    assert warehouse.read(FACT_TRANSACTIONS).height > 1_000
    assert counter.done == counter.total > 20
    second = refresh(definitions(warehouse), instance, warehouse, KEYS)
    assert second.durations == {}
    assert "star/fact_transactions" in second.up_to_date


def test_a_failed_blocking_check_stops_the_refresh_and_is_named(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    stopped = refresh(definitions(warehouse, too_little), instance, warehouse, KEYS)
    assert not stopped.succeeded
    (failed,) = stopped.failed_checks
    assert (failed.table, failed.check) == ("raw.load_log", "too_little")
    assert failed.detail == "rows_read: is enough (4 rows; 5; 7)"
    assert warehouse.is_broken(LOAD_LOG)
    again = refresh(definitions(warehouse, too_little), instance, warehouse, KEYS)
    assert not again.succeeded, "a partition that failed is not taken for fresh"
    healed = refresh(definitions(warehouse), instance, warehouse, KEYS)
    assert healed.succeeded
    assert not warehouse.is_broken(LOAD_LOG)


def test_a_warning_stops_nothing_and_is_told(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    done = refresh(definitions(warehouse, odd), instance, warehouse, KEYS)
    assert done.succeeded
    assert FailedCheck("raw.load_log", "odd", None, "it is Monday") in done.check_warnings


def test_settings_that_do_not_fit_the_data_are_told_as_such(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    settings = current_settings().model_copy(update={"value": "revenue"})
    with pytest.raises(SettingsError, match="value") as caught:
        refresh(definitions(warehouse, settings=settings), instance, warehouse, KEYS)
    assert "\n" not in str(caught.value)
    assert warehouse.has(SALES_LINES)


def test_an_unconfigured_code_location_says_what_to_do(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    with pytest.raises(SettingsError, match="gosales demo"):
        refresh(definitions(warehouse, settings=Settings()), instance, warehouse, KEYS)
