"""Small delimited tables read whole: the SKU map and the side tables."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gosales_assets.sources.dialect import Dialect, find_dialect
from gosales_assets.sources.records import chunks
from gosales_assets.sources.text_files import examine, head


@dataclass(frozen=True)
class SmallTable:
    """A table as text.

    Parameters
    ----------
    name
        File name, for messages.
    header
        Its headers in order.
    rows
        ``line``, then one text column per header, named by it (headers that are empty left out).
    broken
        Rows that do not fit the header: ``line``, ``raw``, ``reason``, ``detail``.
    """

    name: str
    header: tuple[str, ...]
    rows: pl.DataFrame
    broken: pl.DataFrame


def read_small_table(path: Path, wanted: Collection[str]) -> SmallTable:
    """Read a table; ``wanted`` are the headers by which its header row is recognised.

    Raises
    ------
    SettingsError
        When the file cannot be read, has duplicate headers, or an unclosed quote.
    """
    file = examine(path)
    dialect = find_dialect(head(path), wanted, path.name)
    named = {str(at): name for at, name in enumerate(dialect.header) if name}
    parts = list(chunks(file, dialect, path.name, [int(at) for at in named]))
    if not parts:
        return _without_rows(path.name, dialect)
    rows = pl.concat([part.records for part in parts]).drop("raw").rename(named)
    return SmallTable(path.name, dialect.header, rows, pl.concat([part.broken for part in parts]))


def _without_rows(name: str, dialect: Dialect) -> SmallTable:
    rows = pl.DataFrame(schema={"line": pl.Int64, **{h: pl.String for h in dialect.header if h}})
    return SmallTable(name, dialect.header, rows, pl.DataFrame(schema={"line": pl.Int64}))
