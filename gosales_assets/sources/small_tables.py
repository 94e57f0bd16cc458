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
    remarks
        Sheets of a workbook that were not read, and where further sheets begin.
    """

    name: str
    header: tuple[str, ...]
    rows: pl.DataFrame
    broken: pl.DataFrame
    remarks: tuple[str, ...]


def read_small_table(
    path: Path, wanted: Collection[str], *, decimal_comma: bool = False
) -> SmallTable:
    """Read a table; ``wanted`` are the headers by which its header row is recognised.

    Parameters
    ----------
    decimal_comma
        Whether cells that a workbook or Parquet holds as numbers are written as 1,5.

    Raises
    ------
    SettingsError
        When the file cannot be read, has duplicate headers, or an unclosed quote.
    """
    file = open_tabular(path, wanted, path.name, decimal_comma=decimal_comma)
    named = {str(at): name for at, name in enumerate(file.header) if name}
    parts = list(file.chunks(file.fingerprint(), [int(at) for at in named]))
    if not parts:
        return _without_rows(file)
    rows = pl.concat([part.records for part in parts]).drop("raw").rename(named)
    remarks = (*file.remarks, *(remark for part in parts for remark in part.remarks))
    broken = pl.concat([part.broken for part in parts])
    return SmallTable(file.name, file.header, rows, broken, remarks)


def _without_rows(file: TabularFile) -> SmallTable:
    rows = pl.DataFrame(schema={"line": pl.Int64, **{h: pl.String for h in file.header if h}})
    broken = pl.DataFrame(schema={"line": pl.Int64})
    return SmallTable(file.name, file.header, rows, broken, file.remarks)
