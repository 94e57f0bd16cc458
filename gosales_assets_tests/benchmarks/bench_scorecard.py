"""How long the scorecard's pages take on a big published database, quietly and during publishes.

Run: ``python -m gosales_assets_tests.benchmarks.bench_scorecard [customers] [home]``

Bound: any page under 2 s with 200,000 customers x 12 divisions (2.4 million rows of one list), also
while the database is swapped. Pages are drawn by Streamlit itself, without a browser. Ratios are to
a plain scan of the list's chances in the same run, the best of three. "cpu s" is the processor time
of a page, which a busy machine inflates less.
"""

import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboards.database import Published
from gosales_assets_tests.benchmarks.published_big import CUTOFFS, build
from gosales_assets_tests.dashboards.test_scorecard_pages import run_script

SECONDS = 2.0
ACCOUNT = "C0000007"
# Page -> module, and what its address asks for.
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "My accounts": ("accounts", {}),
    "My accounts, all": ("accounts", {"shortlist": "false"}),
    "My accounts of a rep": ("accounts", {"rep": "Rep 007"}),
    "Account": ("account", {"account": ACCOUNT}),
    "Matrix": ("matrix", {}),
    "Matrix, in talks": ("matrix", {"state": "In talks"}),
    "Matrix, by name": ("matrix", {"name": "alder castings"}),
    "How many to call": ("matrix", {"view": "How many to call"}),
    "What changed": ("matrix", {"view": "What changed"}),
    "Divisions": ("divisions", {}),
    "Health": ("health", {}),
}
_PLAIN = "select sum(icp_score) from whitespace.whitespace where cutoff = $cutoff"


class Clock:
    """Counts the queries of a page and their seconds."""

    def __init__(self) -> None:
        self.queries, self.seconds, self.cpu = 0, 0.0, 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time every query while this is open."""
        query = Published.query

        def timed(db, sql, params=None):
            began = time.perf_counter()
            try:
                return query(db, sql, params)
            finally:
                self.queries += 1
                self.seconds += time.perf_counter() - began

        Published.query = timed  # type: ignore[method-assign]
        spent = time.process_time()
        try:
            yield
        finally:
            self.cpu = time.process_time() - spent
            Published.query = query  # type: ignore[method-assign]


def drawn(path: Path, page: str, rep: str | None) -> tuple[float, Clock]:
    """Draw a page; seconds of the best of three, and its queries."""
    module, address = PAGES[page]
    scope = f"db = db.within(Scope({rep!r}))\n" if rep else ""
    body = f"from dashboards.scope import Scope\n{scope}{module}.render(db)"
    best: tuple[float, Clock] | None = None
    for _ in range(3):
        clock = Clock()
        with clock.watching():
            began = time.perf_counter()
            run_script(path, body, **address)
            seconds = time.perf_counter() - began
        if best is None or seconds < best[0]:
            best = seconds, clock
    assert best is not None
    return best


@contextmanager
def publishing(path: Path) -> Iterator[list[float]]:
    """Swap the database for a copy of itself over and over, as publishing does."""
    stop, swaps = threading.Event(), []

    def swap() -> None:
        while not stop.is_set():
            scratch = path.with_name(".next.duckdb")
            shutil.copy(path, scratch)
            os.replace(scratch, path)  # noqa: PTH105 - the atomic move is the point
            swaps.append(time.monotonic())

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield swaps
    finally:
        stop.set()
        thread.join()


def measure(path: Path) -> None:
    """Print a line for each page."""
    whole = Published(path, threads=1)
    plain = min(_timed(whole) for _ in range(3))
    print(f"a plain scan of the list's chances: {plain:.3f} s")
    heads = {"queries": 8, "s in them": 11, "x plain": 9, "cpu s": 7, "page s": 8, "rep s": 8}
    print("page".ljust(24) + "".join(head.rjust(width) for head, width in heads.items()))
    slowest = 0.0
    for page in PAGES:
        seconds, clock = drawn(path, page, None)
        own, _ = drawn(path, page, "Rep 007") if page != "Health" else (0.0, clock)
        slowest = max(slowest, seconds, own)
        print(
            f"{page:24}{clock.queries:8}{clock.seconds:11.2f}{clock.seconds / plain:9.1f}"
            f"{clock.cpu:7.2f}{seconds:8.2f}{own:8.2f}"
        )
    with publishing(path) as swaps:
        during = max(drawn(path, page, None)[0] for page in PAGES)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"slowest page {slowest:.2f} s; during {len(swaps)} publishes {during:.2f} s")
    print(f"peak memory {peak:.2f} GB; bound {SECONDS} s: {'kept' if slowest < SECONDS else 'NOT'}")


def _timed(db: Published) -> float:
    began = time.perf_counter()
    db.query(_PLAIN, {"cutoff": CUTOFFS[-1]})
    return time.perf_counter() - began


def main() -> None:
    """Build the database, or take one that is there, and measure."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch) / "home"
        path = home / "gosales.duckdb"
        if not path.is_file():
            # In a process of its own, so that building counts for no memory here.
            child = os.fork()
            if not child:
                build(home, customers)
                os._exit(0)
            os.waitpid(child, 0)
        measure(path)


if __name__ == "__main__":
    main()
