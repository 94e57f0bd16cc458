"""Two `gosales run` at once in one home, while people read what is published."""

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from gosales_assets_tests.journeys import tiny
from gosales_assets_tests.journeys.commands import gosales, run


class Reader(threading.Thread):
    """Reads every view and table of the published database, over and over."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self.database, self.stop, self.looks = database, threading.Event(), 0
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.stop.wait(0.2):
            if not self.database.exists():
                continue
            opened = self.database.stat().st_ino
            try:
                with duckdb.connect(str(self.database), read_only=True) as connection:
                    connection.sql(
                        "select count(columns(*)) from star.fact_transactions"
                    ).fetchall()
                    connection.sql("select count(*) from features.feature_matrix").fetchall()
                self.looks += 1
            except duckdb.Error as error:
                if self.database.stat().st_ino == opened:
                    self.problems.append(str(error))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_second_run_waits_and_finds_all_done(tmp_path: Path) -> None:
    config, home = tiny.make(tmp_path / "sample"), tmp_path / "home"
    reader = Reader(home / "gosales.duckdb")
    reader.start()
    try:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(run, home, config)
            while not (home / ".run.lock").exists():
                time.sleep(0.2)
            second: subprocess.CompletedProcess[str] = pool.submit(
                gosales, home, "run", "--config", str(config)
            ).result()
            done = first.result()
    finally:
        reader.stop.set()
        reader.join()
    assert done.code == 0, done.output + done.errors
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Another `gosales run` is at work in" in second.stdout
    assert "waiting for it to end" in second.stdout
    assert reader.problems == []
    assert reader.looks > 0
    manifest = done.query("select count(*), count(distinct run_id) from runs.run_manifest")
    assert manifest.row(0) == (2, 2)
    third = run(home, config)
    for table in ("scores.icp_scores", "whitespace.whitespace", "star.fact_transactions"):
        assert third.checksum(table) == done.checksum(table)
