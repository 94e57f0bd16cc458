"""How each candidate did on the selection slice, per division and cohort, beside naive."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.contract import COHORTS, MODEL_METRICS
from gosales_assets.models.division_models import CANDIDATES
from gosales_assets.models.metrics import auc, brier, lift, log_loss, sigmoid
from gosales_assets.models.naive import naive_score
from gosales_assets.models.pooled import SELECTED

Floats = NDArray[np.float64]


def model_metrics(judgements: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Measure every candidate, and naive, on judged rows.

    Parameters
    ----------
    judgements
        Selection rows with features, ``label`` and the candidates' log odds; null: the division
        has no such model.
    cutoff
        Cutoff that the model is for.

    Returns
    -------
    pl.DataFrame
        Rows of ``models.model_metrics``; a cohort without rows has none.
    """
    found = []
    for (division,), rows in sorted(judgements.group_by("division"), key=lambda pair: pair[0]):
        judged_on = rows["cutoff"].max()
        for cohort in COHORTS:
            own = rows if cohort == "all" else rows.filter(pl.col("cohort") == cohort)
            if own.height:
                found += [
                    {"division": division, "cohort": cohort, "slice": judged_on, **figure}
                    for figure in _figures(own, cohort)
                ]
    if not found:
        return MODEL_METRICS.empty()
    return MODEL_METRICS.typed(
        pl.DataFrame(found, infer_schema_length=None).with_columns(cutoff=pl.lit(cutoff))
    )


def mean_metrics(metrics: pl.DataFrame) -> pl.DataFrame:
    """Mean over divisions per candidate, cohort and metric; divisions without a value left out."""
    return (
        metrics.drop_nulls("value")
        .group_by("candidate", "cohort", "metric")
        .agg(value=pl.col("value").sort().mean(), divisions=pl.len())
        .sort("candidate", "cohort", "metric")
    )


def _figures(rows: pl.DataFrame, cohort: str) -> Iterator[dict[str, object]]:
    labels = rows["label"].to_numpy().astype(np.float64)
    about = {"rows": rows.height, "positives": int(labels.sum())}
    for candidate in (*SELECTED, *CANDIDATES):
        if rows[candidate].has_nulls():  # the division has no such model
            continue
        logits = rows[candidate].to_numpy()
        probabilities = sigmoid(logits)
        values = {
            "auc": auc(logits, labels),
            "lift_10": lift(logits, labels),
            "brier": brier(probabilities, labels),
            "log_loss": log_loss(probabilities, labels),
        }
        for metric, value in values.items():
            yield {"candidate": candidate, "metric": metric, "value": value, **about}
    naive = naive_score(rows, cohort).to_numpy()
    ranked = {
        "auc": auc(naive, labels),
        "lift_10": lift(naive, labels),
        "brier": None,
        "log_loss": None,
    }
    for metric, value in ranked.items():
        yield {"candidate": "naive", "metric": metric, "value": value, **about}
