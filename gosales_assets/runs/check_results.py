"""What every check found when it was last run, from Dagster's own record."""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from gosales_assets.contracts import broken_rule
from gosales_assets.runs.contract import CHECK_RESULTS

SEVERITIES = {dg.AssetCheckSeverity.ERROR: "error", dg.AssetCheckSeverity.WARN: "warning"}


def latest_results(
    instance: dg.DagsterInstance, checks: Iterable[dg.AssetChecksDefinition]
) -> pl.DataFrame:
    """Rows of ``runs.check_results``: the last evaluation of each check that was ever run.

    A check that was planned or cut short since, and has no evaluation, is left out.
    """
    keys = sorted({key for check in checks for key in check.check_keys})
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    rows = [
        {
            "table_name": ".".join(key.asset_key.path),
            "check_name": key.name,
            "passed": evaluation.passed,
            "severity": SEVERITIES[evaluation.severity],
            "blocking": bool(evaluation.blocking),
            "found": None if evaluation.passed else broken_rule(evaluation),
            "checked_at": datetime.fromtimestamp(record.create_timestamp, UTC).replace(tzinfo=None),
            "run_id": record.run_id,
        }
        for key, record in records.items()
        if isinstance(evaluation := record.evaluation, dg.AssetCheckEvaluation)
    ]
    return CHECK_RESULTS.typed(pl.DataFrame(rows, schema=CHECK_RESULTS.types))
