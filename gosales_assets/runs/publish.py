"""The published database: one DuckDB file that people open, built aside and swapped in whole."""

import os
import uuid
from collections.abc import Sequence

import duckdb

from gosales_assets.partitions import Keys
from gosales_assets.parts import publish_parts
from gosales_assets.runs.inventory import current_partitions
from gosales_assets.runs.scorecard_tables import NEEDED, add_scorecard_tables
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse


def publish(warehouse: Warehouse, tables: Sequence[Table], keys: Keys) -> dict[str, int]:
    """Build ``gosales.duckdb`` from the lake and move it into place.

    One schema per room; small tables are copied, big ones are views over the lake; every table
    and column carries its description as a comment; the schema ``scorecard`` holds what pages are
    turned by. Readers of the old file keep reading it.

    Returns
    -------
    dict
        Table name -> number of partitions published. A table that nothing was written for yet is
        published empty, so that a query on it answers rather than fails.
    """
    target = warehouse.published_database
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{uuid.uuid4().hex}.duckdb")
    published = {}
    try:
        with warehouse.connect(str(scratch)) as connection:
            for table in tables:
                files = [
                    str(file)
                    for partition in current_partitions(warehouse, table, keys)
                    for file in warehouse.files(table, **partition)
                ]
                _publish_table(connection, table, files)
                published[table.name] = len(files)
            if published.keys() >= NEEDED:
                add_scorecard_tables(connection)
            connection.execute("CHECKPOINT")
        for table in tables:
            if table.parts and warehouse.has(table):
                publish_parts(warehouse.path(table).parent)
        os.replace(scratch, target)  # noqa: PTH105 - the atomic move is the point
    finally:
        scratch.unlink(missing_ok=True)
        scratch.with_name(scratch.name + ".wal").unlink(missing_ok=True)
    return published


def _publish_table(connection: duckdb.DuckDBPyConnection, table: Table, files: list[str]) -> None:
    name = f'"{table.room}"."{table.short_name}"'
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.room}"')
    as_view = table.published == "view" and bool(files)
    if files:
        listed = ", ".join(_literal(file) for file in files)
        source = f"read_parquet([{listed}], hive_partitioning = false)"
        kind = "VIEW" if as_view else "TABLE"
        # Names come from the contracts and files from the lake's own layout, never from data.
        connection.execute(f"CREATE {kind} {name} AS SELECT * FROM {source}")  # noqa: S608
    else:
        connection.register("no_rows", table.empty().to_arrow())
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM no_rows")  # noqa: S608
        connection.unregister("no_rows")
    about = f"{table.description} Grain: {table.grain}."
    connection.execute(f"COMMENT ON {'VIEW' if as_view else 'TABLE'} {name} IS {_literal(about)}")
    for column, schema in table.schema.columns.items():
        if schema.description:
            comment = _literal(schema.description)
            connection.execute(f'COMMENT ON COLUMN {name}."{column}" IS {comment}')


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
