"""Kill whoever writes into a home folder at random moments, and look at what is there.

Run as a program (``python -m ... HOME KILLS SEED``), since each attempt is a fork, and a process
whose libraries have started their threads cannot be forked. Prints what is not whole.
"""

import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb
import polars as pl

from gosales_assets.models import artefact
from gosales_assets.occupancy import at_work
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.record_contract import ACTIONS
from gosales_assets_tests.foundation.killed import kill_at
from gosales_assets_tests.foundation.writers import (
    ANSWERS,
    CUT,
    CUTOFF,
    PARTS,
    WRITERS,
    version_of,
)

OPERATIONS = 90  # a little more than all writers need together


def write_all(home: Path, version: int, chosen: random.Random) -> None:
    """Write a version of everything, until killed."""
    writers = list(WRITERS.values())
    chosen.shuffle(writers)
    put_off = chosen.choice([0.0, chosen.uniform(0, 0.02)])
    kill_at(str(home), chosen.randint(1, OPERATIONS), put_off)
    with at_work(home):
        for write in writers:
            write(home, version)


def look(home: Path, newest: int) -> None:
    """Look at everything as its readers do.

    Raises
    ------
    AssertionError
        When something is of no version, of several, or newer than the newest.
    """
    warehouse = Warehouse(home=str(home), code_version="test", basis="test")
    seen = [
        version_of(warehouse.read_unchecked(CUT, cutoff=CUTOFF)["figure"]),
        version_of(warehouse.read(PARTS)["figure"]),
        version_of(pl.read_csv(home / "exports" / "list.csv")["figure"]),
    ]
    with (home / "exports" / "list.parquet").open("rb") as file:
        seen.append(version_of(pl.read_parquet(file)["figure"]))
    for mark in warehouse.path(CUT, cutoff=CUTOFF).parent.glob("broken-*.json"):
        with suppress(FileNotFoundError):  # another process may have mended it by now
            assert json.loads(mark.read_text())["problem"].startswith("version ")
    folder = artefact.folder_of(home, CUTOFF)
    card = artefact.unswapped(folder, lambda: artefact.load_card(home, CUTOFF))
    seen.append(int(card["model_version"]))
    words = artefact.unswapped(folder, lambda: (folder / "card.md").read_text())
    seen.append(int(words.removeprefix("version ")))
    assert actions.read(home, ACTIONS).height % ANSWERS == 0
    database = warehouse.published_database
    # A database that was replaced since may lose the files of its views; the one in place may not.
    seen += artefact.unswapped(database, lambda: published_versions(database))
    assert max(seen) <= newest


def published_versions(database: Path) -> list[int]:
    """Versions of what is published: a view, and a table that is empty while it is marked."""
    with duckdb.connect(str(database), read_only=True) as connection:
        frames = [
            connection.sql(f"select figure from toy.{name} order by name").pl()
            for name in ("parts", "cut")
        ]
    return [version_of(frame["figure"]) for frame in frames if frame.height]


def cleared(home: Path) -> None:
    """Whoever comes next clears away what was left."""
    with at_work(home):
        left = list(home.rglob(".*.tmp*"))
        # A record of answers is nobody's but its own: what is left there is never read.
        assert [path for path in left if "lake" in path.parts or path.parent == home] == []


def forked(work: Callable[[], None]) -> int:
    """Do something in a process of its own; its exit code, negative: the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            print(traceback.format_exc()[-2000:], flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main(home: Path, kills: int, seed: int) -> int:
    """Kill so many writers; 0: all was whole each time."""

    def first() -> None:
        for write in WRITERS.values():
            write(home, 0)

    if forked(first):
        return 1
    killed, version = 0, 0
    while killed < kills:
        version += 1
        chosen = random.Random(seed * 10_007 + version)  # noqa: S311
        ended = forked(lambda: write_all(home, version, chosen))  # noqa: B023 - forked at once
        if ended not in (0, -signal.SIGKILL):
            return 1
        killed += ended == -signal.SIGKILL
        # What no version since touched is older: a kill came before its turn each time.
        if forked(lambda: look(home, version)) or forked(lambda: cleared(home)):  # noqa: B023
            print(f"after the kill in version {version}", flush=True)
            return 1
    print(f"{killed} killed, {version} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
