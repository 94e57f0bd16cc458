"""Side tables: what is known beside the log. All are optional; none of them can stop a run.

A table that is not configured, or whose file is not there, is empty: the features that need it are
off, and say so. A table that is there must have its key columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from gosales_assets.division_names import division_identity, division_key
from gosales_assets.settings import Settings, SettingsError, SideTable
from gosales_assets.sources.contract import SIDE_TABLES
from gosales_assets.sources.dates import dates, day_text, decide_order
from gosales_assets.sources.headers import missing, positions
from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.parsing import identifier, is_missing_number, numbers, text
from gosales_assets.sources.small_tables import read_small_table
from gosales_assets.tables import Table

_IDS = ("customer_id", "sku", "enrichment_id")
_ALL_DIVISIONS = ("", "all")


@dataclass
class SideLoad:
    """A side table as loaded.

    Parameters
    ----------
    frame
        Its rows, typed as the contract says; empty when the table is off.
    rows_read
        Data rows in the file.
    left_out
        Reason -> rows that are not in ``frame``.
    unreadable
        Column -> cells that could not be read and are null in ``frame``.
    remarks
        Whether the table is off, columns kept out, divisions that the log does not know.
    """

    frame: pl.DataFrame
    rows_read: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def check_side_tables(settings: Settings) -> None:
    """Check the headers of the side tables that are there.

    Raises
    ------
    SettingsError
        When a key column is missing, or a mapped one is not in the file.
    """
    for name, side in settings.side_tables.items():
        path = settings.path(side.file)
        if path.is_file():
            table = SIDE_TABLES[name]
            header = open_tabular(path, _wanted(table, side), path.name).header
            _columns(table, side, path.name, header)
            _stable_columns(table, side)


def load_side_table(settings: Settings, name: str, divisions: Mapping[str, str]) -> SideLoad:
    """Read one side table.

    Parameters
    ----------
    divisions
        Identity -> key of the divisions that the log knows.

    Raises
    ------
    SettingsError
        When the file is there and lacks a key column, or cannot be read at all.
    """
    table, side = SIDE_TABLES[name], settings.side_tables.get(name)  # type: ignore[call-overload]
    if side is None:
        return SideLoad(table.empty(), remarks=[f"off: side_tables.{name} is not configured"])
    path = settings.path(side.file)
    if not path.is_file():
        return SideLoad(table.empty(), remarks=[f"off: there is no file {side.file}"])
    content = read_small_table(path, _wanted(table, side))
    columns = _columns(table, side, content.name, content.header)
    load = SideLoad(table.empty(), rows_read=content.rows.height + content.broken.height)
    extra = [h for at, h in enumerate(content.header) if h and at not in columns.values()]
    if extra:
        load.remarks.append(f"columns kept out: {', '.join(extra)}")
    _count(load.left_out, "rows that do not fit the header", content.broken.height)
    cells = content.rows.select(
        pl.col(content.header[columns[column]]).alias(column)
        if column in columns
        else pl.lit(None, pl.String).alias(column)
        for column in table.types
    )
    typed = _typed(cells, table, load, settings.sales_log.date_order, content.name)
    if "division" in table.types:
        typed = _with_divisions(typed, divisions, load)
    load.frame = _usable(typed, table, load)
    return load


def _wanted(table: Table, side: SideTable) -> set[str]:
    return {side.columns.get(column, column) for column in table.types}


def _columns(table: Table, side: SideTable, file: str, header: tuple[str, ...]) -> dict[str, int]:
    key = f"side_tables.{table.short_name}.columns"
    found = positions(header, list(table.types), side.columns, file, key)
    for column in _needed(table):
        if column not in found:
            raise missing(file, header, column, f"needed; map it in {key}")
    return found


def _stable_columns(table: Table, side: SideTable) -> None:
    for column in side.stable:
        if column not in table.types:
            raise SettingsError(
                f"side_tables.{table.short_name}.stable: unknown column {column!r}; "
                f"known: {', '.join(table.types)}"
            )


def _needed(table: Table) -> list[str]:
    return [name for name, column in table.schema.columns.items() if not column.nullable]


def _typed(
    cells: pl.DataFrame, table: Table, load: SideLoad, declared: str, file: str
) -> pl.DataFrame:
    typed = []
    for column, kind in table.types.items():
        raw = cells[column]
        if kind == pl.Date:
            found = _days(raw, declared, f"{file}: column {column!r}")
            typed.append(found["day"].alias(column))
            lost = found.select((pl.col("day").is_null() & ~pl.col("missing")).sum()).item()
        elif kind == pl.String:
            clean = identifier if column in _IDS else text
            typed.append(cells.select(clean(pl.col(column)))[column])
            lost = 0
        else:
            typed.append(numbers(raw).cast(kind))
            there = cells.select(~is_missing_number(pl.col(column)))[column]
            lost = int((there & typed[-1].is_null()).sum())
        _count(load.unreadable, column, lost)
    return pl.DataFrame(typed)


def _days(raw: pl.Series, declared: str, where: str) -> pl.DataFrame:
    """Read a date column in its own order; where that cannot be told, in the sales log's."""
    named = pl.DataFrame({"text": raw}).select(day_text(pl.col("text"))).drop_nulls()
    counts = dict(named.group_by("text").len().iter_rows())
    try:
        order = decide_order(counts, "auto", where)
    except SettingsError:
        order = decide_order(counts, declared, where)
    return dates(raw, order)


def _with_divisions(
    frame: pl.DataFrame, divisions: Mapping[str, str], load: SideLoad
) -> pl.DataFrame:
    """Spell divisions as the log does; ``all`` and nothing mean all divisions (null)."""
    names = frame["division"].drop_nulls().unique().sort().to_list()
    keys = {
        name: divisions.get(division_identity(name), division_key(name))
        for name in names
        if division_identity(name) not in _ALL_DIVISIONS
    }
    strange = [name for name in keys if division_identity(name) not in divisions]
    if strange:
        load.remarks.append(f"divisions that the log does not know: {', '.join(strange)}")
    mapped = pl.col("division").replace_strict(
        list(keys), list(keys.values()), default=None, return_dtype=pl.String
    )
    return frame.with_columns(mapped)


def _usable(frame: pl.DataFrame, table: Table, load: SideLoad) -> pl.DataFrame:
    """Leave out rows without a key, and repeats of a key, and count them."""
    for column in _needed(table):
        _count(load.left_out, f"rows without {column}", frame[column].null_count())
        frame = frame.filter(pl.col(column).is_not_null())
    kept = frame.unique(list(table.sort), keep="first", maintain_order=True)
    _count(load.left_out, f"repeats of {', '.join(table.sort)}", frame.height - kept.height)
    return kept


def _count(counts: dict[str, int], name: str, rows: int) -> None:
    if rows:
        counts[name] = rows
