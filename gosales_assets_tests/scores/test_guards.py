"""A division that cannot be scored is left out with a reason; the others go on."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gosales_assets.drift.scores import unscored_alerts
from gosales_assets.models import artefact
from gosales_assets.models.inputs import ModelMismatch
from gosales_assets.scores.guards import unscorable, usable
from gosales_assets_tests.models.test_artefact import CUTOFF, fitted, home

CARD = {
    "slices": {"Sold": {}, "Withdrawn": {"selection": "2024-06-30"}, "Launched": {}},
    "divisions": ["Sold", "Withdrawn"],
    "buyers": {"Sold": 40, "Withdrawn": 30},
    "selection_buyers": {"Sold": 9, "Withdrawn": 0},
}
FEATURES = ["rfm__all__orders__12m"]

__all__ = ["fitted", "home"]


@pytest.mark.parametrize(
    ("division", "says"),
    [
        ("Launched", "Launched had no candidates"),
        ("Withdrawn", "nobody bought Withdrawn in the window after 2024-06-30.* 30 did"),
    ],
)
def test_a_division_that_came_or_went_is_told(division: str, says: str) -> None:
    reason = unscorable(CARD, division)
    assert reason is not None
    assert re.search(says, reason)


@pytest.mark.parametrize("division", ["Sold", "Warming up"])
def test_a_division_that_is_sold_or_warming_up_is_not_refused(division: str) -> None:
    assert unscorable(CARD, division) is None


def test_a_sound_model_refuses_nobody(home: Path) -> None:
    found = usable(home, CUTOFF, ["A", "B", "C"], FEATURES)
    assert found.refused == {}
    assert found.scorable(["C", "A", "Unknown"]) == ["A", "C"]


def test_other_features_or_missing_metadata_leave_every_division_out(home: Path) -> None:
    found = usable(home, CUTOFF, ["A", "B"], [*FEATURES, "new__all__thing__3m"])
    refused = found.refused
    assert found.scorable(["A", "B"]) == []
    assert set(refused) == {"A", "B"}
    assert "new__all__thing__3m" in refused["A"]
    path = artefact.folder_of(home, CUTOFF) / "card.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in card.items() if k != "windows"}))
    assert "windows" in usable(home, CUTOFF, ["A"], FEATURES).refused["A"]


def test_without_any_model_there_is_an_error_not_a_list_of_divisions(home: Path) -> None:
    with pytest.raises(ModelMismatch, match="materialize models/pooled_model first"):
        usable(home, "2020-01-31", ["A"], FEATURES)


def test_a_division_left_out_is_an_alert() -> None:
    rows = pl.DataFrame({"division": ["A"], "reason": ["A is new"]})
    (alert,) = unscored_alerts(rows)
    assert (alert.division, alert.severity) == ("A", "warn")
    assert alert.message == "A is new."
    assert np.isfinite(alert.figure)
