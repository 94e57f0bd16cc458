"""Disks and memory that give out: which path, what is wrong, and what to do, in one line.

Libraries say it each in their own way, some without naming the file (Polars, SQLite) and some with
advice that leads nowhere here (DuckDB); what all have in common is the system's own words.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_ROOM = "make room on that disk, or move GOSALES_HOME to a bigger one, and run again"
_RIGHTS = "let the user who runs this write there, or name another folder in GOSALES_HOME"
_FIXES: Mapping[int, str] = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "lift the limit on the size of files (ulimit -f), and run again",
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENOTDIR: "a file stands where a folder must be: move it away, and run again",
    errno.EEXIST: "a file stands where a folder must be: move it away, and run again",
    errno.EISDIR: "a folder stands where a file must be: move it away, and run again",
    errno.EMFILE: "lift the limit on open files (ulimit -n), and run again",
    errno.EIO: "look after the disk: it does not answer",
}
# What SQLite (Dagster's records, MLflow) says instead of the system's words.
_SQLITE: Mapping[str, int] = {
    "database or disk is full": errno.ENOSPC,
    "attempt to write a readonly database": errno.EROFS,
    "unable to open database file": errno.EACCES,
    "disk I/O error": errno.EIO,
}
_MEMORY = (
    "raise GOSALES_MEMORY_LIMIT, lower GOSALES_THREADS, or run on a machine with more memory "
    "(or more disk: what does not fit is put aside in the folder tmp of GOSALES_HOME)"
)


class StorageProblem(Exception):
    """Something cannot be written, or does not fit; the message names the path and the fix."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system refuses into one line about ``path``; other errors pass as they are.

    Raises
    ------
    StorageProblem
        When the disk, the rights or the memory are what is wrong.
    """
    try:
        yield
    except StorageProblem:
        raise
    except Exception as error:
        told = _explain(path, error)
        if told is None:
            raise
        raise StorageProblem(told) from error


def in_words(path: Path, kind: str, said: str) -> str | None:
    """Explain an error of which only its kind (the class's name) and its words are known.

    None: neither disk nor rights nor memory are what is wrong.
    """
    if kind in ("OutOfMemoryException", "MemoryError", "_ArrayMemoryError"):
        first = next(iter(said.splitlines()), "no more is known").rstrip(".")
        return f"out of memory ({first}). To mend it: {_MEMORY}."
    number = _by_words(said)
    return None if number is None else _refused(path, number)


def _explain(path: Path, error: Exception) -> str | None:
    if isinstance(error, OSError) and error.errno in _FIXES:
        return _refused(error.filename or path, error.errno or 0)
    return in_words(path, type(error).__name__, str(error))


def _refused(path: Path | str, number: int) -> str:
    free = f" ({_free(Path(path))} free)" if number == errno.ENOSPC else ""
    return f"{path}: {os.strerror(number).lower()}{free}. To mend it: {_FIXES[number]}."


def _by_words(said: str) -> int | None:
    """Which refusal the words mean; None: none that is known."""
    if found := re.search(r"\(os error (\d+)\)", said):
        number = int(found[1])
    else:
        words = {os.strerror(known): known for known in _FIXES} | dict(_SQLITE)
        number = next((known for text, known in words.items() if text in said), 0)
    return number if number in _FIXES else None


def _free(path: Path) -> str:
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return f"{shutil.disk_usage(there).free / 1e6:,.1f} MB"
