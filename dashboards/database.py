"""Opening the published database: read-only, for one query at a time, within a scope.

A run publishes a new database by moving it over the old one. Nothing here stays open, so that the
next query sees the new one and nobody waits for a lock.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dashboards.scope import EVERYTHING, SOURCE, Scope, restrict
from gosales_assets.environment import environment

log = logging.getLogger(__name__)
_BROKEN = (
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)


class NotPublishedError(LookupError):
    """What a page needs is not in the published database yet; the message says it to people."""


@dataclass(frozen=True)
class Published:
    """The published database of one home folder, as one person may see it.

    Parameters
    ----------
    path
        The DuckDB file; it need not exist yet.
    threads
        CPU threads of a query; None: all cores.
    memory_limit
        DuckDB's memory limit such as ``4GB``; None: DuckDB's own.
    scope
        What the person may see; every query is held to it.
    """

    path: Path
    threads: int | None = None
    memory_limit: str | None = None
    scope: Scope = EVERYTHING

    @property
    def home(self) -> Path:
        """Folder of the platform that the database belongs to."""
        return self.path.parent

    def within(self, scope: Scope) -> "Published":
        """The same database, seen within another scope."""
        return replace(self, scope=scope)

    def query(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run one read-only query; values go in as ``$name`` parameters, never into the text.

        Raises
        ------
        NotPublishedError
            When the database, a table, a column, or a file of the lake behind a view is missing
            or broken. The message names no path; the log has the error.
        """
        if not self.path.is_file():
            raise NotPublishedError("No results have been published yet.")
        limits = {"threads": self.threads, "memory_limit": self.memory_limit}
        config: dict[str, Any] = {k: v for k, v in limits.items() if v is not None}
        try:
            with duckdb.connect(config=config) as connection:
                place = str(self.path).replace("'", "''")
                connection.execute(f"attach '{place}' as {SOURCE} (read_only)")
                restrict(connection, self.scope, sql)
                frame: pl.DataFrame = connection.sql(sql, params=dict(params or {})).pl()
        except duckdb.Error as error:
            raise NotPublishedError(_said(error)) from error
        return frame


def published() -> Published:
    """The published database of this process' home folder (``GOSALES_HOME``), all of it."""
    env = environment()
    return Published((env.home / "gosales.duckdb").resolve(), env.threads, env.memory_limit)


def _said(error: duckdb.Error) -> str:
    """Say in plain words what is wrong with the database; whatever else went wrong is raised."""
    log.warning("The published database could not be read: %s", error)
    if isinstance(error, duckdb.CatalogException):
        return f"{_first_line(error)} A run that ends will add it."
    if isinstance(error, duckdb.BinderException):
        return f"The database was written by another version. {_first_line(error)}"
    # A block whose checksum is wrong is said by no class of its own.
    if isinstance(error, _BROKEN) or type(error) is duckdb.Error:
        return "A file of the results is missing or broken. A run that ends will write it again."
    raise error


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0].split(": ", 1)[-1].rstrip(".!") + "."
