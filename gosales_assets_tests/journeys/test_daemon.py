"""The real daemon: a file lands, the sensor sees it, a run happens, new rows are published."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import dagster as dg
import duckdb
import pytest
import yaml

from gosales_assets.sources.sample import SampleSpec, generate
from gosales_assets_tests.automation.hook import Hook, listening
from gosales_assets_tests.paths import REPOSITORY

PATIENCE = 600  # seconds for one thing to happen, on a machine that is busy with other things
INSTANCE = "telemetry: {enabled: false}\nnux: {enabled: false}\n"
WORKSPACE = """
load_from:
  - python_module: {module_name: gosales_assets.definitions, location_name: gosales_assets}
"""
SWITCHED_ON = {"landing_sensor": True, "settled_seconds": 1, "failure_notifications": True}
FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder as of the end of 2023: three years of a small log, few targets, one cutoff."""
    made = generate(tmp_path / "made", SampleSpec(customers=200))
    content = yaml.safe_load(made.config.read_text(encoding="utf-8"))
    del content["sales_log"]["complete_through"], content["side_tables"]
    content |= {
        "cutoffs": {"first": "2023-06-30", "every_months": 6},
        "window_months": 5,
        "targets": {"exclude": ["Hardware", "Maintenance", "CAMWorks", "CPE", "Scanning"]},
        "models": {"division_models": False, "booster_seeds": 1},
        "automation": SWITCHED_ON,
    }
    made.config.write_text(yaml.safe_dump(content), encoding="utf-8")
    (tmp_path / "later").mkdir()
    shutil.move(made.config.parent / "landing" / "sales_log_2024.csv.gz", tmp_path / "later")
    (tmp_path / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    (tmp_path / "workspace.yaml").write_text(WORKSPACE, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)):
        pass  # made before two processes make it at once
    return tmp_path


@contextmanager
def dagster_dev(project: Path, hook: Hook) -> Iterator[str]:
    """`dagster dev`: webserver, daemon and code server, ended together; gives the UI's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOSALES_", "DAGSTER_"))}
    ours = {
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "ignore",
        "DAGSTER_HOME": str(project),
        "GOSALES_HOME": str(project / "home"),
        "GOSALES_CONFIG": str(project / "made" / "gosales.yaml"),
        "GOSALES_ALERT_WEBHOOK_URL": hook.address,
    }
    where = ["--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", *where]
    with (project / "dagster.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            command, cwd=project, env=kept | ours, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield f"http://127.0.0.1:{port}/graphql"
        finally:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(timeout=60)


def wait_for(what: Callable[[], object], project: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            pytest.fail((project / "dagster.log").read_text(encoding="utf-8")[-8_000:])
        time.sleep(2)


def ask(ui: str, query: str) -> dict[str, Any]:
    """Ask the webserver, as the pages of the UI do."""
    body = json.dumps({"query": query}).encode()
    request = Request(ui, body, {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urlopen(request, timeout=120) as answer:  # noqa: S310
        content = json.loads(answer.read())
    assert "errors" not in content, content
    return dict(content["data"])


LAUNCH = """mutation { launchRun(executionParams: {
    selector: {repositoryLocationName: "gosales_assets", repositoryName: "__repository__",
               jobName: "refresh_facts"}, runConfigData: "{}"})
  { __typename ... on LaunchRunSuccess { run { runId } } } }"""
CUTOFFS = """{ assetNodeOrError(assetKey: {path: ["whitespace", "whitespace"]})
  { ... on AssetNode { partitionKeys } } }"""
RELOAD = """mutation { reloadRepositoryLocation(repositoryLocationName: "gosales_assets")
  { __typename } }"""


def published(project: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(project / "home" / "gosales.duckdb"), read_only=True) as connection:
        return connection.sql(sql).fetchall()


@pytest.mark.slow
@pytest.mark.timeout(4 * PATIENCE)
def test_a_file_lands_and_its_rows_are_published(project: Path) -> None:
    landing = project / "made" / "landing"

    def finished(count: int) -> list[dg.DagsterRun]:
        with dg.DagsterInstance.from_config(str(project)) as instance:
            runs = instance.get_runs(dg.RunsFilter(job_name="everything", statuses=list(FINISHED)))
        return runs if len(runs) == count else []

    def launched(run_id: str) -> dg.DagsterRunStatus:
        with dg.DagsterInstance.from_config(str(project)) as instance:
            run = instance.get_run_by_id(run_id)
        return run.status if run else dg.DagsterRunStatus.NOT_STARTED

    with listening() as hook, dagster_dev(project, hook) as ui:
        wait_for(lambda: finished(1), project)
        assert finished(1)[0].status is dg.DagsterRunStatus.SUCCESS
        cutoffs = "select distinct cutoff::varchar from star.dim_cutoff order by 1"
        assert published(project, cutoffs) == [("2023-06-30",)]

        by_hand = ask(ui, LAUNCH)["launchRun"]
        assert by_hand["__typename"] == "LaunchRunSuccess", "a job needs no typing"
        wait_for(lambda: launched(by_hand["run"]["runId"]) in FINISHED, project)
        assert launched(by_hand["run"]["runId"]) is dg.DagsterRunStatus.SUCCESS

        shutil.move(project / "later" / "sales_log_2024.csv.gz", landing)
        wait_for(lambda: finished(2), project)
        newest = finished(2)[0]
        assert newest.status is dg.DagsterRunStatus.SUCCESS
        assert newest.tags["gosales/because"] == "new: sales_log_2024.csv.gz"
        # The code server was started when there was one cutoff; the run knows them all.
        assert published(project, cutoffs)[-1] == ("2024-12-31",)
        rows = "select count(*) from star.fact_transactions where order_date >= '2024-01-01'"
        assert published(project, rows)[0] > (500,)
        ranked = "select count(*) from whitespace.whitespace where cutoff = '2024-12-31'"
        assert published(project, ranked)[0] > (0,)
        judged = "select count(value) from validation.backtests where cutoff = '2023-12-31'"
        assert published(project, judged)[0] > (0,), "its window closed with the file"
        assert hook.got == []
        in_ui = ask(ui, CUTOFFS)["assetNodeOrError"]["partitionKeys"]
        assert in_ui == ["2023-06-30"], "as the code server was started"
        ask(ui, RELOAD)
        in_ui = ask(ui, CUTOFFS)["assetNodeOrError"]["partitionKeys"]
        assert in_ui == ["2023-06-30", "2023-12-31", "2024-06-30", "2024-12-31"]

        (landing / "sales_log_2025.csv.gz").write_text("what,is\nthis,file\n", encoding="utf-8")
        wait_for(lambda: hook.got, project)
        (told,) = hook.got
        assert told["job"] == "everything"
        assert "sales_log_2025.csv.gz" in told["text"]
        assert published(project, cutoffs)[-1] == ("2024-12-31",), "what was published stays"
