"""A connection to the database: read-only, one snapshot per table, errors in plain words.

Drivers' errors may quote what they were given. So none of them leaves this module: what is raised
is a `DatabaseProblem` of one line, with the secrets taken out and the driver's error cut off.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from gosales_assets.database_address import Address, DatabaseProblem

_SECONDS_TO_CONNECT = 15
_LONGEST = 400
_OPTIONS: dict[str, dict[str, Any]] = {
    "psycopg": {"connect_timeout": _SECONDS_TO_CONNECT, "application_name": "gosales"},
    "mssqlpython": {"timeout": _SECONDS_TO_CONNECT},
}
# What drivers say, in the order in which it is looked for -> what it means.
_MEANINGS = (
    (r"Failed to load the driver", "Microsoft's driver lacks a library of the system (on Debian: "
     "apt-get install libltdl7 libkrb5-3 libgssapi-krb5-2)"),
    (r"password authentication failed|Login failed|role \".*\" does not exist|no password supplied"
     r"|authentication failed", "log-in refused"),
    (r"permission denied|permission was denied", "permission denied"),
    (r"database \".*\" does not exist|Cannot open database", "no such database"),
    (r"[Cc]onnection refused|timeout|timed out|resolve host|No such file or directory"
     r"|unable to establish|TCP Provider|server closed|terminat", "server cannot be reached"),
    (r"database is locked", "another program is writing to it"),
)  # fmt: skip


@contextmanager
def connected(address: Address) -> Iterator[Connection]:
    """Connect, and close again whatever happens.

    Raises
    ------
    DatabaseProblem
        When there is no such driver, server, database or user.
    """
    with plainly(address, Exception):  # drivers fail in ways of their own before they connect
        engine = _engine(address.url)
        connection = engine.connect()
        if engine.dialect.name == "postgresql":
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()


@contextmanager
def snapshot(connection: Connection, address: Address) -> Iterator[None]:
    """Read several times from one state of the database, where the server can give one.

    PostgreSQL and SQLite can. SQL Server reads what is committed at each moment; what that may
    miss is found by the next extraction, which counts.

    Raises
    ------
    DatabaseProblem
        When a statement inside fails.
    """
    with plainly(address, SQLAlchemyError), connection.begin():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
            if not connection.connection.in_transaction:  # the driver begins before writes only
                connection.exec_driver_sql("BEGIN")
        yield


@contextmanager
def plainly(address: Address, kinds: type[Exception]) -> Iterator[None]:
    """Turn errors of these kinds into a `DatabaseProblem` without secrets and without cause."""
    try:
        yield
    except DatabaseProblem:
        raise
    except kinds as error:
        reason = in_words(error, address)
        raise DatabaseProblem(reason) from None


def in_words(error: Exception, address: Address) -> str:
    """Say what an error means, and what the driver said, in one line without secrets."""
    if isinstance(error, NoSuchModuleError):
        return f"no driver for URLs that begin with {address.url.drivername}://"
    if isinstance(error, ModuleNotFoundError):
        return f"the driver of {address.url.drivername} is not installed ({error.name})"
    original = getattr(error, "orig", None) or error
    said = " ".join(address.scrub(str(original)).split())
    shown = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."
    meaning = next((words for pattern, words in _MEANINGS if re.search(pattern, said)), None)
    return f"{meaning}: {shown}" if meaning else f"{type(original).__name__}: {shown}"


def _engine(url: URL) -> Engine:
    manner: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        _sqlite_file_exists(url)
        # Where parameters go by place, SQLAlchemy 2.1 takes "%(" in a column's name for one.
        manner["paramstyle"] = "named"
    options = _OPTIONS.get(url.get_dialect().driver, {})
    given = {name: value for name, value in options.items() if name not in url.query}
    return create_engine(url, connect_args=given, **manner)


def _sqlite_file_exists(url: URL) -> None:
    """Refuse a file that is not there: SQLite would make an empty one."""
    name = url.database or ":memory:"
    if not name.startswith("file:") and not Path(name).is_file():
        raise DatabaseProblem(f"no such SQLite file: {name}")
