"""The database in a run: read before the partitions are known, and shown in the UI."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr
from rich.console import Console

from gosales_assets.automation.reading import read_database
from gosales_assets.contracts import asset_key
from gosales_assets.provenance import SESSION_TAG
from gosales_assets.settings import Settings, SettingsError, environment
from gosales_assets.sources.assets import ASSETS, CHECKS
from gosales_assets.sources.contract import LOAD_LOG, SALES_LINES
from gosales_assets.sources.database_contract import DATABASE_EXTRACTS
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.paths import REPOSITORY
from gosales_assets_tests.sources.conftest import TestDatabase
from gosales_assets_tests.sources.test_sources_database import ROWS, SALES, insert, settings


def run(
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    made: Settings,
    tags: dict[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [*ASSETS, *CHECKS],
        selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
        instance=instance,
        resources={"warehouse": warehouse, "settings": made},
        tags=tags,
        raise_on_error=False,
    )


def about(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    (event,) = [
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.materialization.asset_key == asset_key(DATABASE_EXTRACTS)
    ]
    return {name: str(value.value) for name, value in event.metadata.items()}


def test_a_run_of_the_ui_reads_the_database_and_then_the_log(
    instance: dg.DagsterInstance, warehouse: Warehouse, database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path, watermark="order_date")
    result = run(instance, warehouse, made)
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    extracts = warehouse.read(DATABASE_EXTRACTS)
    assert extracts["rows"].to_list() == [4, 1]
    assert warehouse.read(LOAD_LOG)["rows_read"].to_list() == [4, 1]
    assert warehouse.read(SALES_LINES).height == 4
    assert "5 rows, read as a whole" in about(result)["what was done"]


def test_a_run_of_the_command_has_read_it_already(
    instance: dg.DagsterInstance, warehouse: Warehouse, database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    made = settings(tmp_path)
    console = Console(record=True, width=200)
    read = read_database(console, made)
    assert read.warnings == []
    assert "5 rows, read as a whole" in console.export_text()
    database.execute("DELETE FROM sales WHERE line = 1")
    result = run(instance, warehouse, made, {SESSION_TAG: "today"})
    assert result.success
    assert warehouse.read(DATABASE_EXTRACTS)["rows"].to_list() == [5]
    assert "what was done" not in about(result)


def test_a_database_that_is_down_is_a_warning_beside_the_files(
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "log.csv").write_text(
        "customer_id,order_date,sku,division,revenue\n1,2024-02-01,A,Tools,1\n"
    )
    made = Settings(
        base=tmp_path,
        today="2024-12-31",
        sales_log={"files": ["log.csv"], "database": {"tables": ["sales"]}},
    )
    monkeypatch.setattr(
        environment(), "database_url", SecretStr("postgresql://jo:hush@127.0.0.1:9/erp")
    )
    console = Console(record=True, width=200)
    read_database(console, made)
    shown = console.export_text()
    assert "WARNING: postgresql://127.0.0.1:9/erp: server cannot be reached" in shown
    result = run(instance, warehouse, made)
    assert result.success
    assert warehouse.read(SALES_LINES).height == 1
    assert warehouse.read(DATABASE_EXTRACTS)["status"].to_list() == ["missing"]
    assert "server cannot be reached" in about(result)["warnings"]
    assert "hush" not in shown + str(about(result))
    events = [str(record) for record in instance.all_logs(result.run_id)]
    assert not any("hush" in event for event in events)


RUN_AS_FAR_AS_THE_PARTITIONS = """
import sys
from pathlib import Path
from gosales_assets import cli

sys.modules["gosales_assets.definitions"] = None  # so far, and no further
try:
    cli._run(Path(sys.argv[1]), None)
except ImportError:
    from gosales_assets.partitions import KEYS
    print(KEYS.divisions)
"""


def test_divisions_of_a_first_reading_become_partitions(
    database: TestDatabase, tmp_path: Path
) -> None:
    database.execute(SALES, insert(*ROWS))
    config = tmp_path / "my.yaml"
    config.write_text(
        "sales_log: {database: {tables: [sales]}}\ncutoffs: {first: 2024-02-29, last: 2024-02-29}\n"
    )
    variables = {
        "GOSALES_DATABASE_URL": database.url,
        "GOSALES_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(REPOSITORY),
    }
    shown = subprocess.run(
        [sys.executable, "-c", RUN_AS_FAR_AS_THE_PARTITIONS, str(config)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.splitlines()[-1] == "('Bath', 'Tools')"


def test_strict_stops_the_run_with_one_line(
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        environment(), "database_url", SecretStr("postgresql://jo:hush@127.0.0.1:9/erp")
    )
    made = settings(tmp_path, strict=True)
    with pytest.raises(SettingsError, match="server cannot be reached"):
        read_database(Console(quiet=True), made)
    result = run(instance, warehouse, made)
    assert not result.success
    events = " ".join(str(record) for record in instance.all_logs(result.run_id))
    assert "server cannot be reached" in events
    assert "hush" not in events


def test_without_a_database_the_table_is_empty_and_says_so(
    instance: dg.DagsterInstance, warehouse: Warehouse, own_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "log.csv").write_text(
        "customer_id,order_date,sku,division,revenue\n1,2024-02-01,A,Tools,1\n"
    )
    made = Settings(base=tmp_path, today="2024-12-31", sales_log={"files": ["log.csv"]})
    result = run(instance, warehouse, made)
    assert result.success
    assert warehouse.read(DATABASE_EXTRACTS).is_empty()
    assert about(result)["remarks"] == "off: no table is configured"
