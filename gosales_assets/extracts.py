"""Extracts: what was read from the database, kept as Parquet files that are never rewritten.

Each table has a list of its current extracts beside them (JSON, swapped atomically). A file that
is not on the list does not exist for anybody, so a table's extracts change all at once or not at
all. What belongs here: which files are current. What does not: reading the database
(``sources/database.py``).
"""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from gosales_assets.database_address import DatabaseProblem, address_of
from gosales_assets.environment import Environment, SettingsError
from gosales_assets.whole_files import write_text_whole

_FORMAT = 1  # raise it when a list means something else: the tables are then read anew
_LEFT_OVER_SECONDS = 86_400
_PLAIN = re.compile(r"[a-z0-9_]+")


class TableName(NamedTuple):
    """Name of a table or view; without a schema the server's default one is meant."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        """The name as the YAML has it."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def slug(self) -> str:
        """The name as part of a file's name: equal only for equal names, on any file system."""
        parts = [part for part in self if part]
        if all(_PLAIN.fullmatch(part) for part in parts):
            return ".".join(parts)
        readable = re.sub(r"[^A-Za-z0-9_]+", "_", str(self))[:60]
        return f"{readable}-{hashlib.sha256(json.dumps(self).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Extract:
    """One file of rows.

    Parameters
    ----------
    number
        Ascending over all extracts that the table ever had.
    closed
        Whether its rows lie below the last watermark, so that it stays as it is.
    first, last
        Lowest and highest watermark in it; None without watermarks.
    extracted_at
        UTC, ISO.
    """

    number: int
    file: str
    rows: int
    sha256: str
    closed: bool
    first: str | None
    last: str | None
    extracted_at: str


@dataclass(frozen=True)
class Extracts:
    """The current extracts of one table.

    Parameters
    ----------
    source
        Name of the database for people.
    columns
        The table's columns when it was read.
    watermark
        Column that increments go by; None: the table is read as a whole.
    decimal_comma
        Whether numbers are written 1234,5.
    figures
        Sums over the closed rows, as the server gave them: other sums mean that rows changed.
    last
        Watermark that closed extracts end below: its kind and its text; None: no row has one.
    looked_at
        When the table was last read (UTC, ISO).
    note
        What was remarkable about that; empty: nothing.
    problem
        Why it could not be read since; None: it could.
    """

    table: TableName
    source: str
    columns: tuple[str, ...]
    watermark: str | None
    decimal_comma: bool
    figures: tuple[str | None, ...]
    last: tuple[str, str] | None
    extracts: tuple[Extract, ...]
    looked_at: str
    note: str
    problem: str | None = None

    @property
    def rows(self) -> int:
        """Rows of all extracts together."""
        return sum(extract.rows for extract in self.extracts)

    def files(self, folder: Path) -> list[Path]:
        """Files of the extracts, oldest first."""
        return [folder / extract.file for extract in self.extracts]


def folder_of(env: Environment, tables: Sequence[TableName]) -> Path | None:
    """Folder of the database's extracts.

    Each database has a folder of its own, so that rows of two never mix. Without a usable address
    it is the one that holds these tables and was read last; None: there is none.
    """
    root = env.home / "extracts"
    try:
        return root / address_of(env).identity
    except DatabaseProblem:
        there = [
            (known.looked_at, folder.name)
            for folder in sorted(root.glob("*/"))
            for known in (read(folder, table) for table in tables)
            if known is not None
        ]
    return root / max(there)[1] if there else None


def current(env: Environment, tables: Sequence[TableName]) -> list[tuple[Path, Extracts]]:
    """Folder and extracts of those of the tables that have been read."""
    folder = folder_of(env, tables)
    if folder is None:
        return []
    known = (read(folder, table) for table in tables)
    return [(folder, extracts) for extracts in known if extracts is not None]


def current_files(env: Environment, tables: Sequence[TableName]) -> list[Path]:
    """Files of the tables' current extracts, by table and age.

    Raises
    ------
    SettingsError
        When a file is gone: without it rows would be missing silently.
    """
    files = [
        file.resolve()
        for folder, extracts in current(env, tables)
        for file in extracts.files(folder)
    ]
    for file in files:
        if not file.is_file():
            raise SettingsError(
                f"{file}: this extract of the database is gone; `gosales run` reads its table "
                "again once the database can be reached"
            )
    return files


def now() -> str:
    """The time as it is kept beside the extracts: UTC, to the second."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def read(folder: Path, table: TableName) -> Extracts | None:
    """Read the list of a table's extracts; None when it has none."""
    listed = folder / f"{table.slug}.json"
    if not listed.is_file():
        return None
    content: dict[str, Any] = json.loads(listed.read_text(encoding="utf-8"))
    if content.pop("format") != _FORMAT:
        return None
    return Extracts(
        **content
        | {
            "table": TableName(*content["table"]),
            "columns": tuple(content["columns"]),
            "figures": tuple(content["figures"]),
            "last": tuple(content["last"]) if content["last"] else None,
            "extracts": tuple(Extract(**extract) for extract in content["extracts"]),
        }
    )


def write(folder: Path, extracts: Extracts) -> None:
    """Make this the list of a table's extracts, and remove the files that it no longer names."""
    before = read(folder, extracts.table)
    content = json.dumps({"format": _FORMAT, **asdict(extracts)}, indent=1)
    write_text_whole(folder / f"{extracts.table.slug}.json", content + "\n")
    kept = set(extracts.files(folder))
    for file in before.files(folder) if before else []:
        if file not in kept:
            file.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what interrupted extractions left behind: old files that no list names."""
    listed = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")]
    named = {extract["file"] for content in listed for extract in content["extracts"]}
    old = time.time() - _LEFT_OVER_SECONDS
    for file in [*folder.glob(".*.tmp"), *folder.glob("*.parquet")]:
        if file.name not in named and file.stat().st_mtime < old:
            file.unlink(missing_ok=True)
