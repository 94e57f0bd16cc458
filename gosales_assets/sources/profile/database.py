"""Tables of a database, looked at like files: some rows of each, all rows of the sales log.

What is read goes through the same door as an extraction: names that the server itself lists, quoted
by its dialect, at most so many rows, and no message with a secret in it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy import Connection

from gosales_assets.database_address import Address, DatabaseProblem, address_of
from gosales_assets.environment import environment
from gosales_assets.extracts import TableName
from gosales_assets.settings import SettingsError
from gosales_assets.sources.database_connection import connected, snapshot
from gosales_assets.sources.database_files import Manner, write_rows
from gosales_assets.sources.database_queries import SourceTable, source_table
from gosales_assets.sources.dates import parse_date
from gosales_assets.sources.parquet_files import open_parquet
from gosales_assets.sources.profile.look import FileLook, look_through

_CHUNK_ROWS = 50_000
_ROWS_AT_FIRST = 20_000
_ROWS_OF_LOG = 2_000_000
_NEVER = 2100  # years from here on stand for no end
_OF_THE_SERVER = {"information_schema", "INFORMATION_SCHEMA", "sys", "guest"}


@dataclass(frozen=True)
class DatabaseTable:
    """A table or view of the database, and where to read it."""

    name: TableName
    source: SourceTable
    rows: int


class DatabaseTables:
    """The tables of one database, while it is connected."""

    def __init__(self, connection: Connection, address: Address, folder: Path) -> None:
        self._connection, self._address, self._folder = connection, address, folder
        self._default_schema = ""
        self.tables: dict[str, DatabaseTable] = {}
        self.unreadable: dict[str, str] = {}

    @property
    def label(self) -> str:
        """The database's name for people."""
        return self._address.label

    def entry(self, table: str) -> str | tuple[str, str]:
        """A table as the YAML names it: in one word, unless there is a dot in its own name."""
        name = self.tables[table].name
        return (name.schema or self._default_schema, name.name) if "." in name.name else str(name)

    def look_at_all(self) -> list[FileLook]:
        """Look at the first rows of each table that has any."""
        looks = []
        for name in self._names():
            try:
                look = self._described(name)
            except (DatabaseProblem, SettingsError) as problem:
                self.unreadable[str(name)] = str(problem)
                continue
            if look is None:
                self.unreadable[str(name)] = "it is empty"
            else:
                looks.append(look)
        return looks

    def look_closer(self, look: FileLook) -> FileLook:
        """Look at all rows of a table, or at as many as are bearable."""
        table = self.tables.get(look.file.name)
        if table is None or table.rows <= look.rows:
            return look
        with snapshot(self._connection, self._address):
            closer = self._look(table, _ROWS_OF_LOG) or look
            if closer.rows < table.rows:
                for header, days in closer.days.items():
                    self._up_to_its_end(table, header, days)
        return closer

    def _up_to_its_end(self, table: DatabaseTable, header: str, days: Counter[str]) -> None:
        """Count a row for each day up to the column's last, where the rows seen end earlier."""
        if header not in table.source.columns:
            return
        highest = sa.select(sa.func.max(table.source.clause.c[header]))
        last = parse_date(str(self._connection.scalar(highest))[:10], "ymd")
        seen = [day for day in (parse_date(cell, "ymd") for cell in days) if day is not None]
        if last is None or last.year >= _NEVER or not seen:
            return
        day = max(seen)
        while (day := day + timedelta(days=1)) <= last:
            days[day.isoformat()] += 1

    def _names(self) -> list[TableName]:
        """Tables and views that this user may see, those of the default schema first."""
        with snapshot(self._connection, self._address):
            inspector = sa.inspect(self._connection)
            default = self._default_schema = inspector.default_schema_name or ""
            others = sorted(set(inspector.get_schema_names()) - {default} - _OF_THE_SERVER)
            schemas = [None, *(name for name in others if not name.startswith(("pg_", "db_")))]
            names = [
                TableName(schema, name)
                for schema in schemas
                for name in (
                    *sorted(inspector.get_table_names(schema=schema)),
                    *sorted(inspector.get_view_names(schema=schema)),
                )
            ]
        return list(dict.fromkeys(names))

    def _described(self, name: TableName) -> FileLook | None:
        with snapshot(self._connection, self._address):
            source = source_table(self._connection, [name], name)
            count = sa.select(sa.func.count()).select_from(source.clause)
            rows = int(self._connection.scalar(count) or 0)
            table = DatabaseTable(name, source, rows)
            self.tables[str(name)] = table
            return self._look(table, _ROWS_AT_FIRST)

    def _look(self, table: DatabaseTable, most: int) -> FileLook | None:
        manner = Manner(_CHUNK_ROWS, None, False, table.source.numbers)
        columns = [table.source.clause.c[name] for name in table.source.columns]
        written = write_rows(
            self._connection, sa.select(*columns).limit(most), self._folder, manner
        )
        if written is None:
            return None
        look = look_through(open_parquet(written.path, (), str(table.name)))
        return replace(look, there=table.rows)


@contextmanager
def database_tables(url: str | None) -> Iterator[DatabaseTables]:
    """Connect to a database, by a URL or as the environment names it.

    Raises
    ------
    SettingsError
        When it cannot be reached; the message shows no secret.
    """
    env = environment()
    if url is not None:
        given = {"database_url": SecretStr(url), "azure_sql_server": None}
        env = env.model_copy(update=given)
    label = "database"
    try:
        address = address_of(env)
        label = address.label
        with connected(address) as connection, TemporaryDirectory() as folder:
            yield DatabaseTables(connection, address, Path(folder))
    except DatabaseProblem as problem:
        raise SettingsError(f"{label}: {problem}") from None
