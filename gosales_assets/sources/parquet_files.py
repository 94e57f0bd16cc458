"""Parquet files as tabular files: every value as text, exactly, some rows at a time.

Whole numbers and decimals keep all their digits, other numbers the fewest that tell them apart,
without an exponent; NaN is nothing. Days are ``2024-01-31``, moments ``2024-01-31 13:45:00`` by the
clock of their column's zone (UTC where it names none). ``line`` is the row's number, ``raw`` the
whole row as CSV: it also tells repeats, so columns that nobody asked for belong to it.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from gosales_assets.settings import SettingsError
from gosales_assets.sources.arrow_text import as_text, is_single_value, long_numbers
from gosales_assets.sources.cell_rows import UNFIT, CellRows, as_chunks, csv_text
from gosales_assets.sources.tabular import Chunk, Fingerprint, Kind

ROWS = 1 << 17  # that are text in memory at a time
LONG_NUMBER = "number longer than its column can keep"
# Column chunks are read in pieces, and old timestamps do not overflow.
_READING: dict[str, Any] = {"buffer_size": 1 << 20, "coerce_int96_timestamp_unit": "us"}


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file; see `tabular.TabularFile`.

    Parameters
    ----------
    schema
        Its columns and their types.
    decimal_comma
        Whether numbers read as in text files that write 1234,5.
    """

    path: Path
    name: str
    schema: pa.Schema
    decimal_comma: bool

    @property
    def kind(self) -> Kind:
        """Parquet."""
        return "parquet"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(name.strip() for name in self.schema.names)

    @property
    def titles(self) -> int:
        """Parquet has none."""
        return 0

    @property
    def delimiter(self) -> None:
        """Parquet has none."""
        return None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Nothing: the whole file is read."""
        return ()

    def fingerprint(self) -> Fingerprint:
        """Fingerprint of the whole file."""
        return Fingerprint.of(self.path)

    def chunks(
        self, known: Fingerprint, fields: Sequence[int], empty_at: Sequence[int] = ()
    ) -> Iterator[Chunk]:
        """Read the rows in order, some at a time."""
        known.check(self.path, self.name)
        header = csv_text(pl.DataFrame({str(at): [n] for at, n in enumerate(self.schema.names)}))[0]
        return as_chunks(self._rows(set(fields)), header, fields, empty_at)

    def _rows(self, fields: set[int]) -> Iterator[CellRows]:
        line = 1
        with _told(self.name), pq.ParquetFile(self.path, **_READING) as file:
            for batch in file.iter_batches(batch_size=ROWS):
                yield self._cells(batch, line, fields)
                line += batch.num_rows

    def _cells(self, batch: pa.RecordBatch, line: int, fields: set[int]) -> CellRows:
        texts = {
            str(at): as_text(column, decimal_comma=self.decimal_comma)
            for at, column in enumerate(batch.columns)
        }
        cells = pl.DataFrame(texts)
        lines = pl.int_range(line, line + cells.height, dtype=pl.Int64, eager=True)
        unfit: dict[int, str] = {}
        for at in sorted(fields):
            for row in long_numbers(batch.column(at)):
                unfit.setdefault(line + row, f"{self.header[at]}: {cells[str(at)][row]}")
        return CellRows(
            cells.select(lines.alias("line"), csv_text(cells).alias("raw"), *map(str, fields)),
            pl.DataFrame(
                [(row, LONG_NUMBER, detail) for row, detail in sorted(unfit.items())],
                schema=UNFIT,
                orient="row",
            ),
        )


def open_parquet(
    path: Path, wanted: Collection[str], name: str, *, decimal_comma: bool = False
) -> ParquetFile:
    """Read the names and types of a file's columns.

    Raises
    ------
    SettingsError
        When the file is damaged, two columns have the same name, or a wanted one holds no single
        values (bytes, lists and the like).
    """
    with _told(name), pq.ParquetFile(path, **_READING) as file:
        schema = file.schema_arrow
    found = ParquetFile(path, name, schema, decimal_comma)
    if not any(found.header):
        raise SettingsError(f"{name}: the Parquet file has no columns")
    twice = [header for header, times in Counter(found.header).items() if header and times > 1]
    if twice:
        raise SettingsError(
            f"{name}: duplicate columns: {', '.join(map(repr, twice))}; rename them"
        )
    for header, kind in zip(found.header, schema.types, strict=True):
        if header in wanted and not is_single_value(kind):
            raise SettingsError(
                f"{name}: column {header!r} holds {kind}, not single values; write it as text"
            )
    return found


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        said = str(error).partition("\n")[0]
        raise SettingsError(f"{name}: the Parquet file is damaged: {said}") from error
