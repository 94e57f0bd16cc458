"""Rows of a database on their way into Parquet: some at a time, however many there are."""

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Select

from gosales_assets.sources.database_cells import texts


@dataclass(frozen=True)
class Manner:
    """How rows are read and written.

    Parameters
    ----------
    chunk_rows
        Rows that are held in memory at a time.
    watermark
        Column whose ends are noted; None: there is none.
    decimal_comma
        Whether numbers are written 1234,5.
    numbers
        Columns that the server says hold numbers.
    """

    chunk_rows: int
    watermark: str | None
    decimal_comma: bool
    numbers: frozenset[str]


@dataclass(frozen=True)
class Written:
    """A file that was written aside: its rows, their lowest and highest watermark, its hash."""

    path: Path
    rows: int
    first: str | None
    last: str | None
    sha256: str


def write_rows(
    connection: Connection, query: Select[Any], folder: Path, manner: Manner
) -> Written | None:
    """Write the rows of a query, all columns as text, to a scratch file; None: there are none.

    Each chunk is one row group, so that neither this nor who reads it ever holds more.
    """
    names = [column.name for column in query.selected_columns]
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    scratch = folder / f".{uuid.uuid4().hex}.tmp"
    first = last = None
    rows = 0
    # Server-side cursors where the driver has them; at most one chunk is fetched at a time.
    result = connection.execute(query, execution_options={"yield_per": manner.chunk_rows})
    try:
        with pq.ParquetWriter(scratch, schema, compression="zstd") as writer:
            for chunk in result.partitions():
                columns = [
                    texts(
                        values,
                        decimal_comma=manner.decimal_comma,
                        numbers=name in manner.numbers,
                    )
                    for name, values in zip(names, zip(*chunk, strict=True), strict=True)
                ]
                arrays = [pa.array(column, pa.string()) for column in columns]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                rows += len(chunk)
                if manner.watermark is not None:
                    column = columns[names.index(manner.watermark)]
                    marks = [text for text in column if text is not None]
                    first, last = (first or marks[0], marks[-1]) if marks else (first, last)
        if rows:
            with scratch.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return Written(scratch, rows, first, last, sha256)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    finally:
        result.close()
    scratch.unlink()
    return None
