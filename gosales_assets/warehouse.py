"""The warehouse: a lake of Parquet partitions that DuckDB computes on.

What belongs here: where a table's partition lives, how it is written so that no reader ever sees
half of it, and how it is opened. What does not: what the tables mean (each room's ``contract.py``)
and the database that people open (``runs/publish.py``).
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import dagster as dg
import duckdb
import polars as pl
from dagster_duckdb import DuckDBResource
from pydantic import Field, PrivateAttr

from gosales_assets.engine import connected
from gosales_assets.locks import locked
from gosales_assets.occupancy import at_work
from gosales_assets.parts import (
    MANIFEST,
    Part,
    Rewrite,
    checksum_of,
    files_of,
    in_order,
    read_manifest,
    sweep,
    write_whole,
)
from gosales_assets.tables import Table
from gosales_assets.whole_files import write_text_whole

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend

PART = "part.parquet"
BROKEN = "broken-{check}.json"
LOCK = ".lock"

# The table that a check is looking at: it may be read whatever other checks found in it.
_CHECKED: ContextVar[str | None] = ContextVar("checked", default=None)


class MissingPartition(LookupError):
    """A table's partition that is needed is not in the lake yet."""


class BrokenPartition(Exception):
    """A table's partition that is needed failed its contract and must not be built on."""


@dataclass(frozen=True)
class Written:
    """What was written: how many rows, where, and the checksum of their content."""

    table: str
    partition: Mapping[str, str]
    rows: int
    checksum: str
    path: Path


class Warehouse(DuckDBResource):
    """DuckDB over the lake: opens connections, reads tables, writes partitions atomically."""

    database: str = ":memory:"
    home: str
    threads: int = 0
    memory_limit: str = ""
    code_version: str = "unknown"
    basis: str = ""
    bases: dict[str, str] = Field(default={}, description="Basis by room or table.")
    _at_work: ExitStack = PrivateAttr(default_factory=ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Be at work in the home folder for as long as a Dagster run holds this warehouse."""
        # Not `yield_for_execution`: contexts of sensors would need a `with` of their own.
        if context.run is not None:
            self._at_work.enter_context(at_work(self.home_path))

    @property
    def home_path(self) -> Path:
        """Folder of everything that the platform keeps."""
        return Path(self.home).resolve()

    @property
    def lake(self) -> Path:
        """Folder of the lake."""
        return self.home_path / "lake"

    @property
    def published_database(self) -> Path:
        """The DuckDB file that people open."""
        return self.home_path / "gosales.duckdb"

    @property
    def exports(self) -> Path:
        """Folder of the CSV and Parquet hand-outs."""
        return self.home_path / "exports"

    def path(self, table: Table, **partition: str) -> Path:
        """File of one partition; raises ``ValueError`` when a partition key is missing."""
        if set(partition) != set(table.partitions):
            wanted = ", ".join(table.partitions) or "no keys"
            raise ValueError(f"{table.name} is partitioned by {wanted}, got {sorted(partition)}")
        folder = self.lake / table.room / table.short_name
        for key in table.partitions:
            folder /= f"{key}={quote(partition[key], safe=' &+()')}"
        return folder / (MANIFEST if table.parts else PART)

    def files(self, table: Table, **partition: str) -> list[Path]:
        """Parquet files of one partition, in order; more than one where the table is in parts.

        None for a division that is left out.

        Raises
        ------
        MissingPartition, BrokenPartition
            When the partition is not there, or failed its contract.
        """
        if self.is_left_out(table, **partition):
            return []
        path = self._existing(table, partition)
        return files_of(path.parent, self.parts(table).values()) if table.parts else [path]

    def parts(self, table: Table) -> Mapping[str, Part]:
        """Parts of a table that is kept in parts, by name; none if it is not there yet."""
        return read_manifest(self.path(table)).parts

    def partitions(self, table: Table) -> list[dict[str, str]]:
        """Partitions that are in the lake, in order of their keys."""
        if table.parts:
            return [{}] if self.has(table) else []
        root = self.lake / table.room / table.short_name
        found = []
        for path in root.rglob(PART):
            folders = path.relative_to(root).parts[:-1]
            keys = [folder.split("=", 1) for folder in folders]
            found.append({key: unquote(value) for key, value in keys})
        return sorted(found, key=lambda keys: [keys[name] for name in table.partitions])

    def has(self, table: Table, **partition: str) -> bool:
        """Whether the partition is in the lake."""
        return self.path(table, **partition).is_file()

    def write(
        self,
        table: Table,
        frame: pl.DataFrame,
        *,
        run_id: str = "",
        **partition: str,
    ) -> Written:
        """Write one partition: typed and sorted as its contract says, moved into place whole.

        What it was made on (code version, settings and inputs, run) is kept in the file's footer.

        Raises
        ------
        ValueError
            When a column is missing, unknown, or cannot take its type without loss.
        """
        if table.parts:
            with self.rewrite(table, run_id) as rewrite:
                rewrite.write("all", frame)
            return self.written(table)
        typed = in_order(table.typed(frame), table.sort).rechunk()
        target = self.path(table, **partition)
        checksum = checksum_of(typed.drop(table.volatile))
        footer = {
            "gosales.checksum": checksum,
            "gosales.rows": str(typed.height),
            **self._made_on(table, run_id),
        }
        write_whole(typed, target, footer)
        for mark in _marks(target):
            mark.unlink(missing_ok=True)  # two runs may write the same partition
        return Written(table.name, partition, typed.height, checksum, target)

    @contextmanager
    def rewrite(self, table: Table, run_id: str = "") -> Iterator[Rewrite]:
        """Make the next version of a table in parts; readers see it when the block ends well.

        Parts of a version that failed a check are not offered to be kept. One process at a time
        makes a version: another waits, so that neither takes the other's files for left over.
        """
        folder = self.path(table).parent
        with self.alone(table):
            sweep(folder)
            rewrite = Rewrite(table, folder, {} if self.is_broken(table) else self.parts(table))
            yield rewrite
            rewrite.commit(self._made_on(table, run_id))
            for mark in _marks(self.path(table)):
                mark.unlink(missing_ok=True)

    @contextmanager
    def alone(self, table: Table) -> Iterator[None]:
        """Be the only process that adds to a table, where what is new stands beside the old."""
        with locked(self.lake / table.room / table.short_name / LOCK):
            yield

    def written(self, table: Table, **partition: str) -> Written:
        """Say what there is of one partition: its rows and its checksum."""
        noted, path = self.footer(table, **partition), self.path(table, **partition)
        rows, checksum = int(noted["gosales.rows"]), noted["gosales.checksum"]
        return Written(table.name, partition, rows, checksum, path)

    def remove(self, table: Table, **partition: str) -> None:
        """Remove one partition, if it is there."""
        shutil.rmtree(self.path(table, **partition).parent, ignore_errors=True)

    def is_fresh(self, table: Table, **partition: str) -> bool:
        """Whether the partition is there, whole, and made on today's code and all that it needs."""
        if not self.has(table, **partition) or self.is_broken(table, **partition):
            return False
        try:
            footer = self.footer(table, **partition)
        except (pl.exceptions.ComputeError, ValueError):  # cut short, as by a power failure
            return False
        made_on = (footer.get("gosales.code"), footer.get("gosales.needed"))
        return made_on == (self.code_version, self._needed_by(table))

    def mark(self, table: Table, check: str, problem: str | None, **partition: str) -> None:
        """Note that a partition failed a blocking check (or, with None, that it passed).

        A blocking check stops only its own run; the mark keeps later runs from building on the
        partition until it is written anew.
        """
        path = self.path(table, **partition).with_name(BROKEN.format(check=check))
        if problem is None:
            path.unlink(missing_ok=True)
        elif path.parent.is_dir():
            write_text_whole(path, json.dumps({"problem": problem}))

    def is_broken(self, table: Table, **partition: str) -> bool:
        """Whether the partition failed a blocking check."""
        return bool(_marks(self.path(table, **partition)))

    def is_left_out(self, table: Table, **partition: str) -> bool:
        """Whether the partition is of one division and failed: it then counts as having no rows.

        So what is wrong with one division does not take the others with it. Its own checks still
        see what was written.
        """
        looked_at = _CHECKED.get() == table.name
        return "division" in partition and not looked_at and self.is_broken(table, **partition)

    def problems(self, table: Table, **partition: str) -> list[str]:
        """What blocking checks found wrong with a partition, in words."""
        marks = _marks(self.path(table, **partition))
        return [json.loads(mark.read_text(encoding="utf-8"))["problem"] for mark in marks]

    def footer(self, table: Table, **partition: str) -> dict[str, str]:
        """What is noted in a partition's footer: checksum, rows, and the basis it was made on."""
        if table.parts:
            return dict(read_manifest(self.path(table)).footer)
        metadata = pl.read_parquet_metadata(self.path(table, **partition))
        return {key: value for key, value in metadata.items() if key.startswith("gosales.")}

    def read(
        self, table: Table, *, columns: Sequence[str] | None = None, **partition: str
    ) -> pl.DataFrame:
        """Read one partition (or the whole of an unpartitioned table) in its contract's order.

        A division that is left out has no rows.

        Raises
        ------
        MissingPartition, BrokenPartition
            When the partition is not there, or failed its contract.
        """
        files, wanted = self.files(table, **partition), list(columns) if columns else None
        if not files:
            return table.empty() if wanted is None else table.empty().select(wanted)
        if table.parts:  # under a name there is only ever one content
            return pl.read_parquet(files, columns=wanted, hive_partitioning=False)
        # Opened once: Polars opens a path twice, and another run may replace the file meanwhile.
        with files[0].open("rb") as file:
            return pl.read_parquet(file, columns=wanted, hive_partitioning=False)

    def read_unchecked(self, table: Table, **partition: str) -> pl.DataFrame:
        """Read one partition even if it is marked as broken: for the checks themselves."""
        with checking(table):
            return self.read(table, **partition)

    def read_many(
        self,
        table: Table,
        partitions: Sequence[Mapping[str, str]],
        *,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Read several partitions as one frame, in the order given.

        They are always named: the lake may hold partitions of other settings, too.
        """
        if not partitions:
            return table.empty() if columns is None else table.empty().select(columns)
        return pl.concat([self.read(table, columns=columns, **keys) for keys in partitions])

    def lazy(self, table: Table, **partition: str) -> pl.LazyFrame:
        """Open one partition without reading it yet; raises what `files` does."""
        return pl.scan_parquet(self.files(table, **partition), hive_partitioning=False)

    @contextmanager
    def connect(self, database: str = ":memory:") -> Iterator[duckdb.DuckDBPyConnection]:
        """Open DuckDB with the configured limits; always closed, also after an error."""
        limits: dict[str, Any] = dict(self.connection_config or {})
        given = {"threads": self.threads, "memory_limit": self.memory_limit}
        limits |= {name: value for name, value in given.items() if value}
        with connected(database, self.home_path, limits) as opened:
            yield opened

    @contextmanager
    def engine(self) -> Iterator["Backend"]:
        """Open an Ibis backend on a fresh in-memory DuckDB."""
        import ibis

        with self.connect() as connection:
            yield ibis.duckdb.from_connection(connection)

    def scan(
        self,
        engine: "Backend",
        table: Table,
        partitions: Sequence[Mapping[str, str]] = ({},),
    ) -> "ibis.Table":
        """Open a table of the lake as an Ibis expression, without reading it.

        Partitions are always named; the default is the one of an unpartitioned table.

        Raises
        ------
        MissingPartition
            When one of the partitions is not there, or none is named.
        """
        if not partitions:
            raise MissingPartition(f"{table.name}: no partition was asked for")
        files = [str(file) for keys in partitions for file in self.files(table, **keys)]
        if not files:
            import ibis

            return ibis.memtable(table.empty())
        return engine.read_parquet(files, hive_partitioning=False)

    def _made_on(self, table: Table, run_id: str) -> dict[str, str]:
        return {
            "gosales.code": self.code_version,
            "gosales.basis": self._with_record(table, self.basis),
            "gosales.needed": self._needed_by(table),
            "gosales.run": run_id,
        }

    def _needed_by(self, table: Table) -> str:
        """What of settings and inputs a table is made on: equal, it need not be made anew."""
        of_room = self.bases.get(table.room, self.basis)
        return self._with_record(table, self.bases.get(table.name, of_room))

    def _with_record(self, table: Table, basis: str) -> str:
        """A basis, and the table's record if it has one."""
        files = (self.home_path / table.record).rglob("*.parquet") if table.record else ()
        names = sorted(file.name for file in files)
        if not names:
            return basis
        return hashlib.sha256("\n".join([basis, *names]).encode()).hexdigest()[:16]

    def _existing(self, table: Table, partition: Mapping[str, str]) -> Path:
        path = self.path(table, **partition)
        if not path.is_file():
            keys = ", ".join(f"{key}={value}" for key, value in partition.items())
            raise MissingPartition(
                f"{table.name}{f' [{keys}]' if keys else ''} is not there yet: materialize it first"
            )
        for problem in [] if _CHECKED.get() == table.name else self.problems(table, **partition):
            raise BrokenPartition(
                f"{table.name} {dict(partition) or ''} failed a check ({problem}): "
                "mend its input and materialize it again"
            )
        return path


@contextmanager
def checking(table: Table) -> Iterator[None]:
    """Let what is inside read ``table`` although its checks have failed: for the checks."""
    token = _CHECKED.set(table.name)
    try:
        yield
    finally:
        _CHECKED.reset(token)


def _marks(part: Path) -> list[Path]:
    return sorted(part.parent.glob(BROKEN.format(check="*")))
