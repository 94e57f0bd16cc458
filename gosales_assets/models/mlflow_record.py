"""What MLflow is told of a model: parameters, metrics, card, pictures, and the fitted models."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from gosales_assets.models.pooled import PooledModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Named, since MLflow otherwise starts a process to infer them, half a minute each.
REQUIREMENTS = ["scikit-learn", "lightgbm", "numpy", "scipy"]
TRUSTED = ["numpy.dtype"]  # what skops meets in a one-hot encoder and does not know
PARAMETERS = [
    "status",
    "cutoff",
    "windows",
    "training_cutoffs",
    "selection_cutoffs",
    "split",
    "boosters",
    "blend_weight",
    "model_version",
]


def log_card(card: Mapping[str, Any], markdown: str) -> None:
    """Log parameters, mean metrics and the card to the active MLflow run."""
    import mlflow

    mlflow.log_params({name: card[name] for name in PARAMETERS if name in card})
    mlflow.log_metrics(
        {
            f"{row['candidate']}.{row['cohort']}.{row['metric']}": row["value"]
            for row in card.get("metrics", [])
        }
    )
    mlflow.log_dict(dict(card), "card.json")
    mlflow.log_text(markdown, "card.md")


def log_models(model: PooledModel, judgements: pl.DataFrame, figure: "Figure") -> None:
    """Log the pipeline, the boosters, the picture and the judged rows to the active MLflow run."""
    import mlflow
    import mlflow.lightgbm
    import mlflow.sklearn

    mlflow.log_figure(figure, "gains_and_reliability.png")
    mlflow.log_metric("judged_rows", judgements.height)
    mlflow.sklearn.log_model(
        model.logistic,
        name="logistic",
        pip_requirements=REQUIREMENTS,
        skops_trusted_types=TRUSTED,
    )
    for number, booster in enumerate(model.boosters):
        mlflow.lightgbm.log_model(booster, name=f"booster_{number}", pip_requirements=REQUIREMENTS)
