"""The real command, run in a process of its own with a home of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from gosales_assets_tests.paths import REPOSITORY


@dataclass(frozen=True)
class Outcome:
    """What one ``gosales run`` left behind."""

    code: int
    output: str
    errors: str
    summary: dict[str, Any]
    home: Path

    def query(self, sql: str) -> pl.DataFrame:
        """Ask the published database."""
        database = str(self.home / "gosales.duckdb")
        with duckdb.connect(database, read_only=True) as connection:
            return connection.sql(sql).pl()

    def checksum(self, table: str) -> str:
        """Checksum of a table over all its partitions."""
        return str(self.summary["tables"][table]["checksum"])


def gosales(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, from an empty folder."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOSALES_", "DAGSTER_"))}
    settings = {"GOSALES_HOME": str(home), "PYTHONPATH": str(REPOSITORY), **environment}
    command = [sys.executable, "-m", "gosales_assets.cli", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=home,
        env=kept | settings,
        timeout=1800,
        check=False,
    )


def run(home: Path, config: Path, *arguments: str, **environment: str) -> Outcome:
    """Run ``gosales run`` on a configuration."""
    report = home / "summary.json"
    named = ("--config", str(config), "--json", str(report), *arguments)
    done = gosales(home, "run", *named, **environment)
    summary = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Outcome(done.returncode, done.stdout, done.stderr, summary, home)
