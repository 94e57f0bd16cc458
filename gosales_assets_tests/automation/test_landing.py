"""The landing sensor on real files: new, changed, half written, removed, and none of it."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from gosales_assets.automation.jobs import CHAIN, everything
from gosales_assets.automation.landing import landed_files, landing
from gosales_assets.automation.switches import waiting_run
from gosales_assets.provenance import input_files
from gosales_assets.settings import Settings, environment, load_settings

YAML = """
sales_log: {files: ["landing/*.csv"]}
side_tables: {open_deals: {file: deals.csv}}
automation: {settled_seconds: 60}
"""
AN_HOUR = 3_600


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "landing").mkdir()
    land(tmp_path / "landing" / "january.csv", "a,b\n")
    config = tmp_path / "gosales.yaml"
    config.write_text(YAML, encoding="utf-8")
    return load_settings(config)


def land(path: Path, content: str, age: float = AN_HOUR) -> None:
    path.write_text(content, encoding="utf-8")
    changed = time.time() - age
    os.utime(path, (changed, changed))


class Sensor:
    """The sensor with its cursor, one tick at a time."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.settings, self.instance = settings, instance
        self.cursor: str | None = None

    def tick(self) -> dg.SensorResult:
        resources = {"settings": self.settings}
        context = dg.build_sensor_context(self.instance, self.cursor, resources=resources)
        result: Any = landing(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return result

    def asked(self) -> dg.RunRequest | None:
        requests = self.tick().run_requests or []
        assert len(requests) <= 1
        return requests[0] if requests else None

    def said(self) -> str:
        result = self.tick()
        assert not result.run_requests
        assert result.skip_reason is not None
        return str(result.skip_reason.skip_message)


@pytest.fixture
def sensor(settings: Settings, instance: dg.DagsterInstance) -> Sensor:
    made = Sensor(settings, instance)
    assert "not settled yet: january.csv" in made.said(), "every file is seen twice"
    assert made.asked() is not None
    assert made.said() == "no file has changed"
    return made


def test_new_and_changed_files_and_side_tables_make_one_refresh(sensor: Sensor) -> None:
    base = sensor.settings.base
    land(base / "landing" / "february.csv", "a,b\n1,2\n")
    land(base / "landing" / "january.csv", "a,b\n1,2\n")
    land(base / "deals.csv", "customer_id\n1\n")
    assert "not settled" in sensor.said()
    request = sensor.asked()
    assert request is not None
    assert request.tags["gosales/because"] == (
        "new: deals.csv; new: february.csv; changed: january.csv"
    )
    assert sensor.said() == "no file has changed"
    taken = json.loads(sensor.cursor or "")["taken"]
    assert {Path(name).name for name in taken} == {"deals.csv", "february.csv", "january.csv"}


def test_a_file_that_grows_or_is_young_is_waited_for(sensor: Sensor) -> None:
    path = sensor.settings.base / "landing" / "february.csv"
    for rows in range(1, 4):  # a copy that keeps the old time of the file while it writes
        land(path, "a,b\n" * rows)
        assert "not settled yet: february.csv" in sensor.said()
    land(path, "a,b\n" * 4, age=0)
    assert "not settled" in sensor.said()
    assert "not settled" in sensor.said(), "younger than settled_seconds"
    land(path, "a,b\n" * 4)
    assert "not settled" in sensor.said()
    assert sensor.asked() is not None


def test_one_growing_file_holds_back_the_others(sensor: Sensor) -> None:
    folder = sensor.settings.base / "landing"
    land(folder / "february.csv", "a,b\n")
    land(folder / "march.csv", "a,b\n", age=0)
    sensor.tick()
    assert sensor.said() == "not settled yet: march.csv", "a run reads whatever lies there"


def test_a_removed_file_is_news_once_it_stays_away(sensor: Sensor) -> None:
    folder = sensor.settings.base / "landing"
    land(folder / "february.csv", "a,b\n")
    sensor.tick()
    assert sensor.asked() is not None
    content = (folder / "february.csv").read_text(encoding="utf-8")
    there = (folder / "february.csv").stat()
    (folder / "february.csv").unlink()
    assert "not settled yet: february.csv" in sensor.said()
    (folder / "february.csv").write_text(content, encoding="utf-8")
    os.utime(folder / "february.csv", ns=(there.st_atime_ns, there.st_mtime_ns))
    assert sensor.said() == "no file has changed", "it was only written anew"
    (folder / "february.csv").unlink()
    sensor.tick()
    request = sensor.asked()
    assert request is not None
    assert request.tags["gosales/because"] == "removed: february.csv"


def test_every_request_has_a_key_of_its_own_though_files_come_and_go(sensor: Sensor) -> None:
    path = sensor.settings.base / "landing" / "february.csv"
    land(path, "a,b\n")
    there = path.stat()
    keys = []
    for _ in range(2):
        sensor.tick()
        request = sensor.asked()
        assert request is not None
        keys.append(request.run_key)
        path.unlink()
        sensor.tick()
        assert sensor.asked() is not None
        path.write_text("a,b\n", encoding="utf-8")
        os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns))
    assert len(set(keys)) == 2, "Dagster runs a key once"


def test_a_run_that_waits_takes_what_landed(sensor: Sensor) -> None:
    waiting = sensor.instance.create_run_for_job(
        everything, status=dg.DagsterRunStatus.NOT_STARTED, tags=CHAIN
    )
    try:
        land(sensor.settings.base / "landing" / "february.csv", "a,b\n")
        sensor.tick()
        assert f"run {waiting.run_id} is about to begin" in sensor.said()
        assert sensor.said() == "no file has changed"
    finally:
        sensor.instance.delete_run(waiting.run_id)
    assert waiting_run(sensor.instance, everything.name) is None


def test_a_folder_that_was_emptied_is_no_error(sensor: Sensor) -> None:
    (sensor.settings.base / "landing" / "january.csv").unlink()
    sensor.tick()
    request = sensor.asked()
    assert request is not None
    assert request.tags["gosales/because"] == "removed: january.csv"


def test_extracts_of_the_database_are_not_landed(sensor: Sensor) -> None:
    made = environment().home / "extracts" / "landing-test"
    made.mkdir(parents=True)
    log = sensor.settings.sales_log.model_copy(update={"files": ["landing/*.csv", f"{made}/*"]})
    both = sensor.settings.model_copy(update={"sales_log": log})
    land(made / "sales.csv", "a,b\n")
    assert made / "sales.csv" in input_files(both)
    assert {path.name for path in landed_files(both)} == {"january.csv"}
    shutil.rmtree(made)
