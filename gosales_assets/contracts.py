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
from gosales_assets.warehouse import Warehouse, Written

OWNERS = ["team:gosales"]
FAILING_ROWS_SHOWN = 20


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
        return check_partitions(
            context, table, lambda keys: breaches(table, warehouse.read_unchecked(table, **keys))
        )

    return check


def check_partitions(
    context: dg.AssetCheckExecutionContext,
    table: Table,
    find: Callable[[dict[str, str]], list[Breach]],
    name: str = "contract",
) -> dg.AssetCheckResult:
    """Evaluate a blocking check on every partition of a run, each recorded under its own key.

    A check in a run over many partitions gives one result without a partition and would leave the
    per-partition states at "planned"; so each partition's evaluation is logged by itself. What
    failed is also marked in the warehouse, so that later runs do not build on it.
    """
    found: dict[str, list[Breach]] = {}
    operation = context.op_execution_context
    warehouse: Warehouse = operation.resources.warehouse
    if not table.partitions:
        found["all"] = find({})
        warehouse.mark(table, name, _in_words(found["all"]))
    else:
        for key in operation.partition_keys:
            values = key.split("|", len(table.partitions) - 1)
            partition = dict(zip(table.partitions, values, strict=True))
            found[key] = find(partition)
            warehouse.mark(table, name, _in_words(found[key]), **partition)
            if len(operation.partition_keys) > 1:
                evaluation = dg.AssetCheckEvaluation(
                    asset_key=asset_key(table),
                    check_name=name,
                    passed=not found[key],
                    partition=key,
                    blocking=True,
                    metadata=_breach_metadata({key: found[key]}),
                )
                operation.log_event(evaluation)  # type: ignore[arg-type]  # typed too narrowly
    broken = {key: breach for key, breach in found.items() if breach}
    return dg.AssetCheckResult(passed=not broken, metadata=_breach_metadata(broken))


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
    try:
        table.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        found.extend(_value_breaches(error.failure_cases))
    return found


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


def _value_breaches(cases: pl.DataFrame) -> list[Breach]:
    grouped = (
        cases.with_columns(pl.col("failure_case").cast(pl.String), pl.col("column").fill_null(""))
        .group_by("column", "check", maintain_order=True)
        .agg(rows=pl.len(), examples=pl.col("failure_case").head(3))
    )
    return [
        Breach(row["column"], row["check"], row["rows"], tuple(str(e) for e in row["examples"]))
        for row in grouped.iter_rows(named=True)
    ]


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
