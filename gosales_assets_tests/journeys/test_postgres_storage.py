"""Dagster's records in PostgreSQL, as docs/operations.md says; needs the extra `postgres`."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from gosales_assets_tests.paths import REPOSITORY
from gosales_assets_tests.sources.postgres_server import PASSWORD, binaries, running

pytest.importorskip("dagster_postgres", reason="needs .venv/bin/pip install -e '.[postgres]'")
PROGRAMS = binaries()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAMS is None, reason="needs PostgreSQL's programs"),
]


def documented() -> dict[str, object]:
    """The storage section that the page tells people to write."""
    page = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n( *storage:.*?)```", page, flags=re.DOTALL)
    return dict(yaml.safe_load(textwrap.dedent(block)))


def test_the_documented_storage_records_a_run(tmp_path: Path) -> None:
    assert PROGRAMS is not None
    content = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text("utf-8"))
    content |= documented()
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(content), "utf-8")
    with running(PROGRAMS) as server:
        server.execute("CREATE DATABASE dagster")
        url = server.url(database="dagster").replace("postgresql://", "postgresql+psycopg2://")
        settings = {
            "DAGSTER_HOME": str(tmp_path),
            "DAGSTER_POSTGRES_URL": url,
            "GOSALES_HOME": str(tmp_path / "home"),
            "GOSALES_CONFIG": os.environ["GOSALES_CONFIG"],
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path]),
        }

        def dagster(*arguments: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "dagster", *arguments],
                cwd=tmp_path,
                env=os.environ | settings,
                capture_output=True,
                text=True,
                timeout=400,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-3000:]
            return done.stdout + done.stderr

        location = ["-m", "gosales_assets.definitions"]
        dagster("asset", "materialize", *location, "--select", "key:raw/sku_map")
        assert "__ASSET_JOB" in dagster("run", "list")
        assert not (tmp_path / ".dagster" / "history").exists()
        assert PASSWORD not in dagster("instance", "info")
