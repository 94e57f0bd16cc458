"""What nobody looks at any more: partitions that left the settings, bundles that were replaced."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gosales_assets.models.artefact import folder_of
from gosales_assets.partitions import Keys
from gosales_assets.tables import Table
from gosales_assets.tracking import Tracking
from gosales_assets.warehouse import Warehouse

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

# A bundle is logged before its versions are registered: a run may be at it.
_SETTLED_SECONDS = 86_400


@dataclass(frozen=True)
class Leftover:
    """A folder that can go: what it is, where it is, how big it is."""

    about: str
    folder: Path
    bytes: int


def leftovers(
    warehouse: Warehouse, tables: Sequence[Table], keys: Keys, tracking: Tracking
) -> list[Leftover]:
    """List what can go, in order: of the lake, of the models, of MLflow's bundles."""
    found = [*_partitions(warehouse, tables, keys), *_models(warehouse.home_path, keys)]
    if (warehouse.home_path / "mlflow.db").is_file() and not tracking.uri:
        found += _bundles(tracking.client(), tracking.experiment)
    return [Leftover(about, folder, _bytes(folder)) for about, folder in found]


def remove(found: Sequence[Leftover]) -> None:
    """Remove the folders."""
    for leftover in found:
        shutil.rmtree(leftover.folder)


def _partitions(
    warehouse: Warehouse, tables: Sequence[Table], keys: Keys
) -> Iterator[tuple[str, Path]]:
    wanted = {"cutoff": set(keys.cutoffs), "division": set(keys.divisions)}
    for table in tables:
        for partition in warehouse.partitions(table):
            gone = [value for key, value in partition.items() if value not in wanted[key]]
            if gone:
                folder = warehouse.path(table, **partition).parent
                yield f"{table.name} of {', '.join(gone)}", folder


def _models(home: Path, keys: Keys) -> Iterator[tuple[str, Path]]:
    kept = {folder_of(home, cutoff) for cutoff in keys.cutoffs}
    for folder in sorted(home.glob("models/cutoff=*")):
        if folder not in kept:
            yield f"model of {folder.name.removeprefix('cutoff=')}", folder


def _bundles(client: "MlflowClient", experiment: str) -> Iterator[tuple[str, Path]]:
    """Bundles that no registered version is made of."""
    known = client.get_experiment_by_name(experiment)
    if known is None:
        return
    used = {version.source for version in _versions(client)}
    settled = (time.time() - _SETTLED_SECONDS) * 1000
    for model in _logged(client, known.experiment_id):
        folder = Path(unquote(urlsplit(model.artifact_location).path))
        is_used = f"models:/{model.model_id}" in used
        if not is_used and model.creation_timestamp < settled and folder.is_dir():
            yield f"bundle {model.model_id}, which no registered version is made of", folder


def _versions(client: "MlflowClient") -> "Iterator[ModelVersion]":
    token = None
    while True:
        page = client.search_model_versions("", page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _logged(client: "MlflowClient", experiment: str) -> "Iterator[LoggedModel]":
    token = None
    while True:
        page = client.search_logged_models([experiment], page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
