"""The gate through Dagster: a refusal fails a check with its figure, and no run."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from gosales_assets.gate_settings import Floors, Gates
from gosales_assets.partitions import KEYS
from gosales_assets.settings import current_settings
from gosales_assets.tracking import Tracking
from gosales_assets.validation import gate_assets
from gosales_assets.validation.contract import GATE
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.validation.challengers import write_challengers


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate")
    write_challengers(folder)
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


def test_refusals_are_told_in_order() -> None:
    rows = pl.DataFrame(
        {
            "division": ["b", "a", "c"],
            "verdict": ["refused", "refused", "promoted"],
            "why": ["x", "y", "z"],
        }
    )
    assert [found.rule for found in gate_assets.refusals(rows)] == ["a: y", "b: x"]
