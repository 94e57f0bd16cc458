"""Checks that warn without stopping anything, recorded per partition like the blocking ones."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from gosales_assets.contracts import asset_key
from gosales_assets.tables import Table


def advise(
    context: dg.AssetCheckExecutionContext,
    table: Table,
    find: Callable[[dict[str, str]], list[str]],
    name: str,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN,
) -> dg.AssetCheckResult:
    """Evaluate a non-blocking check on every partition of a run.

    Parameters
    ----------
    find
        Partition -> what is wrong with it, one sentence each; empty: nothing.
    severity
        How grave a failure is.

    Returns
    -------
    dg.AssetCheckResult
        The summary over all partitions. In a run over several, each one's own evaluation is
        logged beside it, since a summary carries no partition.
    """
    operation = context.op_execution_context
    found: dict[str, list[str]] = {}
    for key in operation.partition_keys:
        values = key.split("|", len(table.partitions) - 1)
        found[key] = find(dict(zip(table.partitions, values, strict=True)))
        if len(operation.partition_keys) > 1:
            operation.log_event(
                dg.AssetCheckEvaluation(  # type: ignore[arg-type] # taken, though not declared
                    asset_key=asset_key(table),
                    check_name=name,
                    passed=not found[key],
                    partition=key,
                    severity=severity,
                    metadata=_metadata({key: found[key]}),
                )
            )
    problems = [sentence for sentences in found.values() for sentence in sentences]
    return dg.AssetCheckResult(passed=not problems, severity=severity, metadata=_metadata(found))


def _metadata(found: Mapping[str, list[str]]) -> dict[str, Any]:
    lines = [f"- **{key}**: {text}" for key, sentences in found.items() for text in sentences]
    if not lines:
        return {"remarks": 0}
    return {"remarks": len(lines), "what": dg.MetadataValue.md("\n".join(lines))}
