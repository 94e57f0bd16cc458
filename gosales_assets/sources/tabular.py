"""Tabular files: what delimited text, a workbook and Parquet look like to those who read them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

import polars as pl

from gosales_assets.settings import SettingsError

Kind = Literal["text", "workbook", "parquet"]
_PIECE = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    r"""What can be known of a file only from all of its bytes.

    Parameters
    ----------
    sha256, size
        Of the file as it lies on the disk (compressed or not).
    encoding
        ``utf-8``, ``utf-8-sig``, ``utf-16`` (also ``-le``, ``-be``), ``cp1252``, ``latin-1``, or
        ``utf-8 and cp1252`` mixed; None: the file is no text.
    newline
        Line end, ``\n`` (also stands for CRLF) or ``\r``; None: the file is no text.
    """

    sha256: str
    size: int
    encoding: str | None = None
    newline: str | None = None

    @classmethod
    def of(cls, path: Path) -> Self:
        """Fingerprint of a file's bytes, whatever they are.

        Raises
        ------
        SettingsError
            When the file cannot be read.
        """
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        except OSError as error:
            raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
        return cls(digest.hexdigest(), path.stat().st_size)

    def check(self, path: Path, name: str) -> None:
        """Check that the file is still as long as it was.

        Raises
        ------
        SettingsError
            When it has changed since its fingerprint was taken.
        """
        if path.stat().st_size != self.size:
            raise SettingsError(f"{name}: the file has changed while it was read; run again")


@dataclass(frozen=True)
class Chunk:
    """Some records of a file.

    Parameters
    ----------
    records
        ``line`` (ascending, from 1), ``raw``, and one text column per field asked for, named by
        its position in the header.
    broken
        Records that do not fit the header: ``line``, ``raw``, ``reason``, ``detail``.
    skipped
        Blank lines, repeated headers and trailing totals, which are no data; with them the titles
        of further sheets.
    remarks
        What only reading could tell: the line on which a further sheet begins.
    """

    records: pl.DataFrame
    broken: pl.DataFrame
    skipped: int
    remarks: tuple[str, ...] = ()


class TabularFile(Protocol):
    """A file with a header and records under it; every cell is text."""

    @property
    def path(self) -> Path:
        """Where the file is."""

    @property
    def name(self) -> str:
        """The file's name in messages and tables."""

    @property
    def kind(self) -> Kind:
        """What the file is: delimited ``text``, a ``workbook``, or ``parquet``."""

    @property
    def header(self) -> tuple[str, ...]:
        """Column headers, stripped of surrounding spaces; may hold empty ones."""

    @property
    def titles(self) -> int:
        """Rows above the header that are not blank."""

    @property
    def delimiter(self) -> str | None:
        """What stands between the fields of delimited text; None: the file is no text."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be known of how the file was opened: sheets that were not read."""

    def fingerprint(self) -> Fingerprint:
        """Read all of the file's bytes once.

        Raises
        ------
        SettingsError
            When the file cannot be read.
        """

    def chunks(
        self, known: Fingerprint, fields: Sequence[int], empty_at: Sequence[int] = ()
    ) -> Iterator[Chunk]:
        """Read the records in order, some at a time.

        Parameters
        ----------
        known
            The file's `fingerprint`.
        fields
            Positions of the columns to read.
        empty_at
            Columns, among ``fields``, that are empty in a trailing total row: the date first, then
            others that only data have; none: look for no totals.

        Raises
        ------
        SettingsError
            When the file cannot be read to its end.
        """
