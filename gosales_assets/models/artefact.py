"""A trained model as files: written aside, moved into place whole, and refused when incomplete.

``<home>/models/cutoff=2024-12-31/`` holds ``card.json`` (what the model is), ``card.md`` (the same
for people), ``logistic.joblib``, ``booster_0.txt`` ..., ``division_models.joblib`` and
``judgements.parquet`` (log odds of the rows it was judged on). In the warm-up there is only a card
that says so.
"""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from gosales_assets.locks import locked
from gosales_assets.models.division_models import DivisionModels
from gosales_assets.models.inputs import Inputs, ModelMismatch
from gosales_assets.models.pooled import PooledModel
from gosales_assets.models.training import Fitted
from gosales_assets.storage_problems import explained

Item = TypeVar("Item")

LOCK = ".lock"
CARD = "card.json"
CARD_FOR_PEOPLE = "card.md"
LOGISTIC = "logistic.joblib"
OWN = "division_models.joblib"
JUDGEMENTS = "judgements.parquet"
JUDGED = [
    "cutoff",
    "division",
    "customer_id",
    "cohort",
    "label",
    "logistic",
    "booster",
    "blend",
    "final",
]
REQUIRED = ("cutoff", "windows", "status", "model_version")
REQUIRED_TRAINED = (
    "divisions",
    "slices",
    "features",
    "usable",
    "base_rates",
    "buyers",
    "selection_buyers",
    "winners",
    "blend_weight",
    "boosters",
)


@dataclass(frozen=True)
class Trained:
    """A cutoff's models, their card, and the judged rows.

    ``own``: division -> the models of it alone.
    """

    model: PooledModel
    own: Mapping[str, DivisionModels]
    card: Mapping[str, Any]
    judgements: pl.DataFrame


def folder_of(home: Path, cutoff: str) -> Path:
    """Where the artefact of a cutoff's model is."""
    return home / "models" / f"cutoff={cutoff}"


def save(
    home: Path,
    cutoff: str,
    card: Mapping[str, Any],
    markdown: str,
    fitted: Fitted | None,
) -> Path:
    """Write an artefact aside and swap it in; readers see the old one, none, or the new one."""
    target = folder_of(home, cutoff)
    scratch = target.with_name(f".{uuid.uuid4().hex}.tmp")
    with explained(target):
        try:
            scratch.mkdir(parents=True)
            (scratch / CARD).write_text(json.dumps(card, indent=2, sort_keys=True) + "\n", "utf-8")
            (scratch / CARD_FOR_PEOPLE).write_text(markdown, "utf-8")
            if fitted is not None:
                _write_model(scratch, fitted)
            with locked(target.with_name(LOCK)):
                _put_back(target)
                if target.exists():
                    os.replace(target, _retired(target))  # noqa: PTH105 - see _put_back
                os.replace(scratch, target)  # noqa: PTH105
                shutil.rmtree(_retired(target), ignore_errors=True)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return target


def settle(target: Path) -> None:
    """Wait for a swap that is going on, and put back what a killed one took away."""
    if not target.exists() and _retired(target).exists():
        with locked(target.with_name(LOCK)):
            _put_back(target)


def _put_back(target: Path) -> None:
    """Undo half a swap: a folder cannot replace a full one, so the old one steps aside first."""
    retired = _retired(target)
    if target.exists():
        shutil.rmtree(retired, ignore_errors=True)
    elif retired.exists():
        os.replace(retired, target)  # noqa: PTH105


def _retired(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def is_there(home: Path, cutoff: str) -> bool:
    """Whether there is a model, or a card that says why there is none, of a cutoff."""
    folder = folder_of(home, cutoff)
    settle(folder)
    return (folder / CARD).is_file()


def load_card(home: Path, cutoff: str) -> dict[str, Any]:
    """Read what a cutoff's model is.

    Raises
    ------
    ModelMismatch
        When there is no model of the cutoff, or its card lacks what it must say; by name.
    """
    if not is_there(home, cutoff):
        raise ModelMismatch(f"no model of cutoff {cutoff}: materialize models/pooled_model first")
    path = folder_of(home, cutoff) / CARD
    card: dict[str, Any] = json.loads(path.read_text("utf-8"))
    wanted = REQUIRED if card.get("status") != "trained" else (*REQUIRED, *REQUIRED_TRAINED)
    missing = [key for key in wanted if card.get(key) is None]
    if missing:
        raise ModelMismatch(f"the model of cutoff {cutoff} does not say its {', '.join(missing)}")
    if card["cutoff"] != cutoff:
        raise ModelMismatch(f"the model filed under {cutoff} was made for {card['cutoff']}")
    return card


def load(home: Path, cutoff: str) -> Trained | None:
    """Read a cutoff's model; None where its card says that nothing could be trained.

    Raises
    ------
    ModelMismatch
        When the artefact is missing or incomplete; the message names what is.
    """
    return unswapped(folder_of(home, cutoff), lambda: _load(home, cutoff))


def unswapped(folder: Path, read: Callable[[], Item]) -> Item:
    """Read an artefact; again, where another run has swapped a new one in meanwhile.

    Parameters
    ----------
    read
        Reads all that is needed of ``folder``.
    """
    while True:
        settle(folder)
        before = _number_of(folder)
        try:
            found = read()
        except Exception:
            if _number_of(folder) == before:
                raise
        else:
            if _number_of(folder) == before:
                return found


def _number_of(folder: Path) -> int | None:
    """Number of a folder in its file system: another one after a swap; None: not there."""
    try:
        return folder.stat().st_ino
    except FileNotFoundError:
        return None


def _load(home: Path, cutoff: str) -> Trained | None:
    import joblib  # type: ignore[import-untyped]
    import lightgbm as lgb

    card = load_card(home, cutoff)
    if card["status"] != "trained":
        return None
    folder = folder_of(home, cutoff)
    names = [LOGISTIC, OWN, JUDGEMENTS, *(_booster(number) for number in range(card["boosters"]))]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ModelMismatch(f"the model of cutoff {cutoff} lacks the files {', '.join(missing)}")
    inputs = Inputs(
        features=tuple(card["features"]),
        usable=tuple(card["usable"]),
        divisions=tuple(card["divisions"]),
        base_rates=card["base_rates"],
    )
    model = PooledModel(
        cutoff=date.fromisoformat(cutoff),
        windows=card["windows"],
        inputs=inputs,
        logistic=joblib.load(folder / LOGISTIC),
        boosters=[
            lgb.Booster(model_file=str(folder / _booster(number)))
            for number in range(card["boosters"])
        ],
        weight=card["blend_weight"],
    )
    own = joblib.load(folder / OWN)
    return Trained(model, own, card, pl.read_parquet(folder / JUDGEMENTS))


def _booster(number: int) -> str:
    return f"booster_{number}.txt"


def _write_model(folder: Path, fitted: Fitted) -> None:
    import joblib

    joblib.dump(fitted.pooled.logistic, folder / LOGISTIC)
    joblib.dump(dict(fitted.own), folder / OWN)
    for number, booster in enumerate(fitted.pooled.boosters):
        booster.save_model(str(folder / _booster(number)))
    fitted.judgements.select(JUDGED).write_parquet(folder / JUDGEMENTS)
