"""A cutoff's models as one MLflow model: files in, calibrated probabilities out.

The bundle holds ``models/cutoff=.../`` as it is in the home folder (see ``models.artefact``), the
cutoff's rows of ``models.calibration``, and ``bundle.json``, which says what it is. MLflow loads it
through this module (``loader_module``), so that no code is pickled: the process that loads it needs
this package, of the code version that ``model_version`` names or one that can read its files.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.models import artefact
from gosales_assets.models.calibrated import CalibratedModel, Floats
from gosales_assets.models.cores import cores
from gosales_assets.models.inputs import KEYS, ModelMismatch

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature

NAME = "bundle"
CONTENTS = "bundle.json"
CURVES = "calibration.parquet"
LIBRARIES = ("scikit-learn", "lightgbm", "numpy", "scipy", "joblib", "polars", "pyarrow")


class UnusableBundle(ValueError):
    """A bundle lacks what it must have, or does not fit the rows; the message names it."""


@dataclass(frozen=True)
class Contents:
    """What a bundle is.

    Parameters
    ----------
    cutoff, model_version
        Those of the model card.
    divisions
        Divisions whose probabilities are calibrated, sorted.
    features_checksum
        Of the names of the feature columns, in order: see ``checksum_of``.
    """

    cutoff: str
    model_version: str
    divisions: list[str]
    features_checksum: str


def checksum_of(features: Sequence[str]) -> str:
    """SHA-256 of a feature list, one name per line; other order, other checksum."""
    return hashlib.sha256("\n".join(features).encode()).hexdigest()


def fingerprint(folder: Path) -> str:
    """SHA-256 of a folder's files, by relative path and content."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def requirements() -> list[str]:
    """Libraries that a bundle is loaded with, in the versions that wrote it.

    Named, since MLflow otherwise starts a process to infer them, half a minute each.
    """
    return [f"{name}=={version(name)}" for name in LIBRARIES]


def signature(features: Sequence[str]) -> "ModelSignature":
    """Names and types of the columns of a feature matrix; out comes one double per row.

    MLflow refuses rows that lack a column, and drops columns that are not named here.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    keys = [ColSpec("datetime", KEYS[0]), *(ColSpec("string", name) for name in KEYS[1:])]
    numbers = [ColSpec("float", name) for name in features]
    return ModelSignature(Schema([*keys, *numbers]), Schema([ColSpec("double")]))


def write(
    target: Path, folder: Path, curves: pl.DataFrame, divisions: Sequence[str]
) -> tuple[Contents, artefact.Trained]:
    """Write a bundle.

    Parameters
    ----------
    target
        Folder to be made.
    folder
        The artefact: ``<home>/models/cutoff=...``.
    curves
        Rows of ``models.calibration`` of this cutoff.
    divisions
        Those that are calibrated.

    Returns
    -------
    tuple[Contents, artefact.Trained]
        What the bundle is, and the model in it.

    Raises
    ------
    UnusableBundle
        When the artefact is incomplete, or the curves are of another cutoff; by name.
    """
    cutoffs = sorted(str(day) for day in curves["cutoff"].unique())
    if len(cutoffs) != 1:
        raise UnusableBundle(f"the calibrations are of {len(cutoffs)} cutoffs, not of one")
    copy = artefact.folder_of(target, cutoffs[0])
    artefact.unswapped(folder, lambda: _copy(folder, copy))
    trained = _trained(target, cutoffs[0])
    contents = Contents(
        cutoff=cutoffs[0],
        model_version=str(trained.card["model_version"]),
        divisions=sorted(divisions),
        features_checksum=checksum_of(trained.model.inputs.features),
    )
    _check(contents, trained, curves)
    keys = [name for name in ("division", "cohort") if name in curves.columns]
    curves.sort(keys).write_parquet(target / CURVES)
    text = json.dumps(asdict(contents), indent=2, sort_keys=True, ensure_ascii=False)
    (target / CONTENTS).write_text(text + "\n", "utf-8")
    return contents, trained


def _copy(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)


def read(path: Path) -> "Bundle":
    """Read a bundle.

    Raises
    ------
    UnusableBundle
        When a file, the model's cutoff, version or features, or a division's calibration is
        missing or does not fit the rest; the message names it.
    """
    missing = [name for name in (CONTENTS, CURVES) if not (path / name).is_file()]
    if missing:
        raise UnusableBundle(f"the bundle lacks {', '.join(missing)}")
    said = json.loads((path / CONTENTS).read_text("utf-8"))
    lost = [each.name for each in fields(Contents) if not said.get(each.name)]
    if lost:
        raise UnusableBundle(f"the bundle does not say its {', '.join(lost)}")
    contents = Contents(**{each.name: said[each.name] for each in fields(Contents)})
    trained, curves = _trained(path, contents.cutoff), pl.read_parquet(path / CURVES)
    _check(contents, trained, curves)
    return Bundle(contents, CalibratedModel.of(trained, curves))


def _trained(home: Path, cutoff: str) -> artefact.Trained:
    try:
        trained = artefact.load(home, cutoff)
    except ModelMismatch as error:
        raise UnusableBundle(str(error)) from error
    if trained is None:
        raise UnusableBundle(f"the model card of cutoff {cutoff} says that there is no model")
    return trained


def _check(contents: Contents, trained: artefact.Trained, curves: pl.DataFrame) -> None:
    version_of_model = trained.card["model_version"]
    if version_of_model != contents.model_version:
        raise UnusableBundle(
            f"the bundle of {contents.model_version} holds the model {version_of_model}"
        )
    if checksum_of(trained.model.inputs.features) != contents.features_checksum:
        raise UnusableBundle(f"feature list mismatch in the bundle of {contents.model_version}")
    curved = set(curves.drop_nulls("slope")["division"]) & set(trained.model.windows)
    unknown = sorted(set(contents.divisions) - curved)
    if unknown:
        raise UnusableBundle(f"the bundle has no model and calibration of {', '.join(unknown)}")


@dataclass(frozen=True)
class Bundle:
    """What MLflow calls: rows of feature matrices in, one probability per row out."""

    contents: Contents
    model: CalibratedModel

    def predict(self, rows: "pd.DataFrame") -> Floats:
        """Chance of each row to buy its division, in the order of the rows.

        Parameters
        ----------
        rows
            Feature matrix: ``cutoff, division, customer_id, cohort``, then the features; the
            candidates of whole divisions, as ranks are taken among the rows given. NaN: missing.

        Raises
        ------
        UnusableBundle
            When features are missing, or a division is unknown or not calibrated; by name.
        """
        matrix = pl.from_pandas(rows).with_columns(pl.col("cutoff").cast(pl.Date))
        try:
            found = self.model.probabilities(matrix, cores(0))
        except ModelMismatch as error:
            raise UnusableBundle(f"model {self.contents.model_version}: {error}") from error
        return found["icp_score"].to_numpy()


def _load_pyfunc(path: str) -> Bundle:
    """Load a bundle for MLflow, which looks for a function of this name."""
    return read(Path(path))
