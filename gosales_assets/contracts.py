"""Contracts: one `Table` becomes a Dagster asset, its checks, and its column pages.

`table_asset` declares the asset that makes a table, `contract_check` verifies what was written and
shows the failing rows. Writing is `storing`'s.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from gosales_assets.breaches import (
    FAILING_ROWS_SHOWN,
    Breach,
    breaches_in_parts,
    breaches_of_each,
    in_words,
    remarks,
)
from gosales_assets.partitions import PARTITIONS_BY_KEYS
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse, checking

OWNERS = ["team:gosales"]
_EXAMPLES = 3
# Page of the documentation that explains a room, by the room's name.
_PAGES = {
    "raw": "configuration.md",
    "star": "configuration.md",
    "labels": "configuration.md",
    "features": "features.md",
    "models": "models.md",
    "scores": "models.md",
    "whitespace": "whitespace.md",
    "validation": "validation.md",
    "drift": "validation.md",
    "runs": "handouts.md",
}


def asset_key(table: Table) -> dg.AssetKey:
    """Key of the asset that makes ``table``: its room and its name."""
    return dg.AssetKey([table.room, table.short_name])


def dep(table: Table, mapping: dg.PartitionMapping | None = None) -> dg.AssetDep:
    """Declare that an asset reads ``table``, and which of its partitions."""
    return dg.AssetDep(asset_key(table), partition_mapping=mapping)


def explained_in(room: str) -> dict[str, dg.MetadataValue]:
    """Metadata of an asset that names the page of the documentation about its room."""
    return {"documentation": dg.MetadataValue.path(f"docs/{_PAGES.get(room, 'decisions.md')}")}


def asset_spec(
    table: Table, deps: Sequence[dg.AssetDep | dg.AssetKey] = (), kinds: Iterable[str] = ()
) -> dg.AssetSpec:
    """Describe a table's asset for people: description, owner, kinds, columns."""
    return dg.AssetSpec(
        key=asset_key(table),
        deps=list(deps),
        group_name=table.room,
        description=f"{table.description}\n\n**Grain:** {table.grain}.",
        owners=OWNERS,
        kinds={"parquet", *kinds},
        partitions_def=PARTITIONS_BY_KEYS[table.partitions],
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": table.name,
            **explained_in(table.room),
        },
    )


def table_asset(
    table: Table, deps: Sequence[dg.AssetDep | dg.AssetKey] = (), kinds: Iterable[str] = ()
) -> Callable[[Callable[..., None]], dg.AssetsDefinition]:
    """Decorate the function that makes one table; a run over many partitions calls it once."""
    spec = asset_spec(table, deps, kinds)

    def decorate(function: Callable[..., None]) -> dg.AssetsDefinition:
        return dg.multi_asset(
            specs=[spec],
            name=f"{table.room}__{table.short_name}",
            partitions_def=PARTITIONS_BY_KEYS[table.partitions],
            backfill_policy=dg.BackfillPolicy.single_run() if table.partitions else None,
        )(function)

    return decorate


def contract_check(table: Table) -> dg.AssetChecksDefinition:
    """Check that what was written keeps the table's contract, looking at each partition once.

    Two checks come of it: "contract" (columns, types, keys, missing values) blocks what is
    downstream; "values" (ranges, days, allowed values), where there are such rules, only warns.
    """
    specs = [
        dg.AssetCheckSpec(
            "contract",
            asset=asset_key(table),
            blocking=True,
            partitions_def=PARTITIONS_BY_KEYS[table.partitions],
            description=(
                "Columns, types, keys and missing values are as the table promises. "
                "A breach stops everything downstream."
            ),
        )
    ]
    has_values = any(column.checks for column in table.schema.columns.values())
    if has_values:
        # Without partitions: one warning that names them, not one entry for each.
        about = "Numbers, days and words are within the ranges that the table promises."
        specs.append(dg.AssetCheckSpec("values", asset=asset_key(table), description=about))

    @dg.multi_asset_check(specs=specs, name=f"{table.room}__{table.short_name}__contract")
    def check(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        found = _breaches_by_partition(context, table, warehouse)
        if has_values:
            odd = {key: [b for b in each if not b.blocking] for key, each in found.items()}
            yield dg.AssetCheckResult(
                check_name="values",
                passed=not any(odd.values()),
                severity=dg.AssetCheckSeverity.WARN,
                metadata=_breach_metadata(odd),
            )
        yield check_partitions(
            context, table, lambda keys: [b for b in found[_key(table, keys)] if b.blocking]
        )

    return check


def _breaches_by_partition(
    context: dg.AssetCheckExecutionContext, table: Table, warehouse: Warehouse
) -> dict[str, list[Breach]]:
    partitions = partitions_of(context, table)
    if table.parts:
        whole: dict[str, str] = {}
        return {
            _key(table, whole): _found(table, lambda _: breaches_in_parts(table, warehouse), whole)
        }
    found: dict[str, list[Breach]] = {}
    for cutoff in sorted({keys.get("cutoff", "") for keys in partitions}):
        of_cutoff = [keys for keys in partitions if keys.get("cutoff", "") == cutoff]
        frames = {_key(table, k): warehouse.read_unchecked(table, **k) for k in of_cutoff}
        found |= breaches_of_each(table, frames)
    return found


def check_partitions(
    context: dg.AssetCheckExecutionContext,
    table: Table,
    find: Callable[[dict[str, str]], list[Breach]],
    name: str = "contract",
    blocking: bool = True,
    severity: dg.AssetCheckSeverity | None = None,
) -> dg.AssetCheckResult:
    """Evaluate a check on every partition of a run, each recorded under its own key.

    A check in a run over many partitions gives one result without a partition and would leave the
    per-partition states at "planned"; so each partition's evaluation is logged by itself. What
    failed a blocking check is also marked in the warehouse, so that later runs do not build on it.
    A check that blocks is an error, one that does not a warning, unless ``severity`` says so.

    Where only some divisions of each cutoff fail, the others go on without them: their partitions
    have failed and are left out downstream (see `Warehouse.is_left_out`), and the run is warned.
    """
    by_default = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN
    severity = severity or by_default
    operation = context.op_execution_context
    warehouse: Warehouse = operation.resources.warehouse
    partitions = partitions_of(context, table)
    broken: dict[str, list[Breach]] = {}
    for keys in partitions:
        found, key = _found(table, find, keys), _key(table, keys)
        if found:
            broken[key] = found
        if blocking:
            warehouse.mark(table, name, in_words(found), **keys)
        if len(partitions) > 1:
            evaluation = dg.AssetCheckEvaluation(
                asset_key=asset_key(table),
                check_name=name,
                passed=not found,
                partition=key,
                severity=severity,
                blocking=blocking,
                metadata=_breach_metadata({key: found}),
            )
            operation.log_event(evaluation)  # type: ignore[arg-type]  # typed too narrowly
    others_go_on = blocking and _others_go_on(table, partitions, broken)
    return dg.AssetCheckResult(
        asset_key=asset_key(table),
        check_name=name,
        passed=not broken,
        severity=dg.AssetCheckSeverity.WARN if others_go_on else severity,
        metadata=_breach_metadata(broken),
    )


def _others_go_on(
    table: Table, partitions: Sequence[dict[str, str]], broken: Mapping[str, Sequence[Breach]]
) -> bool:
    """Whether the table has divisions, and every cutoff of the run one that is whole."""
    if not broken or "division" not in table.partitions:
        return False
    whole = {keys["cutoff"] for keys in partitions if _key(table, keys) not in broken}
    return whole == {keys["cutoff"] for keys in partitions}


def table_check(
    table: Table,
    name: str,
    find: Callable[[Warehouse, dict[str, str]], list[Breach]],
    description: str,
    *,
    against: Sequence[Table] = (),
    blocking: bool = False,
    severity: dg.AssetCheckSeverity | None = None,
) -> dg.AssetChecksDefinition:
    """Make a check that looks at each partition of a table by itself: see `check_partitions`.

    Parameters
    ----------
    find
        What is wrong with one partition, from the warehouse and the partition's keys.
    description
        What holds when it passes, for people.
    against
        Other tables that it is compared with.
    """

    @dg.asset_check(
        asset=asset_key(table),
        name=name,
        description=description,
        additional_deps=[asset_key(other) for other in against],
        blocking=blocking,
        partitions_def=PARTITIONS_BY_KEYS[table.partitions],
    )
    def check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        return check_partitions(
            context, table, lambda keys: find(warehouse, keys), name, blocking, severity
        )

    return check


def _found(
    table: Table, find: Callable[[dict[str, str]], list[Breach]], keys: dict[str, str]
) -> list[Breach]:
    """Breaches of one partition; a check that cannot be carried out has failed, and says why."""
    try:
        with checking(table):
            return find(keys)
    except Exception as error:
        return remarks([f"the check could not be carried out: {error}"])


def partitions_of(context: dg.AssetCheckExecutionContext, table: Table) -> list[dict[str, str]]:
    """Partitions of ``table`` that a check's run covers; one without keys if it has none."""
    if not table.partitions:
        return [{}]
    return [
        dict(zip(table.partitions, key.split("|", len(table.partitions) - 1), strict=True))
        for key in context.op_execution_context.partition_keys
    ]


def column_schema(table: Table) -> dg.TableSchema:
    """Columns of a table as the UI shows them: type, meaning, and constraints."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=str(table.types[name]),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable), unique=bool(column.unique)
                ),
            )
            for name, column in table.schema.columns.items()
        ]
    )


def broken_rule(evaluation: dg.AssetCheckEvaluation) -> str:
    """Say in one line what a check found: its first broken rule, and how many more there are."""
    if evaluation.description:
        return evaluation.description
    failures = evaluation.metadata.get("failures")
    if isinstance(failures, dg.TableMetadataValue) and failures.records:
        row, more = failures.records[0].data, len(failures.records) - 1
        told = str(row["rule"])
        if row["column"]:
            told = f"{row['column']}: {told} ({row['rows']} rows; {row['examples']})"
        where = f"{row['partition']}: " if len(failures.records) > 1 else ""
        return f"{where}{told} and {more} more" if more else told
    return "see the check in the Dagster UI"


def _key(table: Table, keys: Mapping[str, str]) -> str:
    return "|".join(keys[name] for name in table.partitions) or "all"


def _breach_metadata(found: Mapping[str, Sequence[Breach]]) -> dict[str, Any]:
    rows = [(key, breach) for key, breaches_ in found.items() for breach in breaches_]
    if not rows:
        return {"broken rules": 0}
    rules = [
        {
            "partition": key,
            "column": breach.column,
            "rule": breach.rule,
            "rows": breach.rows,
            "examples": "; ".join(breach.examples[:_EXAMPLES]),
        }
        for key, breach in rows[:FAILING_ROWS_SHOWN]
    ]
    of_each = max(1, FAILING_ROWS_SHOWN // len(rows))
    failing = [
        {"partition": key, "column": breach.column, "rule": breach.rule, "row": example}
        for key, breach in rows
        for example in breach.examples[:of_each]
    ]
    return {
        "broken rules": len(rows),
        "failures": _records(rules),
        **({"failing rows": _records(failing[:FAILING_ROWS_SHOWN])} if failing else {}),
    }


def _records(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows])
