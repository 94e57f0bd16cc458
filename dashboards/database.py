"""Opening the published database: read-only, for one query at a time.

A run publishes a new database by moving it over the old one. Nothing here stays open, so that the
next query sees the new one and nobody waits for a lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from gosales_assets.settings import environment


class NotPublishedError(LookupError):
    """What a page needs is not in the published database yet; the message says it to people."""


@dataclass(frozen=True)
class Published:
    """The published database of one home folder.

    Parameters
    ----------
    path
        The DuckDB file; it need not exist yet.
    threads
        CPU threads of a query; None: all cores.
    memory_limit
        DuckDB's memory limit such as ``4GB``; None: DuckDB's own.
    """

    path: Path
    threads: int | None = None
    memory_limit: str | None = None

    def query(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run one read-only query; values go in as ``$name`` parameters, never into the text.

        Raises
        ------
        NotPublishedError
            When the database, a table, a column, or a file of the lake behind a view is missing.
        """
        if not self.path.is_file():
            raise NotPublishedError("No results have been published yet.")
        limits = {"threads": self.threads, "memory_limit": self.memory_limit}
        config: dict[str, Any] = {k: v for k, v in limits.items() if v is not None}
        try:
            with duckdb.connect(str(self.path), read_only=True, config=config) as connection:
                frame: pl.DataFrame = connection.sql(sql, params=dict(params or {})).pl()
        except duckdb.CatalogException as error:
            raise NotPublishedError(f"{_first_line(error)} A run that ends will add it.") from error
        except duckdb.BinderException as error:
            raise NotPublishedError(
                f"The database was written by another version. {_first_line(error)}"
            ) from error
        except duckdb.IOException as error:
            raise NotPublishedError(f"A file is missing. {_first_line(error)}") from error
        return frame


def published() -> Published:
    """The published database of this process' home folder (``GOSALES_HOME``)."""
    env = environment()
    return Published((env.home / "gosales.duckdb").resolve(), env.threads, env.memory_limit)


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0].split(": ", 1)[-1].rstrip(".!") + "."
