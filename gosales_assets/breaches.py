"""Breaches: which rules of a table's contract its rows break, how many, and which rows.

Free of Dagster: `contracts` makes checks of what is found here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

FAILING_ROWS_SHOWN = 20
_PART = "_partition_number"


@dataclass(frozen=True)
class Breach:
    """One broken rule: the column, the rule in words, how many rows break it, and examples.

    Broken columns, types, keys, sums and missing values stop what is downstream (``blocking``);
    a value out of its range is only shown.
    """

    column: str
    rule: str
    rows: int
    examples: tuple[str, ...]
    blocking: bool = True


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


def breaches_in_parts(table: Table, warehouse: Warehouse) -> list[Breach]:
    """Breaches of a table in parts, one part in memory at a time; counts are summed over them."""
    found: dict[tuple[str, str], Breach] = {}
    rows = 0
    for file in warehouse.files(table):
        frame = pl.read_parquet(file, hive_partitioning=False)
        rows += frame.height
        for breach in breaches(table, frame) if frame.height else []:
            rule = (breach.column, breach.rule)
            before = found.get(rule, replace(breach, rows=0, examples=()))
            examples = (*before.examples, *breach.examples)[:FAILING_ROWS_SHOWN]
            found[rule] = replace(breach, rows=before.rows + breach.rows, examples=examples)
    return list(found.values()) if rows else breaches(table, table.empty())


def breaches(table: Table, frame: pl.DataFrame) -> list[Breach]:
    """Rules of the contract that ``frame`` breaks, with counts; empty when it keeps them all.

    Columns and types are looked at first: with a wrong type, value rules give only noise.
    """
    found = _type_breaches(table, frame)
    if found:
        return found
    if frame.is_empty():
        return [] if table.may_be_empty else [Breach("", "at least one row", 0, ())]
    duplicated = frame.select(table.sort).filter(pl.struct(table.sort).is_duplicated())
    if duplicated.height:
        shown = duplicated.unique(maintain_order=True).head(FAILING_ROWS_SHOWN)
        examples = tuple(_row_in_words(row) for row in shown.iter_rows(named=True))
        found.append(Breach(", ".join(table.sort), "one row per key", duplicated.height, examples))
    return found + _value_breaches(table, frame)


def in_words(found: Sequence[Breach]) -> str | None:
    """Say the first breach and how many more there are; None: there is none."""
    if not found:
        return None
    first = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{first.column}: {first.rule}, broken by {first.rows} rows{more}"


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
    # Pandera numbers the checks of values only: what has no number is about nulls or uniqueness.
    grouped = (
        cases.with_columns(pl.col("column").fill_null(""))
        .group_by("column", "check", maintain_order=True)
        .agg(
            pl.len().alias("rows"),
            pl.col("index", "failure_case").sort_by("index").head(FAILING_ROWS_SHOWN),
            blocking=pl.col("check_number").is_null().any(),
        )
    )
    keys = frame.select(table.sort)
    return [
        Breach(
            row["column"],
            row["check"],
            row["rows"],
            tuple(
                _cell_in_words(keys, at, cell)
                for at, cell in zip(row["index"], row["failure_case"], strict=True)
            ),
            row["blocking"],
        )
        for row in grouped.iter_rows(named=True)
    ]


def _cell_in_words(keys: pl.DataFrame, at: int | None, cell: str | None) -> str:
    shown = "nothing" if cell is None else cell
    # A check that fails as a whole, such as one that raises an error, points at no row.
    return shown if at is None else f"{_row_in_words(keys.row(at, named=True))}: {shown}"


def _row_in_words(key: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items())
