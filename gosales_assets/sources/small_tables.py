"""Small delimited tables read whole: the SKU map and the side tables."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.tabular import TabularFile


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
    file = open_tabular(path, wanted, path.name)
    named = {str(at): name for at, name in enumerate(file.header) if name}
    parts = list(file.chunks(file.fingerprint(), [int(at) for at in named]))
    if not parts:
        return _without_rows(file)
    rows = pl.concat([part.records for part in parts]).drop("raw").rename(named)
    return SmallTable(file.name, file.header, rows, pl.concat([part.broken for part in parts]))


def _without_rows(file: TabularFile) -> SmallTable:
    rows = pl.DataFrame(schema={"line": pl.Int64, **{h: pl.String for h in file.header if h}})
    return SmallTable(file.name, file.header, rows, pl.DataFrame(schema={"line": pl.Int64}))
