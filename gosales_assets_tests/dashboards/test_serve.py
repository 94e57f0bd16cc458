"""``make dev`` ends both servers together, however it ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboards.serve import commands
from gosales_assets_tests.paths import REPOSITORY

SLEEPER = "import pathlib, time; pathlib.Path(r'{mark}').touch(); time.sleep(60)"


def serving(second: str, mark: Path) -> subprocess.Popen[bytes]:
    first = SLEEPER.format(mark=mark)
    code = (
        "import sys; from dashboards.serve import serve; "
        f"sys.exit(serve([[sys.executable, '-c', {first!r}], [sys.executable, '-c', {second!r}]]))"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)


def test_one_server_that_fails_ends_the_other(tmp_path: Path) -> None:
    assert serving("raise SystemExit(3)", tmp_path / "up").wait(timeout=20) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_a_signal_ends_both(tmp_path: Path, number: signal.Signals) -> None:
    marks = [tmp_path / "one", tmp_path / "two"]
    process = serving(SLEEPER.format(mark=marks[1]), marks[0])
    for _ in range(100):
        if all(mark.exists() for mark in marks):
            break
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(timeout=20) == 0


def test_both_servers_listen_on_this_machine_only() -> None:
    for command in commands():
        assert "127.0.0.1" in command
