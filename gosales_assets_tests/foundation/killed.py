"""Killing a process at a chosen moment: at one of its file operations, or a little later.

Random moments on a clock mostly hit computing. What matters is what lies between the creation of a
file and its move into place, so moments are drawn among the operations that Python is about to do,
and some are put off by a few milliseconds, into what libraries do by themselves.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable

# Audit events of Python that change something, or open a file (which may be to write it).
WATCHED = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect"}


def without_settings() -> dict[str, str]:
    """Environment of a process that forks: with a YAML, it would read files before, in threads.

    Nor may it find a demo in the checkout's own home.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOSALES_", "DAGSTER_"))}
    return kept | {"POLARS_MAX_THREADS": "2", "GOSALES_HOME": tempfile.mkdtemp()}


def kill_at(home: str, operation: int, put_off: float = 0.0) -> Callable[[], int]:
    """Have this process killed (-9) when it begins its n-th operation on files below ``home``.

    Parameters
    ----------
    operation
        Number of the operation, from 1; 0: it is not killed.
    put_off
        Seconds to wait then.

    Returns
    -------
    Callable
        Says how many operations there were so far.
    """
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in WATCHED or not str(arguments[0]).startswith(home):
            return
        seen += 1
        if seen != operation:
            return
        if put_off:
            threading.Thread(target=_kill, args=(put_off,), daemon=True).start()
        else:
            _kill(0.0)

    sys.addaudithook(watch)
    return lambda: seen


def _kill(after: float) -> None:
    time.sleep(after)
    os.kill(os.getpid(), signal.SIGKILL)
