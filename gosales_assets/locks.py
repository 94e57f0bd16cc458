"""Locks between processes on one machine: a killed process lets go of them by itself.

They are advisory locks on files of their own (``flock``), so nobody who only reads is ever held up,
and nothing has to be removed after a crash: the file may stay, the lock does not.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gosales_assets.storage_problems import explained


@contextmanager
def locked(path: Path, waits: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock of a file alone; wait for it as long as another process holds it.

    Parameters
    ----------
    path
        File to lock; made, with its folder, where it is not there yet.
    waits
        Called once, before waiting, when another process holds the lock.
    """
    with _opened(path) as file:
        if not _take(file, fcntl.LOCK_EX):
            if waits is not None:
                waits()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def shared(path: Path, when_alone: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a file together with others.

    Parameters
    ----------
    when_alone
        Called first when nobody else holds it, and while nobody else can.
    """
    with _opened(path) as file:
        if _take(file, fcntl.LOCK_EX):
            when_alone()
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    with file:
        yield file


def _take(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
