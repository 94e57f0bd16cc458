"""Files that are there whole or not at all: written aside, then moved into place."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gosales_assets.storage_problems import explained


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a path to write to; what is there is moved to ``target`` if the block ends well.

    Readers see the old file or the new one; after a crash, what is left bears a name that nobody
    looks for, and is cleared away (``occupancy.clear_away``).

    Raises
    ------
    StorageProblem
        When the disk or the rights do not allow it.
    """
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        # The name must not match the globs that readers use.
        scratch = target.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            yield scratch
            os.replace(scratch, target)  # noqa: PTH105 - the atomic move is the point
        finally:
            scratch.unlink(missing_ok=True)


def write_text_whole(target: Path, text: str) -> None:
    """Write a text file (UTF-8), whole."""
    with whole(target) as scratch:
        scratch.write_text(text, encoding="utf-8")
