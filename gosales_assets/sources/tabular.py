"""Tabular files: what delimited text, a workbook and Parquet look like to those who read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl


@dataclass(frozen=True)
class Fingerprint:
    r"""What can be known of a file only from all of its bytes.

    Parameters
    ----------
    sha256, size
        Of the file as it lies on the disk (compressed or not).
    encoding
        ``utf-8``, ``utf-8-sig``, ``utf-16`` (also ``-le``, ``-be``), ``cp1252`` or ``latin-1``;
        None: the file is no text.
    newline
        Line end, ``\n`` (also stands for CRLF) or ``\r``; None: the file is no text.
    """

    sha256: str
    size: int
    encoding: str | None = None
    newline: str | None = None


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
        Blank lines, repeated headers and trailing totals, which are no data.
    """

    records: pl.DataFrame
    broken: pl.DataFrame
    skipped: int


class TabularFile(Protocol):
    """A file with a header and records under it; every cell is text."""

    @property
    def path(self) -> Path:
        """Where the file is."""

    @property
    def name(self) -> str:
        """The file's name in messages and tables."""

    @property
    def header(self) -> tuple[str, ...]:
        """Column headers, stripped of surrounding spaces; may hold empty ones."""

    @property
    def titles(self) -> int:
        """Rows above the header that are not blank."""

    @property
    def delimiter(self) -> str | None:
        """What stands between the fields of delimited text; None: the file is no text."""

    def fingerprint(self) -> Fingerprint:
        """Read all of the file's bytes once.

        Raises
        ------
        SettingsError
            When the file cannot be read.
        """

    def chunks(
        self, known: Fingerprint, fields: Sequence[int], empty_at: int | None = None
    ) -> Iterator[Chunk]:
        """Read the records in order, some at a time.

        Parameters
        ----------
        known
            The file's `fingerprint`.
        fields
            Positions of the columns to read.
        empty_at
            Column that is empty in a trailing total row (the date); None: look for no totals.

        Raises
        ------
        SettingsError
            When the file cannot be read to its end.
        """
