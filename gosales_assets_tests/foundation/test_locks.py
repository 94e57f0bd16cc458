"""Locks between processes, and what killed ones leave in a home folder."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gosales_assets.locks import locked
from gosales_assets.occupancy import at_work, clear_away, only_run
from gosales_assets_tests.paths import REPOSITORY

HOLDS = """
import sys, time
from pathlib import Path
from gosales_assets.locks import locked
from gosales_assets.occupancy import at_work, only_run
hold, path = sys.argv[1:]
holds = {"locked": locked, "at_work": at_work, "only_run": lambda home: only_run(home, print)}
with holds[hold](Path(path)):
    print("held", flush=True)
    time.sleep(300)
"""


@contextmanager
def another_process(hold: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lock until it is killed."""
    command = [sys.executable, "-c", HOLDS, hold, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_killed_process_lets_go_of_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "folder" / ".lock"
    waited = []
    with another_process("locked", lock) as other:

        def waits() -> None:
            waited.append(other.pid)
            other.kill()

        with locked(lock, waits):
            assert waited == [other.pid]
    with locked(lock, lambda: waited.append(0)):
        assert len(waited) == 1


def test_one_gosales_run_at_a_time_and_the_next_one_says_for_whom_it_waits(tmp_path: Path) -> None:
    said = []
    with another_process("only_run", tmp_path) as other:

        def tell(line: str) -> None:
            said.append(line)
            other.kill()

        with only_run(tmp_path, tell):
            pass
    assert len(said) == 1
    assert f"process {other.pid}, since 20" in said[0]
    assert str(tmp_path) in said[0]


def unfinished(home: Path) -> list[Path]:
    """What each kind of writer leaves when it is killed."""
    names = [
        "lake/star/fact/cutoff=2024-12-31/.3f.tmp",
        "lake/star/customer_month/.3f.tmp",
        "models/.3f.tmp/booster_0.txt",
        "exports/.3f.tmp",
        ".3f.tmp",
        ".3f.tmp.wal",
        "tmp/duckdb_temp_1_0_storage_DEFAULT-0.tmp",
    ]
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("half")
    return [home / name for name in names]


def test_what_killed_processes_left_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    left = unfinished(tmp_path)
    kept = [
        tmp_path / name
        for name in (
            "lake/star/fact/cutoff=2024-12-31/part.parquet",
            "lake/star/fact/.lock",
            "models/.cutoff=2024-12-31.old/card.json",  # may be all there is of it
            "exports/COLUMNS.md",
            "gosales.duckdb",
            "mlflow.db",
        )
    ]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("whole")
    with at_work(tmp_path):
        assert not any(path.exists() for path in left)
        assert all(path.exists() for path in kept)


def test_nobody_clears_away_what_another_is_writing(tmp_path: Path) -> None:
    with another_process("at_work", tmp_path) as other:
        left = unfinished(tmp_path)
        with at_work(tmp_path):
            assert all(path.exists() for path in left)
        other.kill()
        other.wait()
    with at_work(tmp_path), at_work(tmp_path):  # a run inside `gosales run`
        assert not any(path.exists() for path in left)
    assert clear_away(tmp_path) == []
