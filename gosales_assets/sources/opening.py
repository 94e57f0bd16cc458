"""Opening a file by what it is, not by how it is called."""

from collections.abc import Collection
from pathlib import Path

from gosales_assets.settings import SettingsError
from gosales_assets.sources.delimited import open_delimited
from gosales_assets.sources.parquet_files import open_parquet
from gosales_assets.sources.tabular import TabularFile
from gosales_assets.sources.workbook_package import WORKBOOK, parts
from gosales_assets.sources.workbooks import open_workbook

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PARQUET = b"PAR1"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_REFUSED = {
    b"PARE": "an encrypted Parquet file; write it without encryption",
    b"ARROW1": "an Arrow file; save it as Parquet",
    b"SQLite format 3": "a SQLite database; name it as a database",
    b"BZh": "a bzip2 file; unpack it, or use gzip",
    b"\xfd7zXZ": "an xz file; unpack it, or use gzip",
    b"\x28\xb5\x2f\xfd": "a Zstandard file; unpack it, or use gzip",
    b"%PDF": "a PDF; export the table as CSV or XLSX",
    b"<html": "a web page; open it in a spreadsheet and save it as XLSX",
    b"<!doctype html": "a web page; open it in a spreadsheet and save it as XLSX",
    b"<table": "a web page; open it in a spreadsheet and save it as XLSX",
    b"<?xml": "XML; open it in a spreadsheet and save it as XLSX",
}


def open_tabular(
    path: Path, wanted: Collection[str], name: str, *, decimal_comma: bool = False
) -> TabularFile:
    """Open a file of the sales log or a side table; reads no more than it must.

    Parameters
    ----------
    wanted
        Headers by which the header row is recognised.
    name
        The file's name in messages.
    decimal_comma
        Whether text files write 1234,5; numbers that are no text are then read so as well, and one
        rule serves for all files.

    Raises
    ------
    SettingsError
        When the file cannot be read, has no header, or two columns have the same header.
    """
    begin = _begin(path)
    if begin.startswith(_ZIP):
        _check_workbook(path, name)
        return open_workbook(path, wanted, name, decimal_comma=decimal_comma)
    if begin.startswith(_PARQUET):
        return open_parquet(path, wanted, name, decimal_comma=decimal_comma)
    if begin.startswith(_OLD_OFFICE):
        if _ENCRYPTED in path.read_bytes():
            raise SettingsError(f"{name}: the workbook has a password; save it without one")
        raise SettingsError(f"{name}: this is an old Excel file (.xls); save it as .xlsx")
    plain = begin.removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, what in _REFUSED.items():
        if begin.startswith(mark) or plain[: len(mark)].lower() == mark:
            raise SettingsError(f"{name}: this is {what}")
    return open_delimited(path, wanted, name)


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error


def _check_workbook(path: Path, name: str) -> None:
    inside = parts(path, name)
    if "xl/workbook.bin" in inside or "content.xml" in inside:
        raise SettingsError(f"{name}: only .xlsx and .xlsm workbooks can be read; save it as .xlsx")
    if WORKBOOK not in inside:
        raise SettingsError(f"{name}: this is a zip file, not a workbook; unpack it")
