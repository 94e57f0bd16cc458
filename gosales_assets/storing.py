"""Storing: partitions are written, one or many at a time, and noted where people see them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import dagster as dg
import polars as pl

from gosales_assets.contracts import asset_key
from gosales_assets.read_ahead import side_by_side
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse, Written


class Made(NamedTuple):
    """Rows of one partition of a table, ready to be written, and what people see of them."""

    table: Table
    frame: pl.DataFrame
    partition: Mapping[str, str]
    shown: Mapping[str, Any] = MappingProxyType({})


Task = Callable[[], Sequence[Made]]
"""Makes some partitions."""


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


def store_each(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    tasks: Iterable[Task],
) -> None:
    """Make and write partitions side by side, and note each in the UI: see `store`.

    Parameters
    ----------
    tasks
        Each makes some partitions, in a thread of its own; fetched one after the other.
    """
    run = context.run.run_id

    def written(task: Task) -> list[tuple[Table, Written, Mapping[str, Any]]]:
        return [
            (table, warehouse.write(table, frame, run_id=run, **partition), shown)
            for table, frame, partition, shown in task()
        ]

    for together in side_by_side(partial(written, task) for task in tasks):
        for table, each, shown in together:
            note(context, table, each, shown)


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
