"""A connection to DuckDB that is always closed, and whose problems are explained."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from gosales_assets.occupancy import SCRATCH
from gosales_assets.storage_problems import explained

PATIENCE = 0.01
"""Seconds between two tries to close a connection that still answers somebody."""


@contextmanager
def connected(
    database: str, home: Path, limits: Mapping[str, Any]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB; in memory, what does not fit is put aside in the home folder.

    Raises
    ------
    StorageProblem
        When the memory or the disk gives out.
    """
    config: dict[str, Any] = {**limits, "preserve_insertion_order": "true"}
    if database == ":memory:":
        scratch = home / SCRATCH
        with explained(scratch):
            scratch.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(scratch)
    try:
        connection = duckdb.connect(database, config=config)
        try:
            connection.execute("SET enable_progress_bar = false")  # it would write across our own
            yield connection
        finally:
            _close(connection)
    except duckdb.Error:
        with explained(home):
            raise


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    """Close it, also when another thread still asks it: nobody waits for that answer any more.

    DuckDB refuses to close a connection that is busy, and its refusal would hide what failed.
    """
    while True:
        try:
            connection.close()
        except duckdb.ResourceInUseException:
            connection.interrupt()
            time.sleep(PATIENCE)
        else:
            return
