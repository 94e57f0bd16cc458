"""Extraction: tables of the database into Parquet files that are then read like any other file.

Without a watermark a table is read whole, and its extract is replaced only when the content
differs. With one, closed extracts hold the rows below the last watermark and stay as they are; one
open extract holds the rows at the last watermark (and those without any) and is read again each
time, because more of them may still come in. Rows that appear, vanish or change below it show in
their number and sums: then the whole table is read again. So no row is lost or doubled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection

from gosales_assets import extracts as kept
from gosales_assets.database_address import Address, DatabaseProblem, address_of
from gosales_assets.database_settings import Database
from gosales_assets.environment import environment
from gosales_assets.extracts import Extracts, TableName
from gosales_assets.locks import locked
from gosales_assets.settings import SalesLog, Settings, SettingsError
from gosales_assets.sources.database_cells import exactly
from gosales_assets.sources.database_connection import connected, snapshot
from gosales_assets.sources.database_files import Manner
from gosales_assets.sources.database_queries import source_table
from gosales_assets.sources.database_table import read_table


@dataclass
class Extraction:
    """What came of reading the database: warnings, and remarks on what was done."""

    warnings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def extract(settings: Settings, tell: Callable[[str], None] = lambda _: None) -> Extraction:
    """Read what is new in the configured tables; nothing where no table is configured.

    Parameters
    ----------
    tell
        Is told which table is being read.

    Raises
    ------
    SettingsError
        With ``strict: true``, when a table cannot be read. Otherwise that is a warning, and what
        was extracted earlier stays.
    """
    database, done = settings.sales_log.database, Extraction()
    if not database.tables:
        return done
    try:
        address = address_of(environment())
    except DatabaseProblem as problem:
        _warn(database, database.names, str(problem), done)
        return done
    for at, name in enumerate(database.names):
        tell(f"reading {name} of {address.label}")
        try:
            with connected(address) as connection:
                _extract(connection, address, settings.sales_log, name, done)
        except DatabaseProblem as problem:  # no connection: the other tables need none to be tried
            _warn(database, database.names[at:], f"{address.label}: {problem}", done)
            break
    return done


def _extract(
    connection: Connection, address: Address, log: SalesLog, name: TableName, done: Extraction
) -> None:
    folder = environment().home / "extracts" / address.identity
    with locked(folder / ".lock"):  # the command and a run of the UI may both be reading
        _extract_alone(connection, address, log, name, folder, done)


def _extract_alone(
    connection: Connection,
    address: Address,
    log: SalesLog,
    name: TableName,
    folder: Path,
    done: Extraction,
) -> None:
    database = log.database
    kept.sweep(folder)
    before = kept.read(folder, name)
    try:
        with snapshot(connection, address):
            table = source_table(connection, database.names, name)
        with snapshot(connection, address):
            exactly(connection)
            manner = Manner(
                database.chunk_rows, database.watermark, log.decimal_comma, table.numbers
            )
            reading = read_table(connection, table, manner, folder, name.slug, before)
    except DatabaseProblem as problem:
        _warn(database, [name], f"{address.label}: {name}: {problem}", done)
        return
    extracts = Extracts(
        table=name,
        source=address.label,
        columns=table.columns,
        watermark=manner.watermark,
        decimal_comma=manner.decimal_comma,
        figures=reading.figures,
        last=reading.last,
        extracts=tuple(reading.extracts),
        looked_at=kept.now(),
        note=reading.note,
    )
    kept.write(folder, extracts)
    done.remarks.append(f"{address.label}: {name}: {extracts.rows:,} rows, {extracts.note}")


def _warn(database: Database, names: Sequence[TableName], problem: str, done: Extraction) -> None:
    """Say what could not be read and what the run goes on with; with ``strict`` it does not."""
    if database.strict:
        raise SettingsError(f"sales_log.database: {problem} (strict: true)")
    earlier = kept.current(environment(), names)
    for folder, extracts in earlier:
        kept.write(folder, replace(extracts, problem=problem))
    rows = sum(extracts.rows for _, extracts in earlier)
    if rows:
        day = min(extracts.looked_at for _, extracts in earlier)
        goes_on = f"going on with the {rows:,} rows that were read on {day} UTC"
    else:
        goes_on = "nothing was read of it earlier, so it is left out"
    done.warnings.append(f"{problem}; {goes_on}")
