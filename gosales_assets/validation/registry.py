"""The registry of models: which version is the challenger, which the champion, and moving it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from gosales_assets.division_names import registry_name
from gosales_assets.models.registry import CHALLENGER, CROWNED
from gosales_assets.tracking import Tracking
from gosales_assets.validation.gate import Version
from gosales_assets.validation.tallies import Floats

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"


class CannotScore(Exception):
    """A registered version cannot score today's features; the message says why."""


class Registry(Protocol):
    """What the gate asks of a registry of models."""

    def challenger(self, division: str) -> Version | None:
        """Newest version of a division's model; None: none is registered."""

    def champion(self, division: str) -> Version | None:
        """Version that is live; None: there is none yet."""

    def crown(self, division: str, number: str | None) -> None:
        """Make a version the champion, or with None leave the division without one."""

    def scores(self, division: str, number: str, matrix: pl.DataFrame) -> Floats:
        """Probabilities that a version gives the rows of a feature matrix."""


@dataclass(frozen=True)
class MlflowRegistry:
    """MLflow's registry: ``icp_<division>`` with the aliases ``challenger`` and ``champion``.

    Versions carry the tags ``cutoff`` and ``model_version``.
    """

    tracking: Tracking

    def challenger(self, division: str) -> Version | None:
        """Version that has the alias ``challenger``."""
        return self._aliased(division, CHALLENGER)

    def champion(self, division: str) -> Version | None:
        """Version that has the alias ``champion``."""
        return self._aliased(division, CHAMPION)

    def crown(self, division: str, number: str | None) -> None:
        """Move the alias ``champion``, or with None remove it.

        The version is marked, so that registering its cutoff again never deletes it: a rollback
        must find it.
        """
        client, name = self._client(), registry_name(division)
        if number is None:
            client.delete_registered_model_alias(name, CHAMPION)
        else:
            client.set_model_version_tag(name, number, CROWNED, "yes")
            client.set_registered_model_alias(name, CHAMPION, number)

    def scores(self, division: str, number: str, matrix: pl.DataFrame) -> Floats:
        """Load a version and let it score; one probability per row.

        Raises
        ------
        CannotScore
            When it cannot be loaded, does not take these features, or gives no probabilities.
        """
        import mlflow
        from mlflow.exceptions import MlflowException

        uri = self.tracking.tracking_uri
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        try:
            model = mlflow.pyfunc.load_model(f"models:/{registry_name(division)}/{number}")
            found = np.asarray(model.predict(matrix.to_pandas()), dtype=np.float64).ravel()
        except (MlflowException, ValueError, KeyError, TypeError, OSError) as error:
            raise CannotScore(f"{division}: version {number} cannot score: {error}") from error
        if found.shape != (matrix.height,) or not ((found >= 0) & (found <= 1)).all():
            raise CannotScore(f"{division}: version {number} gives no probability per row")
        return found

    def _aliased(self, division: str, alias: str) -> Version | None:
        from mlflow.exceptions import MlflowException

        client, name = self._client(), registry_name(division)
        try:
            aliases = client.get_registered_model(name).aliases
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        if alias not in aliases:
            return None
        found = client.get_model_version(name, aliases[alias])
        return Version(str(found.version), found.tags["cutoff"], found.tags["model_version"])

    def _client(self) -> "MlflowClient":
        return self.tracking.client()
