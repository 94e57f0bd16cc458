"""The published database: one DuckDB file that people open, built aside and swapped in whole."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from gosales_assets.locks import locked
from gosales_assets.occupancy import SCRATCH, at_work
from gosales_assets.partitions import Keys
from gosales_assets.parts import files_of, hold_parts, publish_parts
from gosales_assets.runs.inventory import current_partitions
from gosales_assets.runs.scorecard_tables import NEEDED, add_scorecard_tables
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse
from gosales_assets.whole_files import whole

LOCK = ".publish.lock"


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
    with at_work(warehouse.home_path), locked(warehouse.home_path / LOCK):
        published, held = {}, []
        with whole(target) as scratch:
            try:
                with warehouse.connect(str(scratch)) as connection:
                    for table in tables:
                        files, folders = _files_to_publish(warehouse, table, keys)
                        held += folders
                        with _steady(files, warehouse.home_path / SCRATCH, table) as names:
                            _publish_table(connection, table, names)
                        published[table.name] = len(files)
                    if published.keys() >= NEEDED:
                        add_scorecard_tables(connection)
                    connection.execute("CHECKPOINT")
            finally:
                scratch.with_name(scratch.name + ".wal").unlink(missing_ok=True)
        for folder in held:  # only now does nobody need the parts of the time before any more
            publish_parts(folder)
    return published


def _files_to_publish(
    warehouse: Warehouse, table: Table, keys: Keys
) -> tuple[list[Path], list[Path]]:
    """Files of a table, and folders whose parts are held for the database."""
    partitions = current_partitions(warehouse, table, keys)
    if table.parts and partitions:
        folder = warehouse.path(table).parent
        return files_of(folder, hold_parts(folder).parts.values()), [folder]
    return [file for named in partitions for file in warehouse.files(table, **named)], []


@contextmanager
def _steady(files: list[Path], scratch: Path, table: Table) -> Iterator[list[str]]:
    """Names under which the files stay as they are while DuckDB copies them.

    DuckDB opens a file more than once, and another run may move a new one into its place
    meanwhile. Views keep the lake's own names.
    """
    if table.published == "view":
        yield [str(file) for file in files]
        return
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="publish-", dir=scratch) as folder:
        names = [Path(folder) / f"{number}.parquet" for number in range(len(files))]
        for file, name in zip(files, names, strict=True):
            try:
                name.hardlink_to(file)
            except OSError:  # a file system without links
                shutil.copyfile(file, name)
        yield [str(name) for name in names]


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
