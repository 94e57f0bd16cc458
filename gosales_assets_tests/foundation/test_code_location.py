"""The code location as Dagster finds it: by workspace.yaml, by pyproject.toml, and quickly."""

import os
import resource
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import yaml

from gosales_assets_tests.paths import REPOSITORY

SECONDS = 12  # of CPU: a wall clock would measure what else the machine is doing
HEAVY = {"mlflow", "sklearn", "lightgbm", "implicit", "matplotlib", "scipy.optimize", "streamlit"}
LOADS = """
import os, sys
from gosales_assets.definitions import defs
defs.resolve_asset_graph()
print(os.environ["MLFLOW_DISABLE_TELEMETRY"], *sorted(sys.modules))
"""


def test_dg_and_the_workspace_name_the_same_location() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["dg"]
    workspace = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text("utf-8"))
    (location,) = workspace["load_from"]
    module = location["python_module"]
    assert module["location_name"] == project["project"]["code_location_name"]
    assert module["module_name"] == f"{project['project']['root_module']}.definitions"


def test_the_instance_takes_its_settings(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        limits = instance.get_concurrency_config().run_queue_config
        assert limits is not None
        assert limits.max_concurrent_runs == 4
        assert {"key": "gosales/chain", "limit": 1} in limits.tag_concurrency_limits


def test_it_loads_quickly_and_lazily_and_tells_mlflow_to_be_quiet() -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADS],
        cwd=REPOSITORY,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    quiet, *modules = done.stdout.split()
    print(f"{spent:.1f} CPU seconds, {len(modules)} modules")
    assert quiet == "true"
    assert HEAVY.intersection(modules) == set()
    assert spent < SECONDS
