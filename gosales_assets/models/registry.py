"""Registering a cutoff's models: one bundle, and a version of it for every calibrated division.

The bundle (``models.bundle``) is logged once into the cutoff's MLflow run. Each calibrated division
then has a run inside that run, with its own figures, card and picture, and a version of the
registered model ``icp_<division>`` whose source is the bundle.

**The same model again.** A version is known by the tag ``fingerprint``, a checksum of the bundle's
files. Registering the same files again finds the same versions and writes nothing. Other files
under the same ``model_version`` (the data changed) make a new version, and the one that it replaces
is deleted, unless it has another alias or once was a champion: a rollback must find it.

**Aliases.** ``challenger`` points to the version of the newest cutoff, the latest registration
among equals; registering an older cutoff does not move it. ``champion`` is moved by the gate alone.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.division_names import registry_name
from gosales_assets.models import bundle
from gosales_assets.models.mlflow_record import DivisionCard, log_bundle, log_division
from gosales_assets.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models.model import ModelInfo

CHALLENGER = "challenger"
CROWNED = "crowned"  # tag of what is or was a champion
FINGERPRINT = "fingerprint"
CALIBRATED = "calibrated"


def register(
    tracking: Tracking,
    run_id: str,
    folder: Path,
    curves: pl.DataFrame,
    cards: Mapping[str, DivisionCard],
) -> dict[str, str]:
    """Register a cutoff's model for each of its calibrated divisions.

    Parameters
    ----------
    run_id
        MLflow run of the cutoff's training: the bundle is added to it.
    folder
        The artefact: ``<home>/models/cutoff=...``.
    curves
        Rows of ``models.calibration`` of this cutoff, of all divisions.
    cards
        Division -> its card, at least of those that are calibrated.

    Returns
    -------
    dict[str, str]
        Division -> number of its version; a division without enough evidence has none.

    Raises
    ------
    UnusableBundle
        When the artefact is incomplete, or does not fit the curves; by name.
    ValueError
        When a division has no card, or two divisions would share a name in the registry.
    """
    divisions = calibrated_divisions(curves)
    if not divisions:
        return {}
    _refuse(divisions, cards)
    client = tracking.client()
    with tempfile.TemporaryDirectory(prefix="gosales-") as scratch:
        target = Path(scratch) / bundle.NAME
        contents, trained = bundle.write(target, folder, curves, divisions)
        tags = {
            "cutoff": contents.cutoff,
            "model_version": contents.model_version,
            "features_checksum": contents.features_checksum,
            FINGERPRINT: bundle.fingerprint(target),
        }
        known = {division: _versions(client, division) for division in divisions}
        made = {division: _same(known[division], tags[FINGERPRINT]) for division in divisions}
        lacking = [division for division in divisions if made[division] is None]
        if lacking:
            with tracking.resumed(run_id) as run:
                logged = log_bundle(target, trained.model.inputs.features, tags)
                for division in lacking:
                    own = curves.filter(pl.col("division") == division)
                    about = tags | {"division": division}
                    log = log_division(client, run.info, trained, own, cards[division], about)
                    made[division] = _add(client, logged, log, about, new=not known[division])
    found = {division: version for division, version in made.items() if version is not None}
    for division, version in found.items():
        _settle(client, version, known[division])
    return {division: str(version.version) for division, version in found.items()}


def calibrated_divisions(curves: pl.DataFrame) -> list[str]:
    """Divisions whose probabilities are calibrated on enough buyers, sorted."""
    enough = curves.filter((pl.col("status") == CALIBRATED) & pl.col("slope").is_not_null())
    return enough["division"].unique().sort().to_list()


def _refuse(divisions: Sequence[str], cards: Mapping[str, DivisionCard]) -> None:
    lost = [division for division in divisions if division not in cards]
    if lost:
        raise ValueError(f"no model card of {', '.join(lost)}")
    names: dict[str, str] = {}
    for division in divisions:
        other = names.setdefault(registry_name(division), division)
        if other != division:
            raise ValueError(
                f"{other} and {division} would both be {registry_name(division)} in the registry"
            )


def _same(versions: "Sequence[ModelVersion]", mark: str) -> "ModelVersion | None":
    """The version that was made of the same files, the newest if there are several."""
    same = [version for version in versions if version.tags.get(FINGERPRINT) == mark]
    return max(same, key=lambda version: int(version.version), default=None)


def _versions(client: "MlflowClient", division: str) -> "list[ModelVersion]":
    found: list[ModelVersion] = []
    token = None
    while True:
        page = client.search_model_versions(f"name = '{registry_name(division)}'", page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _add(
    client: "MlflowClient", logged: "ModelInfo", run_id: str, tags: Mapping[str, str], *, new: bool
) -> "ModelVersion":
    from mlflow.exceptions import MlflowException

    name = registry_name(tags["division"])
    if new:
        try:
            client.create_registered_model(name, tags={"division": tags["division"]})
        except MlflowException as error:  # it may be there, without a version
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    return client.create_model_version(
        name,
        source=logged.model_uri,
        run_id=run_id,
        tags=dict(tags),
        model_id=logged.model_id,
    )


def _settle(client: "MlflowClient", ours: "ModelVersion", known: "Sequence[ModelVersion]") -> None:
    """Point ``challenger`` to the newest cutoff, then delete what this version replaces."""
    others = [version for version in known if version.version != ours.version]
    newest = max(
        (version for version in (ours, *others) if "cutoff" in version.tags),
        key=lambda version: (
            version.tags["cutoff"],
            version.version == ours.version,
            int(version.version),
        ),
    )
    aliases = {
        alias: str(number)
        for alias, number in client.get_registered_model(ours.name).aliases.items()
    }
    if aliases.get(CHALLENGER) != str(newest.version):
        client.set_registered_model_alias(ours.name, CHALLENGER, str(newest.version))
        aliases[CHALLENGER] = str(newest.version)
    for other in others:
        same = all(other.tags.get(key) == ours.tags[key] for key in ("cutoff", "model_version"))
        kept = str(other.version) in aliases.values() or CROWNED in other.tags
        if same and not kept:
            client.delete_model_version(ours.name, str(other.version))
