"""Kill -9 at random moments of ``gosales run``: all is whole, the next run ends, all is the same.

The sales log changes back and forth between two versions meanwhile, so that at any moment a
partition may be of the version before or of the one after; what is neither was torn.
"""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from gosales_assets.parts import checksum_of
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.journeys import tiny
from gosales_assets_tests.journeys.commands import Outcome, run
from gosales_assets_tests.paths import REPOSITORY

KILLS, SEED = 30, 20_241_231
# Records of what was done when, and what stands on them: no two histories are the same.
RECORDS = {
    "validation.gate",
    "validation.gate_history",
    "validation.promoted_scores",
    "validation.leakage_report",  # tells what Dagster noted of each check
    "runs.check_results",
    "runs.lake_inventory",
    "runs.run_registry",
    "runs.run_manifest",
}

Checksums = Mapping[str, str]


@dataclass
class World:
    """The sample, its two versions, and how each comes out undisturbed."""

    config: Path
    log: Path
    versions: tuple[bytes, bytes]
    undisturbed: list[Checksums]
    operations: int

    def show(self, version: int) -> None:
        tiny.rewrite(self.log, self.versions[version], 1_700_000_000 + version)


def start(home: Path, config: Path, operation: int, put_off: float) -> int:
    """Run the command in a process that is killed at an operation; its exit code."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOSALES_", "DAGSTER_"))}
    program = [sys.executable, "-m", "gosales_assets_tests.journeys.killed_run"]
    with (home / "output").open("ab") as output:
        return subprocess.run(
            [*program, str(home), str(operation), str(put_off), "run", "--config", str(config)],
            cwd=home,
            env=kept | {"GOSALES_HOME": str(home), "PYTHONPATH": str(REPOSITORY)},
            stdout=output,
            stderr=output,
            timeout=1800,
            check=False,
        ).returncode


def checksums(home: Path) -> dict[str, str]:
    """Checksum of every partition in the lake, taken from its content."""
    warehouse = Warehouse(home=str(home))
    found = {}
    for table in ALL_TABLES:
        if table.name in RECORDS:
            continue
        for keys in warehouse.partitions(table):
            name = " ".join([table.name, *keys.values()])
            frame = warehouse.read_unchecked(table, **keys)
            noted = warehouse.footer(table, **keys)["gosales.checksum"]
            if table.parts:
                parts = warehouse.parts(table).values()
                assert sum(part.rows for part in parts) == frame.height, name
            else:
                assert checksum_of(frame.drop(table.volatile)) == noted, name
            found[name] = noted
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("plug")
    config = tiny.make(folder / "sample")
    log = folder / "sample" / "landing" / tiny.LAST_FILE
    longer = gzip.decompress(log.read_bytes())
    shorter = b"".join(longer.splitlines(keepends=True)[:-40])
    world = World(config, log, (shorter, longer), [], 0)
    for version in (0, 1):
        world.show(version)
        home = folder / f"undisturbed-{version}"
        assert start(home, config, 0, 0.0) == 0, (home / "output").read_text()
        world.undisturbed.append(checksums(home))
        world.operations = int((home / "operations").read_text())
    return world


def old_or_new(home: Path, world: World) -> None:
    """Every partition is that of one version or of the other; the database opens, whole."""
    for name, checksum in checksums(home).items():
        assert checksum in {made.get(name) for made in world.undisturbed}, name
    for card in home.glob("models/*/card.json"):
        json.loads(card.read_text("utf-8"))
    if (home / "gosales.duckdb").exists():
        with duckdb.connect(str(home / "gosales.duckdb"), read_only=True) as connection:
            for (name,) in connection.sql(
                "select schema_name || '.' || view_name from duckdb_views() where not internal"
            ).fetchall():
                connection.sql(f"select count(columns(*)) from {name}").fetchall()


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_thirty_kills_leave_no_trace(world: World, tmp_path: Path) -> None:
    home, chosen = tmp_path / "home", random.Random(SEED)  # noqa: S311
    version, killed, finished = 0, 0, 0
    world.show(version)
    while killed < KILLS:
        operation = chosen.randint(1, world.operations // 4)
        put_off = chosen.choice([0.0, chosen.uniform(0, 0.5)])
        code = start(home, world.config, operation, put_off)
        output = (home / "output").read_text()
        assert code in (0, -signal.SIGKILL), output[-3000:]
        if code == 0:  # it was done before its turn came: the next version arrives
            finished += 1
            version = 1 - version
            world.show(version)
        else:
            killed += 1
            old_or_new(home, world)
    done: Outcome = run(home, world.config)
    print(f"{killed} kills, {finished} runs between them, {world.operations} operations a run")
    assert done.code == 0, done.output + done.errors
    assert checksums(home) == world.undisturbed[version]
    left = [path for path in home.rglob(".*.tmp*") if "dagster" not in path.parts]
    assert left == []
    assert not list((home / "tmp").iterdir())
