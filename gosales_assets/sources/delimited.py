"""Delimited text (CSV and its kin, gzip too) as a tabular file."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gosales_assets.sources.dialect import Dialect, find_dialect
from gosales_assets.sources.records import chunks
from gosales_assets.sources.tabular import Chunk, Fingerprint, Kind
from gosales_assets.sources.text_files import BLOCK, examine, head


@dataclass(frozen=True)
class DelimitedFile:
    """A file of delimited text whose dialect is known; see `tabular.TabularFile`.

    Parameters
    ----------
    block_size
        Bytes that are read at a time.
    """

    path: Path
    name: str
    dialect: Dialect
    block_size: int

    @property
    def kind(self) -> Kind:
        """Delimited text."""
        return "text"

    @property
    def header(self) -> tuple[str, ...]:
        """Column headers."""
        return self.dialect.header

    @property
    def titles(self) -> int:
        """Rows above the header that are not blank."""
        return self.dialect.titles

    @property
    def delimiter(self) -> str:
        """What stands between two fields."""
        return self.dialect.delimiter

    @property
    def remarks(self) -> tuple[str, ...]:
        """Nothing: the whole file is read."""
        return ()

    def fingerprint(self) -> Fingerprint:
        """Fingerprint, character encoding and line ends of the whole file."""
        return examine(self.path)

    def chunks(
        self, known: Fingerprint, fields: Sequence[int], empty_at: Sequence[int] = ()
    ) -> Iterator[Chunk]:
        """Read the records in order, a block at a time."""
        return chunks(self.path, known, self.dialect, self.name, fields, empty_at, self.block_size)


def open_delimited(path: Path, wanted: Collection[str], name: str) -> DelimitedFile:
    """Find delimiter and header in the beginning of a file.

    Raises
    ------
    SettingsError
        When the file cannot be read, has no header, or two columns have the same header.
    """
    return DelimitedFile(path, name, find_dialect(head(path), wanted, name), BLOCK)
