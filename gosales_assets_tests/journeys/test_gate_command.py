"""`gosales gate` as a user or a CI calls it: 1 where a model is refused, and a way back."""

from pathlib import Path

import yaml

from gosales_assets.partitions import KEYS
from gosales_assets.settings import environment
from gosales_assets.tracking import Tracking
from gosales_assets.validation.contract import GATE_HISTORY
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.journeys.commands import gosales
from gosales_assets_tests.validation.challengers import write_challengers

LOW = {"auc": 0.5, "lift_10": 1.0, "calibration_error": 0.2, "level": 0.5}
FLOORS = LOW | {"calibration_error_high_volume": 0.2, "replicates": 200}


def test_the_command_fails_passes_and_rolls_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write_challengers(home)
    given = environment().config
    assert given is not None
    content = yaml.safe_load(given.read_text("utf-8"))
    content["sales_log"]["files"] = [
        str(given.parent / name) for name in content["sales_log"]["files"]
    ]
    content["sku_map"] = str(given.parent / content["sku_map"])
    strict, easy = tmp_path / "strict.yaml", tmp_path / "easy.yaml"
    strict.write_text(yaml.safe_dump(content | {"gates": FLOORS | {"auc": 0.99}}), "utf-8")
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
