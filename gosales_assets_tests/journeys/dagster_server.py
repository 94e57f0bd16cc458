"""A real Dagster: webserver, daemon and code server, as ``make dev`` starts them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gosales_assets_tests.paths import REPOSITORY

SECONDS_TO_START = 400


@dataclass(frozen=True)
class Server:
    """Where it is to be found, and how it is asked."""

    address: str

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask over GraphQL, as the UI does; an error of the schema is a failure."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.address}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            content = json.load(answer)
        assert "errors" not in content, content
        return dict(content["data"])

    def backfill(self, assets: Sequence[Sequence[str]], partitions: Sequence[str] | None) -> str:
        """Launch a backfill of assets: these partitions, or all (None); its id."""
        which = {"allPartitions": True} if partitions is None else {"partitionNames": partitions}
        done = self.ask(
            """mutation($params: LaunchBackfillParams!) {
              launchPartitionBackfill(backfillParams: $params) {
                __typename
                ... on LaunchBackfillSuccess { backfillId }
                ... on PythonError { message }
                ... on InvalidSubsetError { message }
              } }""",
            params={"assetSelection": [{"path": list(path)} for path in assets], **which},
        )["launchPartitionBackfill"]
        assert done["__typename"] == "LaunchBackfillSuccess", done
        return str(done["backfillId"])

    def backfill_status(self, backfill: str) -> str:
        """How a backfill stands."""
        found = self.ask(
            """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
              __typename ... on PartitionBackfill { status } ... on PythonError { message } } }""",
            id=backfill,
        )["partitionBackfillOrError"]
        return str(found["status"])

    def launch(self, job: str, assets: Sequence[Sequence[str]] = ()) -> str:
        """Launch a job, or the job of all assets for some of them; the run's id."""
        selector: dict[str, Any] = {
            "repositoryLocationName": "gosales_assets",
            "repositoryName": "__repository__",
            "pipelineName": job,
        }
        if assets:
            selector["assetSelection"] = [{"path": list(path)} for path in assets]
        done = self.ask(
            """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
              __typename ... on LaunchRunSuccess { run { runId } }
              ... on PythonError { message } } }""",
            params={"selector": selector, "runConfigData": {}, "mode": "default"},
        )["launchRun"]
        assert done["__typename"] == "LaunchRunSuccess", done
        return str(done["run"]["runId"])

    def run_status(self, run: str) -> str:
        """How a run stands."""
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return str(self.ask(query, id=run)["runOrError"]["status"])

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the newest first."""
        query = """{ runsOrError { ... on Runs { results {
            runId status jobName startTime endTime assetSelection { path }
            tags { key value } } } } }"""
        return list(self.ask(query)["runsOrError"]["results"])

    def groups(self) -> dict[str, list[list[str]]]:
        """Assets by their group."""
        nodes = self.ask("{ assetNodes { assetKey { path } groupName } }")["assetNodes"]
        found: dict[str, list[list[str]]] = {}
        for node in nodes:
            found.setdefault(node["groupName"], []).append(node["assetKey"]["path"])
        return found

    def check(self, asset: Sequence[str], name: str) -> dict[str, Any]:
        """Last execution of a check: how it ended, and what it shows."""
        node = self.ask(
            """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
              ... on AssetNode { assetChecksOrError {
                ... on AssetChecks { checks { name executionForLatestMaterialization {
                  status
                  evaluation { metadataEntries {
                    label ... on TableMetadataEntry { table { records } } } }
                } } } } } } }""",
            key={"path": list(asset)},
        )["assetNodeOrError"]
        (found,) = [each for each in node["assetChecksOrError"]["checks"] if each["name"] == name]
        return dict(found["executionForLatestMaterialization"])

    def partitions(self, asset: Sequence[str]) -> dict[str, int]:
        """Partitions of an asset by how they stand; of one without any, the one that it is."""
        node = self.ask(
            """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
              ... on AssetNode {
                isPartitioned
                assetMaterializations(limit: 1) { runId }
                partitionStats { numPartitions numMaterialized numFailed numMaterializing }
              } } }""",
            key={"path": list(asset)},
        )["assetNodeOrError"]
        if not node["isPartitioned"]:
            return {"all": 1, "made": len(node["assetMaterializations"]), "failed": 0}
        stats = node["partitionStats"]
        return {
            "all": stats["numPartitions"],
            "made": stats["numMaterialized"],
            "failed": stats["numFailed"],
        }


@contextmanager
def running(
    folder: Path, environment: Mapping[str, str], module: str = "gosales_assets.definitions"
) -> Iterator[Server]:
    """Start Dagster in a folder that is given the repository's own files, and end it again."""
    shutil.copy(REPOSITORY / "dagster.yaml", folder)
    shutil.copy(REPOSITORY / ".env.template", folder / ".env")
    workspace = (REPOSITORY / "workspace.yaml").read_text(encoding="utf-8")
    assert "gosales_assets.definitions" in workspace
    workspace = workspace.replace("gosales_assets.definitions", module)
    (folder / "workspace.yaml").write_text(workspace, encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOSALES_", "DAGSTER_"))}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*program, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=kept | {"PYTHONPATH": str(REPOSITORY), "PWD": str(folder), **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}")
    try:
        until(
            lambda: _loaded(server, process), SECONDS_TO_START, "the code location was not loaded"
        )
        yield server
    except BaseException:
        print((folder / "server.log").read_text(errors="replace")[-4000:])
        raise
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def until(true: Callable[[], bool], seconds: float, otherwise: str, every: float = 2.0) -> None:
    """Wait until something is true."""
    last = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < last, otherwise
        time.sleep(every)


def _loaded(server: Server, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended"
    query = """{ workspaceOrError { ... on Workspace { locationEntries {
        name loadStatus locationOrLoadError { __typename } } } } }"""
    try:
        entries = server.ask(query)["workspaceOrError"]["locationEntries"]
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    if [(e["name"], e["loadStatus"]) for e in entries] != [("gosales_assets", "LOADED")]:
        return False
    assert entries[0]["locationOrLoadError"]["__typename"] == "RepositoryLocation"
    return True
