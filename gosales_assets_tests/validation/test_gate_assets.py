"""The gate through Dagster and on the command line: a refusal fails a check, and CI, and no run."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml

from gosales_assets.division_names import registry_name
from gosales_assets.gate_settings import Floors, Gates
from gosales_assets.partitions import KEYS
from gosales_assets.settings import current_settings, environment
from gosales_assets.tracking import Tracking
from gosales_assets.validation import gate_assets
from gosales_assets.validation.contract import GATE, GATE_HISTORY
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.journeys.commands import gosales
from gosales_assets_tests.validation.scored_world import OPEN, write_lake

LOW = {"auc": 0.5, "lift_10": 1.0, "calibration_error": 0.2, "level": 0.5}
FLOORS = LOW | {"calibration_error_high_volume": 0.2, "replicates": 200}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored lake whose models are registered as challengers; the first of them is missing."""
    folder = tmp_path_factory.mktemp("gate")
    write_lake(Warehouse(home=str(folder), code_version="test", basis="test"))
    client = MlflowRegistry(Tracking(home=str(folder)))._client()
    for division in KEYS.divisions[1:]:
        name = registry_name(division)
        client.create_registered_model(name)
        version = f"{OPEN}+settings+code"
        tags = {"cutoff": OPEN, "division": division, "model_version": version}
        made = client.create_model_version(name, "file:///nowhere", tags=tags)
        client.set_registered_model_alias(name, "challenger", made.version)
    return folder


def hold(home: Path, instance: dg.DagsterInstance, gates: Gates) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [*gate_assets.ASSETS, *gate_assets.CHECKS],
        selection=dg.AssetSelection.assets(*gate_assets.ASSETS),
        resources={
            "warehouse": Warehouse(home=str(home), code_version="test", basis="test"),
            "settings": current_settings().model_copy(update={"gates": gates}),
            "tracking": Tracking(home=str(home)),
        },
        instance=instance,
        raise_on_error=False,
    )


def gate_check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "promotion_gate"]
    return found


def test_a_refusal_fails_the_check_with_its_figure_and_not_the_run(
    home: Path, instance: dg.DagsterInstance
) -> None:
    result = hold(home, instance, Gates(replicates=200, auc=0.99))
    assert result.success
    others = [e for e in result.get_asset_check_evaluations() if e.check_name != "promotion_gate"]
    assert all(e.passed for e in others)
    check = gate_check(result)
    assert not check.passed
    assert not check.blocking
    assert check.severity == dg.AssetCheckSeverity.ERROR
    rules = [str(record.data["rule"]) for record in check.metadata["failures"].records]
    assert len(rules) == len(KEYS.divisions) - 1
    assert all("AUC 0." in rule and "is below 0.99" in rule for rule in rules)
    warehouse = Warehouse(home=str(home))
    verdicts = dict(warehouse.read(GATE).select("division", "verdict").iter_rows())
    assert verdicts[KEYS.divisions[0]] == "no challenger"
    assert MlflowRegistry(Tracking(home=str(home))).champion(KEYS.divisions[1]) is None


def test_floors_of_a_division_that_is_none_are_a_mistake_to_be_told(
    home: Path, instance: dg.DagsterInstance
) -> None:
    assert not hold(home, instance, Gates(divisions={"PMD": Floors(auc=0.6)})).success


def test_the_command_fails_passes_and_rolls_back(home: Path, tmp_path: Path) -> None:
    given = environment().config
    assert given is not None
    content = yaml.safe_load(given.read_text("utf-8"))
    content["sales_log"]["files"] = [
        str(given.parent / name) for name in content["sales_log"]["files"]
    ]
    content["sku_map"] = str(given.parent / content["sku_map"])
    strict, easy = tmp_path / "strict.yaml", tmp_path / "easy.yaml"
    strict.write_text(yaml.safe_dump(content | {"gates": {"auc": 0.99}}), "utf-8")
    easy.write_text(yaml.safe_dump(content | {"gates": FLOORS}), "utf-8")

    failed = gosales(home, "gate", "--config", str(strict))
    assert failed.returncode == 1, failed.stderr
    assert f"{KEYS.divisions[1]}: refused. AUC 0." in failed.stdout
    passed = gosales(home, "gate", "--config", str(easy))
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert f"{KEYS.divisions[1]}: promoted. the first champion" in passed.stdout
    registry = MlflowRegistry(Tracking(home=str(home)))
    assert all(registry.champion(division) for division in KEYS.divisions[1:])

    undone = gosales(home, "gate", "--config", str(easy), "--rollback")
    assert undone.returncode == 0, undone.stderr
    assert "version 1 -> no champion" in undone.stdout
    assert not any(registry.champion(division) for division in KEYS.divisions)
    last = Warehouse(home=str(home)).read(GATE_HISTORY).tail(1)
    assert last["verdict"].item() == "rolled back"
    assert last["who"].item()
    again = gosales(home, "gate", "--config", str(easy), "--rollback")
    assert again.returncode == 2
    assert "no move of a champion is left" in again.stderr


def test_refusals_are_told_in_order() -> None:
    rows = pl.DataFrame(
        {
            "division": ["b", "a", "c"],
            "verdict": ["refused", "refused", "promoted"],
            "why": ["x", "y", "z"],
        }
    )
    assert [found.rule for found in gate_assets.refusals(rows)] == ["a: y", "b: x"]
