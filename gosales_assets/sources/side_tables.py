"""Side tables: what is known beside the log. All are optional.

A table that is not configured, or whose file is not there, is empty: the features that need it are
off, and say so. A table that is there must have its key columns; rows that cannot be used are left
out and counted. Rows of attributes say since when they hold (``valid_from``); without it they are
a snapshot of today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from gosales_assets.division_names import division_identity, division_key
from gosales_assets.settings import SalesLog, Settings, SettingsError, SideTable
from gosales_assets.sources.contract import (
    CUSTOMERS,
    INDUSTRY_ENRICHMENT,
    PROSPECTS,
    SIDE_TABLES,
)
from gosales_assets.sources.dates import dates, day_text, decide_order, parse_date
from gosales_assets.sources.headers import missing, positions
from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.parsing import identifier, is_missing_number, numbers, text
from gosales_assets.sources.sku_map import SkuMap, load_sku_map
from gosales_assets.sources.small_tables import read_small_table
from gosales_assets.tables import Table

REPEATS = "exact repeats of another row"
_IDS = ("customer_id", "sku", "enrichment_id", "parent_account")
_ALL_DIVISIONS = ("", "all")
_SINCE = "valid_from"
_SINCE_EVER = date(1900, 1, 1)
_EXAMPLES = 3


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
        Whether the table is off, columns kept out, divisions and products that the log does not
        know, and what features may use of it.
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
    log = settings.sales_log
    content = read_small_table(path, _wanted(table, side), decimal_comma=log.decimal_comma)
    columns = _columns(table, side, content.name, content.header)
    rows_read = content.rows.height + content.broken.height
    load = SideLoad(table.empty(), rows_read=rows_read, remarks=[*content.remarks])
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
    typed = _typed(cells, table, load, log, content.name)
    if "division" in table.types:
        typed = _with_divisions(typed, divisions, load)
    if "sku" in table.types:
        typed = _with_skus(typed, load_sku_map(settings), load)
    load.frame = _usable(typed, table, load)
    if table in (CUSTOMERS, INDUSTRY_ENRICHMENT):
        load.remarks.append(_known_since(load.frame, side.stable))
    if table is PROSPECTS and load.frame[_SINCE].null_count():
        undated = load.frame[_SINCE].null_count()
        load.remarks.append(f"{undated} rows without {_SINCE} count for no cutoff")
    return load


def _wanted(table: Table, side: SideTable) -> set[str]:
    headers = (side.columns.get(column, column) for column in table.types)
    return {header for header in headers if header is not None}


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
    cells: pl.DataFrame, table: Table, load: SideLoad, log: SalesLog, file: str
) -> pl.DataFrame:
    typed = []
    undated = pl.repeat(False, cells.height, dtype=pl.Boolean, eager=True)
    for column, kind in table.types.items():
        raw = cells[column]
        if kind == pl.String:
            typed.append(cells.select(_clean(column))[column])
            continue
        if kind == pl.Date:
            found = _days(raw, log.date_order, f"{file}: column {column!r}")
            typed.append(_since_ever(found, raw) if column == _SINCE else found["day"])
            lost = typed[-1].is_null() & ~found["missing"]
        else:
            typed.append(_numbers(raw, log.decimal_comma).cast(kind))
            there = cells.select(~is_missing_number(pl.col(column)))[column]
            lost = there & typed[-1].is_null()
        typed[-1] = typed[-1].alias(column)
        if column == _SINCE:
            undated = lost
        else:
            _count(load.unreadable, column, int(lost.sum()))
    # Such a row has a history, but nobody knows when: as a snapshot it would be misread.
    _count(load.left_out, f"rows whose {_SINCE} cannot be read", int(undated.sum()))
    return pl.DataFrame(typed).filter(~undated)


def _clean(column: str) -> pl.Expr:
    if column == "currency":
        return text(pl.col(column)).str.to_uppercase()
    return (identifier if column in _IDS else text)(pl.col(column))


def _numbers(raw: pl.Series, declared: bool) -> pl.Series:
    """Read a number column in its own notation; where that cannot be told, in the sales log's."""
    notations = {comma: numbers(raw, decimal_comma=comma) for comma in (False, True)}
    read = {comma: found.count() for comma, found in notations.items()}
    return notations[declared if read[False] == read[True] else read[True] > read[False]]


def _since_ever(found: pl.DataFrame, raw: pl.Series) -> pl.Series:
    """Days of ``valid_from``; 1900-01-01, no date elsewhere, is how tables write "since ever"."""
    cells = pl.DataFrame({"text": raw}).select(day_text(pl.col("text")))["text"]
    missing = cells.filter(found["missing"]).drop_nulls().unique().to_list()
    ever = [cell for cell in missing if parse_date(cell, "mdy") == _SINCE_EVER]
    return found.select(pl.when(cells.is_in(ever)).then(_SINCE_EVER).otherwise("day"))["literal"]


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


def _with_skus(frame: pl.DataFrame, sku_map: SkuMap | None, load: SideLoad) -> pl.DataFrame:
    """Spell products as the SKU map does, as the log's are."""
    if sku_map is None:
        return frame
    spelled = frame.with_columns(sku=sku_map.spelled(frame["sku"]))
    strange = spelled.join(sku_map.products, on="sku", how="anti")["sku"].drop_nulls().unique()
    if len(strange):
        shown = ", ".join(strange.sort().head(_EXAMPLES).to_list())
        load.remarks.append(f"products that the SKU map does not know: {len(strange)} ({shown})")
    return spelled


def _usable(frame: pl.DataFrame, table: Table, load: SideLoad) -> pl.DataFrame:
    """Leave out rows without a key, and all rows but one of each key, and count them.

    Which of two rows with one key stays must not depend on their order in the file: it is the
    first by its content.
    """
    for column in _needed(table):
        _count(load.left_out, f"rows without {column}", frame[column].null_count())
        frame = frame.filter(pl.col(column).is_not_null())
    distinct = frame.unique()
    _count(load.left_out, REPEATS, frame.height - distinct.height)
    key = list(table.sort)
    kept = distinct.sort([*key, *table.types], nulls_last=True).unique(
        key, keep="first", maintain_order=True
    )
    contrary = f"rows that contradict another row of the same {', '.join(key)}"
    _count(load.left_out, contrary, distinct.height - kept.height)
    return kept


def _known_since(frame: pl.DataFrame, stable: Sequence[str]) -> str:
    """Say what features may use of a table of attributes."""
    undated = frame[_SINCE].null_count()
    if frame.height and not undated:
        first, last = frame.select(first=pl.min(_SINCE), last=pl.max(_SINCE)).row(0)
        return f"history: {_SINCE} goes from {first} to {last}"
    rows = f"{undated} rows without {_SINCE}" if undated < frame.height else "no history"
    usable = f"only of the columns declared stable: {', '.join(stable)}" if stable else "nothing"
    return f"{rows}: a snapshot of today, of which features use {usable}"


def _count(counts: dict[str, int], name: str, rows: int) -> None:
    if rows:
        counts[name] = rows
