"""What MLflow is told of a model: parameters, metrics, cards, pictures, and the fitted models."""

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from gosales_assets.models import bundle
from gosales_assets.models.artefact import Trained
from gosales_assets.models.division_picture import division_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import RunInfo
    from mlflow.models.model import ModelInfo

PARAMETERS = [
    "status",
    "cutoff",
    "windows",
    "training_cutoffs",
    "selection_cutoffs",
    "split",
    "boosters",
    "blend_weight",
    "hyperparameters",
    "model_version",
]
FEATURES = "features.json"
DIVISION_PICTURE = "gains_and_reliability.svg"


@dataclass(frozen=True)
class DivisionCard:
    """A division's model card: as values that JSON can hold, and for people."""

    content: Mapping[str, Any]
    markdown: str


def log_card(card: Mapping[str, Any], markdown: str) -> None:
    """Log parameters, mean metrics and the card to the active MLflow run."""
    import mlflow

    mlflow.log_params({name: card[name] for name in PARAMETERS if name in card})
    mlflow.log_metrics({_metric(row): row["value"] for row in card.get("metrics", [])})
    mlflow.log_dict(dict(card), "card.json")
    mlflow.log_text(markdown, "card.md")


def log_pictures(figures: "Mapping[str, Figure]") -> None:
    """Log pictures, by name, to the active MLflow run."""
    import mlflow

    for name, figure in figures.items():
        mlflow.log_figure(figure, f"{name}.png")


def log_bundle(folder: Path, features: Sequence[str], tags: Mapping[str, str]) -> "ModelInfo":
    """Log a bundle (see ``models.bundle``) and its feature list to the active MLflow run."""
    import mlflow

    checksum = tags["features_checksum"]
    mlflow.log_dict({"sha256": checksum, "features": list(features)}, FEATURES)
    mlflow.set_tag("features_checksum", checksum)
    with warnings.catch_warnings():
        # The signature is known: an example of the rows would say nothing more, and costs seconds.
        warnings.filterwarnings("ignore", message=".*input example was not provided")
        return mlflow.pyfunc.log_model(
            name=bundle.NAME,
            loader_module=bundle.__name__,
            data_path=str(folder),
            signature=bundle.signature(features),
            pip_requirements=bundle.requirements(),
            metadata=dict(tags),
        )


def log_division(
    client: "MlflowClient",
    parent: "RunInfo",
    trained: Trained,
    curves: pl.DataFrame,
    card: DivisionCard,
    tags: Mapping[str, str],
) -> str:
    """Log what there is to know of one division to a run inside the cutoff's run.

    Parameters
    ----------
    curves
        Rows of ``models.calibration`` of the division.
    tags
        Of the version that is to be registered, ``division`` among them.

    Returns
    -------
    str
        The run's id.
    """
    from mlflow.entities import Metric, Param

    division = tags["division"]
    run = client.create_run(
        parent.experiment_id,
        run_name=f"{division} {tags['cutoff']}",
        tags={"mlflow.parentRunId": parent.run_id, **tags},
    )
    began = run.info.start_time
    try:
        client.log_batch(
            run.info.run_id,
            metrics=[
                Metric(name, value, began, 0) for name, value in _figures(trained, curves, division)
            ],
            params=[
                Param(name, str(value)) for name, value in _settings(trained, curves, division)
            ],
        )
        with tempfile.TemporaryDirectory(prefix="gosales-") as scratch:
            _write_division(Path(scratch), curves, card)
            judged = trained.judgements.filter(pl.col("division") == division)
            picture = division_picture(judged, f"{division}, {tags['cutoff']}")
            (Path(scratch) / DIVISION_PICTURE).write_text(picture, "utf-8")
            client.log_artifacts(run.info.run_id, scratch)
    except BaseException:
        client.set_terminated(run.info.run_id, "FAILED")
        raise
    client.set_terminated(run.info.run_id, "FINISHED")
    return str(run.info.run_id)


def _figures(trained: Trained, curves: pl.DataFrame, division: str) -> Iterator[tuple[str, float]]:
    """Metrics of each candidate and cohort out of time, and what the calibration stands on."""
    for row in trained.card.get("metrics_by_division", []):
        if row["division"] == division and row["value"] is not None:
            yield _metric(row), float(row["value"])
    for row in _by_cohort(curves):
        for name in ("slope", "intercept", "rows", "positives", "base_rate"):
            if row[name] is not None:
                yield f"calibration.{row['cohort']}.{name}", float(row[name])


def _settings(trained: Trained, curves: pl.DataFrame, division: str) -> Iterator[tuple[str, Any]]:
    card = trained.card
    yield "division", division
    yield "cutoff", card["cutoff"]
    yield "model_version", card["model_version"]
    yield "window_months", card["windows"][division]
    yield "features", len(card["features"])
    yield from card.get("slices", {}).get(division, {}).items()
    for row in _by_cohort(curves):
        yield f"calibration.{row['cohort']}", row["method"]


def _by_cohort(curves: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return curves.sort("cohort").iter_rows(named=True)


def _write_division(folder: Path, curves: pl.DataFrame, card: DivisionCard) -> None:
    text = json.dumps(dict(card.content), indent=2, sort_keys=True, ensure_ascii=False, default=str)
    (folder / "card.json").write_text(text + "\n", "utf-8")
    (folder / "card.md").write_text(card.markdown, "utf-8")
    curves.sort("cohort").write_csv(folder / "calibration.csv")


def _metric(row: Mapping[str, Any]) -> str:
    return f"{row['candidate']}.{row['cohort']}.{row['metric']}"
