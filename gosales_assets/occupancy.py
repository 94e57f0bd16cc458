"""Who is at work in a home folder, and what killed processes left lying in it.

Every Dagster run that has the warehouse is at work in its home. Several may be: whatever they write
is moved into place whole, tables in parts and records have locks of their own, and of two that
write the same partition the last one wins. ``gosales run`` is different: it decides what is missing
once, at its start, and a second one would do the same work again, maybe with other settings; so of
those there is one at a time per home, and the next one waits.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gosales_assets.locks import locked, shared

AT_WORK = ".at-work.lock"
RUN = ".run.lock"
SCRATCH = "tmp"  # where DuckDB spills to, below the home folder
# Unfinished files and folders, by the names that writers give them until they are whole.
_UNFINISHED = (
    "lake/**/.*.tmp",
    "models/.*.tmp",
    "exports/.*.tmp",
    ".*.tmp",  # the database that is published, and its log
    ".*.tmp.wal",
    f"{SCRATCH}/*",
)


@contextmanager
def at_work(home: Path) -> Iterator[None]:
    """Be at work in a home folder; who comes first clears away what killed processes left."""

    def first() -> None:
        clear_away(home)

    with shared(home / AT_WORK, first):
        yield


@contextmanager
def only_run(home: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Be the only ``gosales run`` of a home folder; wait, and say so, while there is another."""
    path = home / RUN

    def waits() -> None:
        who = path.read_text(encoding="utf-8").strip() or "it did not say who it is"
        tell(f"Another `gosales run` is at work in {home} ({who}): waiting for it to end.")

    with locked(path, waits):
        began = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        path.write_text(f"process {os.getpid()}, since {began}\n", encoding="utf-8")
        yield


def clear_away(home: Path) -> list[Path]:
    """Remove unfinished files of processes that are gone; only for who is alone in the home.

    Returns
    -------
    list[Path]
        What was removed.
    """
    left = sorted(path for pattern in _UNFINISHED for path in home.glob(pattern))
    for path in left:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return left
