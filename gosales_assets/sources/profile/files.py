"""Files: which ones are meant, how each is opened, and how they are written down in the YAML."""

import csv
import glob
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

import python_calamine

from gosales_assets.settings import SettingsError
from gosales_assets.sources.dialect import DELIMITERS
from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.profile.meanings import LOG_MEANINGS, SIDE_MEANINGS, strength
from gosales_assets.sources.profile.vocabulary import read_header
from gosales_assets.sources.tabular import TabularFile
from gosales_assets.sources.text_files import head
from gosales_assets.sources.workbook_package import beginning, read_package

_DATA = re.compile(r"(?i)\.(?:csv|tsv|tab|psv|txt|dat|xlsx|xlsm|parquet|pq)(?:\.gz)?$")
_LINES = 60
_LONGEST = 60


def files_of(arguments: Iterable[str]) -> list[Path]:
    """Files that names, folders and globs mean, without repeats, in order.

    Of folders those files are taken, at any depth, whose name says that they hold data.

    Raises
    ------
    SettingsError
        When a name means nothing.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        path = Path(argument).expanduser()
        if path.is_dir():
            files = [p for p in sorted(path.rglob("*")) if _is_data(p, path)]
        elif path.is_file():
            files = [path]
        else:
            files = [Path(p) for p in sorted(glob.glob(str(path))) if Path(p).is_file()]  # noqa: PTH207
        if not files:
            raise SettingsError(f"{argument}: there is no data file of this name")
        found.update(dict.fromkeys(file.resolve() for file in files))
    return list(found)


def open_any(path: Path, name: str) -> TabularFile:
    """Open a file whose headers nobody has told us.

    Raises
    ------
    SettingsError
        When it cannot be read.
    """
    return open_tabular(path, _likely_headers(path, name), name)


def patterns(paths: Sequence[Path], base: Path) -> list[str]:
    """Names of files for the YAML, relative to it: one glob where it means just these files."""
    folders = {path.parent for path in paths}
    if len(paths) > 1 and len(folders) == 1:
        folder = folders.pop()
        names = [path.name for path in paths]
        for pattern in _globs(names):
            if sorted(p.name for p in folder.glob(pattern) if p.is_file()) == sorted(names):
                return [relative(folder / pattern, base)]
    return [relative(path, base) for path in paths]


def relative(path: Path, base: Path) -> str:
    """Path as seen from the YAML's folder."""
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def shown(path: Path, base: Path) -> str:
    """Name of a file in messages: as seen from the YAML's folder, else with its own folder's."""
    below = path.is_relative_to(base)
    return relative(path, base) if below else f"{path.parent.name}/{path.name}"


def _is_data(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith((".", "~")) for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden and _DATA.search(path.name) is not None


def _globs(names: Sequence[str]) -> list[str]:
    """Globs for names: by what they begin and end with; by their ending."""
    begin, end = _begin(names), _begin([name[::-1] for name in names])[::-1]
    begin, end = begin.rstrip("0123456789"), end.lstrip("0123456789")
    packed = "".join(Path(names[0]).suffixes[-2:]) if names[0].endswith(".gz") else ""
    suffix = packed or Path(names[0]).suffix
    return [f"{glob.escape(begin)}*{glob.escape(end)}", f"*{glob.escape(suffix)}"]


def _begin(names: Sequence[str]) -> str:
    """What all names begin with."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in same)


def _likely_headers(path: Path, name: str) -> set[str]:
    """Cells in the beginning of a file that read as headers; they tell its header row."""
    cells = {cell.strip("\ufeff \t\r\n\u00a0") for cell in _first_cells(path, name)}
    return {cell for cell in cells if cell and len(cell) < _LONGEST and _reads_as_header(cell)}


def _first_cells(path: Path, name: str) -> Iterator[str]:
    with path.open("rb") as file:
        begin = file.read(4)
    if begin == b"PAR1":
        return  # its header is no row that would have to be found
    if begin.startswith(b"PK"):
        yield from _sheet_cells(path, name)
        return
    lines = head(path).split("\n")[:_LINES]
    for delimiter in DELIMITERS:
        try:
            for row in csv.reader(lines, delimiter=delimiter):
                yield from row
        except csv.Error:
            continue


def _sheet_cells(path: Path, name: str) -> Iterator[str]:
    try:
        copy = beginning(path, read_package(path, name).sheets, _LINES, name)
        book = python_calamine.load_workbook(copy)
        for sheet in book.sheet_names:
            for row in book.get_sheet_by_name(sheet).iter_rows():
                yield from (cell for cell in row if isinstance(cell, str))
    except (python_calamine.CalamineError, zipfile.BadZipFile):
        return  # what is wrong with the workbook is said when it is opened


def _reads_as_header(cell: str) -> bool:
    return bool(read_header(cell).concepts) and any(
        strength(column, cell, meanings) >= 0.5
        for meanings in (LOG_MEANINGS, SIDE_MEANINGS)
        for column in meanings
    )
