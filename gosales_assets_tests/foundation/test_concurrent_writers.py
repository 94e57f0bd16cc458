"""Processes that write the same home at once neither tear anything nor take each other's files."""

import subprocess
import sys
from pathlib import Path

from gosales_assets_tests.foundation.killed import without_settings
from gosales_assets_tests.paths import REPOSITORY

SECONDS = 6


def test_readers_see_whole_versions_while_three_write(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "gosales_assets_tests.foundation.concurrent_writers"]
    done = subprocess.run(
        [*program, str(tmp_path / "home"), str(SECONDS)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=without_settings(),
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout
