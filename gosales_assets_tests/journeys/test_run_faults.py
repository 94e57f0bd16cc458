"""`gosales run` where disk or rights give out: one line, exit code 1, and it goes on later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gosales_assets_tests.journeys import tiny
from gosales_assets_tests.journeys.commands import gosales, run


def fails_in_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = done.stderr.strip().splitlines()
    for word in ("gosales: ", "To mend it: ", *words):
        assert word in line


def test_a_file_where_the_home_should_be(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("not a folder")
    done = gosales(
        tmp_path, "run", "--config", os.environ["GOSALES_CONFIG"], GOSALES_HOME=str(home)
    )
    fails_in_one_line(done, str(home), "a file stands where a folder must be")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_disk_that_fills_up_in_the_middle_of_a_run(tmp_path: Path) -> None:
    config, home = tiny.make(tmp_path / "sample"), tmp_path / "disk"
    home.mkdir()

    def mount(size: str, *options: str) -> bool:
        settings = ",".join([f"size={size}", *options])
        command = ["mount", "-t", "tmpfs", "-o", settings, "tmpfs", str(home)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    if os.geteuid() != 0 or sys.platform != "linux" or not mount("4m"):
        pytest.skip("may not mount a small disk here")
    try:
        records = {"DAGSTER_HOME": str(tmp_path / "records")}
        (tmp_path / "records").mkdir()
        full = gosales(home, "run", "--config", str(config), **records)
        assert full.returncode == 1, full.stdout + full.stderr
        told = full.stdout + full.stderr
        assert "no space left on device" in told
        assert "To mend it: make room on that disk" in told
        assert not list(home.glob("lake/**/.*.tmp"))
        assert mount("200m", "remount")
        done = run(home, config, **records)
        assert done.code == 0, done.output + done.errors
    finally:
        subprocess.run(["umount", str(home)], check=True)
