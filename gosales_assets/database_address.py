"""Address of the database, made of the environment; the only place that looks at its secrets.

What belongs here: the URL, a name for the database that may be shown, and taking secrets out of
other people's error messages. What does not: connecting (``sources/database_connection.py``).
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from gosales_assets.environment import Environment

if TYPE_CHECKING:
    from sqlalchemy import URL

HOW_TO_NAME = (
    "set GOSALES_DATABASE_URL (or GOSALES_AZURE_SQL_SERVER and its kin) in the environment or in "
    ".env; see docs/databases.md"
)
_DRIVERS = {
    "mssql": "mssql+mssqlpython",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
}
_SECRET_OPTION = re.compile(r"pass|pwd|secret|token|key|odbc_connect", re.IGNORECASE)
_PLACE_OPTIONS = ("host", "port", "service", "dbname")
_HIDDEN = "***"


class DatabaseProblem(Exception):
    """Why the database cannot be read: one line without any secret in it."""


@dataclass(frozen=True)
class Address:
    """Where the database is and how to log in; printing it shows no secret."""

    url: "URL" = field(repr=False)

    @property
    def label(self) -> str:
        """The database's name for people: kind, host and database, without user and options."""
        place = self.url.host or self.url.query.get("host", "")
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.url.get_backend_name()}://{place}{port}/{self.url.database or ''}"

    @property
    def identity(self) -> str:
        """A short name for the database, the same for every user: another database has another."""
        url = self.url
        database = url.database
        if url.get_backend_name() == "sqlite" and database:
            database = str(Path(database).resolve())
        place = [url.host, url.port, database, *(url.query.get(name) for name in _PLACE_OPTIONS)]
        digest = hashlib.sha256(json.dumps(place).encode()).hexdigest()[:10]
        return f"{url.get_backend_name()}-{digest}"

    def scrub(self, text: str) -> str:
        """Take every secret of the address out of a text, however it is written."""
        options = (
            value
            for name, values in self.url.normalized_query.items()
            if _SECRET_OPTION.search(name)
            for value in values
        )
        password = str(self.url.password) if self.url.password else ""
        for secret in sorted({password, *options} - {""}, key=len, reverse=True):
            written = {secret, quote(secret, safe=""), quote_plus(secret)}
            written.add("{" + secret.replace("}", "}}") + "}")  # as ODBC quotes it
            written.add(repr(secret)[1:-1])
            for form in sorted(written, key=len, reverse=True):
                text = text.replace(form, _HIDDEN)
        return text


def address_of(env: Environment) -> Address:
    """Read the database's address from the environment.

    Raises
    ------
    DatabaseProblem
        When none is given, two are, or it is incomplete or no URL.
    """
    given = env.database_url
    if given is not None and env.azure_sql_server is not None:
        raise DatabaseProblem(
            "both GOSALES_DATABASE_URL and GOSALES_AZURE_SQL_SERVER are set; remove one"
        )
    if given is not None:
        return Address(_parsed(given))
    if env.azure_sql_server is not None:
        return Address(_azure(env, env.azure_sql_server))
    raise DatabaseProblem(f"no database is named: {HOW_TO_NAME}")


def _parsed(given: SecretStr) -> "URL":
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(given.get_secret_value())
    except (ArgumentError, ValueError):  # what they say may quote the URL
        url = None
    if url is None:
        raise DatabaseProblem(
            "GOSALES_DATABASE_URL is no SQLAlchemy URL, such as "
            "postgresql://user:password@host:5432/database; write @ : / in a password as "
            "%40 %3A %2F"
        )
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _azure(env: Environment, server: str) -> "URL":
    from sqlalchemy import URL

    by_password = "SqlPassword" if env.azure_sql_password else "ActiveDirectoryDefault"
    log_in = env.azure_sql_auth or by_password
    needed = {"GOSALES_AZURE_SQL_DATABASE": env.azure_sql_database}
    if log_in in ("SqlPassword", "ActiveDirectoryServicePrincipal"):
        needed["GOSALES_AZURE_SQL_USER"] = env.azure_sql_user
        needed["GOSALES_AZURE_SQL_PASSWORD"] = "set" if env.azure_sql_password else None
    absent = [name for name, value in needed.items() if not value]
    if absent:
        raise DatabaseProblem(f"{', '.join(absent)} is not set, and {log_in} needs it")
    options = {"Encrypt": "yes"}
    if log_in != "SqlPassword":
        options["Authentication"] = log_in
    with_secret = log_in in ("SqlPassword", "ActiveDirectoryServicePrincipal")
    secret = env.azure_sql_password if with_secret else None
    return URL.create(
        "mssql+mssqlpython",
        username=env.azure_sql_user,
        password=secret.get_secret_value() if secret else None,
        host=server.strip().removeprefix("tcp:"),
        database=env.azure_sql_database,
        query=options,
    )
