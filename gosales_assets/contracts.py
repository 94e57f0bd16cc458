"""Contracts: one `Table` becomes a Dagster asset, its blocking check, and its column pages.

`table_asset` declares the asset that makes a table, `store` writes one partition of it and notes
what people see in the UI, `contract_check` verifies what was written and shows the failing rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandera.polars as pa
import polars as pl

from gosales_assets.partitions import PARTITIONS_BY_KEYS
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse, Written, checking

OWNERS = ["team:gosales"]
FAILING_ROWS_SHOWN = 20
_PART = "_partition_number"


@dataclass(frozen=True)
class Breach:
    """One broken rule: the column, the rule in words, how many rows break it, and examples."""

    column: str
    rule: str
    rows: int
    examples: tuple[str, ...]


def asset_key(table: Table) -> dg.AssetKey:
    """Key of the asset that makes ``table``: its room and its name."""
    return dg.AssetKey([table.room, table.short_name])


def dep(table: Table, mapping: dg.PartitionMapping | None = None) -> dg.AssetDep:
    """Declare that an asset reads ``table``, and which of its partitions."""
    return dg.AssetDep(asset_key(table), partition_mapping=mapping)


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
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.name},
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


def store(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    table: Table,
    frame: pl.DataFrame,
    metadata: Mapping[str, Any] | None = None,
    **partition: str,
) -> Written:
    """Write one partition of ``table`` and note its rows, checksum, path and pictures in the UI."""
    written = warehouse.write(table, frame, run_id=context.run.run_id, **partition)
    note(context, table, written, metadata)
    return written


def note(
    context: dg.AssetExecutionContext,
    table: Table,
    written: Written,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Attach to one partition of an asset what people see of it in the UI."""
    about = {
        "dagster/row_count": written.rows,
        "checksum": written.checksum,
        "file": dg.MetadataValue.path(str(written.path)),
        **(metadata or {}),
    }
    key = "|".join(written.partition[name] for name in sorted(table.partitions)) or None
    context.add_asset_metadata(about, asset_key=asset_key(table), partition_key=key)


def contract_check(table: Table) -> dg.AssetChecksDefinition:
    """Blocking check that what was written keeps the table's contract, per partition."""

    @dg.asset_check(
        asset=asset_key(table),
        name="contract",
        blocking=True,
        partitions_def=PARTITIONS_BY_KEYS[table.partitions],
        description=(
            "Columns, types, keys, ranges and missing values are as the table promises. "
            "A breach stops everything downstream."
        ),
    )
    def check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        partitions = partitions_of(context, table)
        found: dict[str, list[Breach]] = {}
        for cutoff in sorted({keys.get("cutoff", "") for keys in partitions}):
            of_cutoff = [keys for keys in partitions if keys.get("cutoff", "") == cutoff]
            frames = {_key(table, k): warehouse.read_unchecked(table, **k) for k in of_cutoff}
            found |= breaches_of_each(table, frames)
        return check_partitions(context, table, lambda keys: found[_key(table, keys)])

    return check


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
            warehouse.mark(table, name, _in_words(found), **keys)
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
    return dg.AssetCheckResult(
        passed=not broken, severity=severity, metadata=_breach_metadata(broken)
    )


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


def remarks(sentences: Iterable[str]) -> list[Breach]:
    """Breaches that say what is wrong in a sentence each, for checks about no single column."""
    return [Breach("", sentence, 1, ()) for sentence in sentences]


def breaches_of_each(table: Table, frames: Mapping[str, pl.DataFrame]) -> dict[str, list[Breach]]:
    """Breaches of several partitions of a table; one look at all of them where all are well."""
    well = [
        f for f in frames.values() if f.schema == table.types and (f.height or table.may_be_empty)
    ]
    if len(well) == len(frames) > 1:
        together = pl.concat(
            frame.with_columns(pl.lit(number).alias(_PART)) for number, frame in enumerate(well)
        )
        unique = not together.select(pl.struct(_PART, *table.sort).is_duplicated().any()).item()
        if unique and not _value_breaches(table, together.drop(_PART)):
            return {key: [] for key in frames}
    return {key: breaches(table, frame) for key, frame in frames.items()}


def breaches(table: Table, frame: pl.DataFrame) -> list[Breach]:
    """Rules of the contract that ``frame`` breaks, with counts; empty when it keeps them all.

    Columns and types are looked at first: with a wrong type, value rules give only noise.
    """
    found = _type_breaches(table, frame)
    if found:
        return found
    if frame.is_empty():
        return [] if table.may_be_empty else [Breach("", "at least one row", 0, ())]
    duplicated = int(frame.select(pl.struct(table.sort).is_duplicated().sum()).item())
    if duplicated:
        found.append(Breach(", ".join(table.sort), "one row per key", duplicated, ()))
    return found + _value_breaches(table, frame)


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


def _type_breaches(table: Table, frame: pl.DataFrame) -> list[Breach]:
    expected = table.types
    found = [
        Breach(name, "column is present", frame.height, ())
        for name in expected
        if name not in frame.columns
    ]
    found += [
        Breach(name, "column is declared", frame.height, ())
        for name in frame.columns
        if name not in expected
    ]
    found += [
        Breach(name, f"type is {expected[name]}", frame.height, (str(frame.schema[name]),))
        for name in frame.columns
        if name in expected and frame.schema[name] != expected[name]
    ]
    return found


def _value_breaches(table: Table, frame: pl.DataFrame) -> list[Breach]:
    try:
        table.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases: pl.DataFrame = error.failure_cases
    else:
        return []
    grouped = (
        cases.with_columns(pl.col("failure_case").cast(pl.String), pl.col("column").fill_null(""))
        .group_by("column", "check", maintain_order=True)
        .agg(rows=pl.len(), examples=pl.col("failure_case").head(3))
    )
    return [
        Breach(row["column"], row["check"], row["rows"], tuple(str(e) for e in row["examples"]))
        for row in grouped.iter_rows(named=True)
    ]


def _key(table: Table, keys: Mapping[str, str]) -> str:
    return "|".join(keys[name] for name in table.partitions) or "all"


def _in_words(found: Sequence[Breach]) -> str | None:
    if not found:
        return None
    first = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{first.column}: {first.rule}, broken by {first.rows} rows{more}"


def _breach_metadata(found: Mapping[str, Sequence[Breach]]) -> dict[str, Any]:
    rows = [(key, breach) for key, breaches_ in found.items() for breach in breaches_]
    if not rows:
        return {"broken rules": 0}
    records = [
        dg.TableRecord(
            {
                "partition": key,
                "column": breach.column,
                "rule": breach.rule,
                "rows": breach.rows,
                "examples": ", ".join(breach.examples),
            }
        )
        for key, breach in rows[:FAILING_ROWS_SHOWN]
    ]
    return {"broken rules": len(rows), "failures": dg.MetadataValue.table(records)}
