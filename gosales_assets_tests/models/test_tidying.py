"""Tidying up takes what left the settings and what was replaced, and nothing that is in use."""

import os
import time
from pathlib import Path

import pandera.polars as pa
import polars as pl
import pytest

from gosales_assets import tidying
from gosales_assets.models import artefact
from gosales_assets.partitions import Keys
from gosales_assets.tables import Contract, table
from gosales_assets.tracking import Tracking
from gosales_assets.warehouse import Warehouse

KEYS = Keys(("2024-06-30", "2024-12-31"), ("A", "B"))
ABOUT = {"grain": "one row per thing", "sort": ("name",)}


class Things(Contract):
    """Things."""

    name: str = pa.Field(description="Name.")


GRID = table(Things, "toy.grid", **ABOUT, partitions=("cutoff", "division"))
WHOLE = table(Things, "toy.whole", **ABOUT)


def test_what_left_the_settings_goes(warehouse: Warehouse) -> None:
    thing = pl.DataFrame({"name": ["a"]})
    warehouse.write(WHOLE, thing)
    for cutoff, division in (("2024-06-30", "A"), ("2024-06-30", "Gone"), ("2023-12-31", "A")):
        warehouse.write(GRID, thing, cutoff=cutoff, division=division)
    for cutoff in ("2023-12-31", "2024-12-31"):
        card = {"cutoff": cutoff, "windows": {}, "status": "warm-up", "model_version": "1"}
        artefact.save(warehouse.home_path, cutoff, card, "card", None)
    tracking = Tracking(home=str(warehouse.home_path))
    found = tidying.leftovers(warehouse, [GRID, WHOLE], KEYS, tracking)
    assert [leftover.about for leftover in found] == [
        "toy.grid of 2023-12-31",
        "toy.grid of Gone",
        "model of 2023-12-31",
    ]
    assert all(leftover.bytes > 0 for leftover in found)
    tidying.remove(found)
    assert tidying.leftovers(warehouse, [GRID, WHOLE], KEYS, tracking) == []
    assert warehouse.partitions(GRID) == [{"cutoff": "2024-06-30", "division": "A"}]
    assert warehouse.has(WHOLE)
    assert artefact.is_there(warehouse.home_path, "2024-12-31")


def test_bundles_go_once_no_version_is_made_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    tracking = Tracking(home=str(tmp_path))
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("model")
    with tracking.run("training", {}):
        logged = [
            mlflow.pyfunc.log_model(
                name=name, loader_module=os.__name__, data_path=str(data), pip_requirements=[]
            )
            for name in ("registered", "replaced")
        ]
    client = tracking.client()
    client.create_registered_model("icp_a")
    client.create_model_version("icp_a", logged[0].model_uri)
    warehouse = Warehouse(home=str(tmp_path))
    assert tidying.leftovers(warehouse, [], KEYS, tracking) == [], "a run may be at it"
    later = time.time() + 2 * 86_400
    monkeypatch.setattr(tidying.time, "time", lambda: later)
    (found,) = tidying.leftovers(warehouse, [], KEYS, tracking)
    assert logged[1].model_id in found.about
    tidying.remove([found])
    assert tidying.leftovers(warehouse, [], KEYS, tracking) == []
    assert mlflow.artifacts.list_artifacts(logged[0].model_uri)
