"""MLflow: where runs are tracked, and a run that always ends.

dagster-mlflow's ``mlflow_tracking`` resource is not used for these runs: it keeps one MLflow run
per Dagster run and never ends it by itself, so that the second cutoff of a run would log other
values under the same parameter names and fail, and the run would leak into the next Dagster run
of the process. Here each cutoff has a run of its own.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import dagster as dg

from gosales_assets.locks import locked
from gosales_assets.whole_files import whole

if TYPE_CHECKING:
    from mlflow import ActiveRun, MlflowClient

EXPERIMENT = "gosales"
DATABASE = "mlflow.db"
LOCK = ".mlflow.lock"


class Tracking(dg.ConfigurableResource):
    """MLflow in a file of the home folder, or on a server when a URI is given."""

    home: str
    uri: str = ""
    experiment: str = EXPERIMENT

    @property
    def tracking_uri(self) -> str:
        """Where runs and the registry are kept."""
        return self.uri or f"sqlite:///{Path(self.home).resolve() / DATABASE}"

    @contextmanager
    def run(self, name: str, tags: Mapping[str, str]) -> Iterator["ActiveRun"]:
        """Open an MLflow run; it ends with the block, as failed when the block raises."""
        import mlflow

        self._connect()
        with locked(Path(self.home) / LOCK):
            found = mlflow.get_experiment_by_name(self.experiment)
            experiment = found.experiment_id if found else self._create()
        with mlflow.start_run(experiment_id=experiment, run_name=name, tags=dict(tags)) as run:
            yield run

    @contextmanager
    def resumed(self, run_id: str) -> Iterator["ActiveRun"]:
        """Open a run again to add to it; it ends with the block, as failed when the block raises.

        Raises
        ------
        mlflow.exceptions.MlflowException
            When there is no such run here.
        """
        import mlflow

        self._connect()
        with mlflow.start_run(run_id=run_id) as run:
            yield run

    def link(self, experiment_id: str, run_id: str) -> dict[str, dg.MetadataValue]:
        """Metadata that leads to a run: its id, and its page where there is a server."""
        shown: dict[str, dg.MetadataValue] = {"MLflow run": dg.MetadataValue.text(run_id)}
        parts = urlsplit(self.uri)
        if parts.scheme in ("http", "https"):
            # Without the user and password that the address may hold.
            server = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
            page = f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"
            shown["MLflow page"] = dg.MetadataValue.url(page)
        return shown

    def latest(self, tags: Mapping[str, str]) -> str | None:
        """Id of the run with these tags that began last; None: there is none."""
        client = self.client()
        experiment = client.get_experiment_by_name(self.experiment)
        if experiment is None:
            return None
        wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in sorted(tags.items()))
        found = client.search_runs(
            [experiment.experiment_id], wanted, max_results=1, order_by=["start_time DESC"]
        )
        return str(found[0].info.run_id) if found else None

    def client(self) -> "MlflowClient":
        """Client of these runs and this registry, whatever MLflow's own settings are."""
        from mlflow import MlflowClient

        self._quieten()
        _make_tables(self.home, self.tracking_uri)
        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    def _connect(self) -> None:
        import mlflow

        self._quieten()
        _make_tables(self.home, self.tracking_uri)
        mlflow.set_tracking_uri(self.tracking_uri)
        mlflow.set_registry_uri(self.tracking_uri)

    def _quieten(self) -> None:
        for chatty in ("mlflow.store.db.utils", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)

    def _create(self) -> str:
        import mlflow

        # A server knows its own place for artefacts; the file has none but the working folder.
        place = None if self.uri else (Path(self.home).resolve() / "mlflow-artifacts").as_uri()
        return mlflow.create_experiment(self.experiment, artifact_location=place)


@cache
def _make_tables(home: str, uri: str) -> None:
    """Have MLflow make its tables where there are none, aside, and move the file in whole.

    Two processes that make them at once trip over each other, and tables that a kill or a full disk
    left half made are never mended by MLflow.
    """
    database = Path(home).resolve() / DATABASE
    if uri != f"sqlite:///{database}":
        return  # a server has made its own
    with locked(Path(home) / LOCK):
        if not database.exists():
            with whole(database) as scratch:
                _open_store(f"sqlite:///{scratch}")
        _open_store(uri)  # an upgrade may change the tables


def _open_store(uri: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_experiments(max_results=1)
    client.search_registered_models(max_results=1)
