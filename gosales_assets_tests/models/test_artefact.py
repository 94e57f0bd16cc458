"""A model's files: whole or not at all, and refused by name when something is missing."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gosales_assets.models import artefact
from gosales_assets.models.card import markdown, trained_card, untrained_card
from gosales_assets.models.contract import MODEL_METRICS
from gosales_assets.models.division_models import CANDIDATES
from gosales_assets.models.inputs import ModelMismatch
from gosales_assets.models.slices import Slices
from gosales_assets.models.training import Fitted, fit_all

CUTOFF = "2024-12-31"


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    random = np.random.default_rng(5)
    x = random.normal(size=900)
    rows = pl.DataFrame(
        {
            "cutoff": [date(2024, 3, 31)] * 900,
            "division": ["A", "B", "C"] * 300,
            "customer_id": [f"C{i // 3}" for i in range(900)],
            "cohort": ["repeat"] * 900,
            "rfm__all__orders__12m": x.astype(np.float32),
            "label": (random.random(900) < 1 / (1 + np.exp(1 - x))).astype(int),
        }
    )
    windows = {"A": 6, "B": 6, "C": 9}
    return fit_all(
        rows,
        rows,
        cutoff=date(2024, 12, 31),
        windows=windows,
        seeds=2,
        own_models=True,
        seed=1,
        threads=1,
    )


@pytest.fixture
def home(tmp_path: Path, fitted: Fitted) -> Path:
    by_time = Slices((date(2024, 3, 31),), date(2024, 6, 30), "time")
    slices = {"A": by_time, "B": by_time}
    slices["C"] = Slices((date(2024, 3, 31),), date(2024, 3, 31), "customer")
    rows = dict.fromkeys(
        ["training", "training_positives", "selection", "selection_positives"], 900
    )
    card = trained_card(fitted, slices, rows, MODEL_METRICS.empty(), {}, {})
    card |= {"model_version": "v1", "buyers": {"A": 300}, "selection_buyers": {"A": 300}}
    artefact.save(tmp_path, CUTOFF, card, markdown(card), fitted)
    return tmp_path


def test_a_saved_model_scores_the_same(home: Path, fitted: Fitted) -> None:
    found = artefact.load(home, CUTOFF)
    assert found is not None
    rows = fitted.judgements.drop("label", "logistic", "booster", "blend", *CANDIDATES, "final")
    assert np.array_equal(found.model.logits(rows, 1), fitted.pooled.logits(rows, 1))
    numbers = fitted.pooled.inputs.numbers(rows)
    assert set(found.own) == set(fitted.own) != set()
    for division, own in fitted.own.items():
        for name, logits in own.logits(numbers, 1).items():
            assert np.array_equal(found.own[division].logits(numbers, 1)[name], logits)
    assert found.judgements["final"].equals(fitted.judgements["final"])


def test_the_card_says_each_divisions_window_and_slices(home: Path) -> None:
    card = artefact.load_card(home, CUTOFF)
    assert card["windows"] == {"A": 6, "B": 6, "C": 9}
    assert card["slices"]["C"] == {
        "training": ["2024-03-31"],
        "selection": "2024-03-31",
        "split": "customer",
    }
    words = (artefact.folder_of(home, CUTOFF) / "card.md").read_text()
    assert "# Model for 2024-12-31, 6 months (C: 9) ahead" in words
    assert "Judged on 2024-03-31, 2024-06-30 (split by customer, time)" in words


def test_saving_again_replaces_the_whole_folder(home: Path) -> None:
    card = untrained_card(CUTOFF, {"A": 6}, "warm-up", "nothing closed") | {"model_version": "v2"}
    folder = artefact.save(home, CUTOFF, card, markdown(card), None)
    assert sorted(p.name for p in folder.iterdir()) == ["card.json", "card.md"]
    assert [p.name for p in folder.parent.glob("[!.]*")] == [folder.name]
    assert artefact.load(home, CUTOFF) is None


@pytest.mark.parametrize("key", ["cutoff", "windows", "divisions", "features"])
def test_a_card_that_does_not_say_enough_is_refused(home: Path, key: str) -> None:
    path = artefact.folder_of(home, CUTOFF) / "card.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in card.items() if k != key}))
    with pytest.raises(ModelMismatch, match=key):
        artefact.load(home, CUTOFF)


def test_a_missing_file_or_model_is_named(home: Path) -> None:
    (artefact.folder_of(home, CUTOFF) / "booster_1.txt").unlink()
    with pytest.raises(ModelMismatch, match=r"booster_1\.txt"):
        artefact.load(home, CUTOFF)
    with pytest.raises(ModelMismatch, match="no model of cutoff 2020-01-31"):
        artefact.load(home, "2020-01-31")


def test_a_model_filed_under_another_cutoff_is_refused(home: Path) -> None:
    artefact.folder_of(home, CUTOFF).rename(artefact.folder_of(home, "2025-01-31"))
    with pytest.raises(ModelMismatch, match="made for 2024-12-31"):
        artefact.load(home, "2025-01-31")
