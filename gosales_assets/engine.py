"""A connection to DuckDB that is always closed, and whose problems are explained."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from gosales_assets.occupancy import SCRATCH
from gosales_assets.storage_problems import explained


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
            connection.close()
    except duckdb.Error:
        with explained(home):
            raise
