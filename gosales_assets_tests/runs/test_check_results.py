"""What checks found is published as Dagster recorded it."""

import dagster as dg

from gosales_assets.breaches import breaches
from gosales_assets.runs.check_results import latest_results
from gosales_assets.runs.contract import CHECK_RESULTS


@dg.asset(key=["star", "things"])
def things() -> None: ...


@dg.asset_check(asset=things, blocking=True)
def whole() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset=things)
def odd() -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(passed=False, severity=severity, description="three are odd")


@dg.asset_check(asset=things)
def never_run() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def test_each_check_has_what_it_found_last() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([things, whole, odd], instance=instance)
        found = latest_results(instance, [whole, odd, never_run])
    assert breaches(CHECK_RESULTS, found) == []
    rows = {row["check_name"]: row for row in found.iter_rows(named=True)}
    assert set(rows) == {"whole", "odd"}
    assert rows["odd"]["found"] == "three are odd"
    assert (rows["odd"]["severity"], rows["odd"]["passed"]) == ("warning", False)
    assert (rows["whole"]["found"], rows["whole"]["blocking"]) == (None, True)
    assert {row["run_id"] for row in rows.values()} == {done.run_id}
    assert {row["table_name"] for row in rows.values()} == {"star.things"}
