"""Rows of cells, from a workbook or from Parquet, as records: which are data, and how they read.

What is blank, a header again or a trailing total is told from the row's text by the same rules as
in delimited files, so that the same rows have the same fate whatever file they come in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from gosales_assets.sources.records import TOTAL, holds_order
from gosales_assets.sources.tabular import Chunk

_SOMETHING = r'[^\s",]'
_QUOTED = ['"', ",", "\n", "\r"]
UNFIT = {"line": pl.Int64, "reason": pl.String, "detail": pl.String}


@dataclass(frozen=True)
class CellRows:
    """Some rows of cells.

    Parameters
    ----------
    table
        ``line`` (ascending), ``raw``, and one text column per field asked for, named by its
        position in the header; an empty cell is null or empty text.
    unfit
        Rows that cannot be used as they are: ``line`` (each once), ``reason``, ``detail``.
    """

    table: pl.DataFrame
    unfit: pl.DataFrame


def as_chunks(
    pieces: Iterator[CellRows], header: str, fields: Sequence[int], empty_at: Sequence[int]
) -> Iterator[Chunk]:
    """Tell data from what is none.

    Parameters
    ----------
    header
        The header row as `csv_text` shows it, to recognise it when it comes again.
    fields
        Positions of the columns to read.
    empty_at
        Columns, among ``fields``, that are empty in a trailing total row; none: look for no totals.
    """
    columns = ["line", "raw", *(str(at) for at in sorted(set(fields)))]
    piece = next(pieces, None)
    while piece is not None:
        following = next(pieces, None)
        raw = piece.table["raw"]
        data = raw.str.contains(_SOMETHING) & (raw != header)
        totals = _totals(piece.table, data, empty_at)
        if totals and following is not None:
            # What comes next tells whether they are the last rows.
            piece, following = _move(piece, totals[0], following)
            data, totals = data[: totals[0]], []
        data = data.scatter(totals, False)
        kept = piece.table.filter(data)
        unfit = kept.select("line", "raw").join(
            piece.unfit, on="line", how="inner", maintain_order="left"
        )
        records = kept.join(unfit, on="line", how="anti") if unfit.height else kept
        yield Chunk(records.select(columns), unfit, int((~data).sum()))
        piece = following


def csv_text(cells: pl.DataFrame) -> pl.Series:
    """Each row as a line of CSV, quoted where needed."""
    if not cells.width:
        return pl.Series("raw", [""] * cells.height, dtype=pl.String)
    line = cells.select(_joined(cells.columns))["raw"]
    commas = line.str.count_matches(",", literal=True).sum()
    breaks = line.str.contains_any(['"', "\n", "\r"]).any()
    if not breaks and commas == (cells.width - 1) * cells.height:
        return line
    return cells.with_columns(map(_quoted, cells.columns)).select(_joined(cells.columns))["raw"]


def _joined(columns: Sequence[str]) -> pl.Expr:
    return pl.concat_str(pl.col(columns).fill_null(""), separator=",").alias("raw")


def _quoted(column: str) -> pl.Expr:
    cell = pl.col(column)
    quoted = pl.format('"{}"', cell.str.replace_all('"', '""', literal=True))
    return pl.when(cell.str.contains_any(_QUOTED)).then(quoted).otherwise(cell).alias(column)


def _totals(table: pl.DataFrame, data: pl.Series, empty_at: Sequence[int]) -> list[int]:
    """Find the totals at the very end: rows that begin with such a word and have no date."""
    found: list[int] = []
    if empty_at:
        for at in reversed(data.arg_true().to_list()):
            cells = table.row(at, named=True)
            filled = holds_order(cells[str(column)] or "" for column in empty_at)
            if filled or not TOTAL.match(cells["raw"]):
                break
            found.append(at)
    return found[::-1]


def _move(piece: CellRows, begin: int, following: CellRows) -> tuple[CellRows, CellRows]:
    """Move the rows from ``begin`` on to the piece that follows."""
    rest = pl.concat([piece.table[begin:], following.table])
    unfit = pl.concat([piece.unfit, following.unfit])
    return CellRows(piece.table[:begin], piece.unfit), CellRows(rest, unfit)
