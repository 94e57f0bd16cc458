"""Opening a file by what it is, not by how it is called."""

from collections.abc import Collection
from pathlib import Path

from gosales_assets.sources.delimited import open_delimited
from gosales_assets.sources.tabular import TabularFile


def open_tabular(path: Path, wanted: Collection[str], name: str) -> TabularFile:
    """Open a file of the sales log or a side table; reads no more than it must.

    Parameters
    ----------
    wanted
        Headers by which the header row is recognised.
    name
        The file's name in messages.

    Raises
    ------
    SettingsError
        When the file cannot be read, has no header, or two columns have the same header.
    """
    return open_delimited(path, wanted, name)
