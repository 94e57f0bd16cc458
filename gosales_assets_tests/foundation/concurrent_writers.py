"""Let several processes write and read the same home folder at once, and look at what they see.

Run as a program (``python -m ... HOME SECONDS``), as in `killed_writers`. Writers write everything
in versions of their own, in any order; readers must see one version or another, never a mixture
inside a file, a set of parts or a model, and never a database whose files are gone.
"""

import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from gosales_assets.occupancy import at_work
from gosales_assets_tests.foundation.killed_writers import forked, look
from gosales_assets_tests.foundation.writers import WRITERS

AT_ONCE = 3
VERSIONS = 40  # of each writer, over and over


def writes(home: Path, number: int, until: float) -> int:
    """Write whatever comes, until a moment; how often."""
    chosen, done = random.Random(number), 0  # noqa: S311
    with at_work(home):
        while time.time() < until:
            name = chosen.choice([name for name in WRITERS if name != "answers"])
            WRITERS[name](home, number * VERSIONS + done % VERSIONS)
            done += 1
    return done


def reads(home: Path, until: float) -> int:
    """Look at everything until a moment; how often."""
    done = 0
    while time.time() < until:
        look(home, AT_ONCE * VERSIONS)
        done += 1
    return done


def started(name: str, work: Callable[[], int]) -> int:
    """Start a process; it says how often it did its work, and fails if that was never."""
    child = os.fork()
    if child == 0:
        try:
            done = work()
            print(f"{name}: {done}", flush=True)
            os._exit(0 if done else 1)
        except BaseException:
            print(f"{name}: {traceback.format_exc()[-2000:]}", flush=True)
            os._exit(1)
    return child


def main(home: Path, seconds: float) -> int:
    """Let them all go; 0: nobody saw anything torn."""

    def first() -> None:
        for write in WRITERS.values():
            write(home, 0)

    if forked(first):
        return 1
    until = time.time() + seconds
    children = [
        started(f"writer {number}", lambda: writes(home, number, until))  # noqa: B023
        for number in range(AT_ONCE)
    ]
    children.append(started("reader", lambda: reads(home, until)))
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return int(any(ended))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))
