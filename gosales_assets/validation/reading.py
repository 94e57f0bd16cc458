"""What validation reads of a division and cutoff: scores beside outcomes, naive, champion."""

from collections.abc import Sequence

import polars as pl

from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.models.naive import ORDERS, ORDERS_OF_DIVISION, OWNED
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.validation.backtest import outcomes
from gosales_assets.warehouse import Warehouse

NAIVE_COLUMNS = ["customer_id", OWNED, ORDERS_OF_DIVISION, ORDERS]


def known_outcomes(warehouse: Warehouse, cutoff: str, division: str) -> pl.DataFrame:
    """Scores with their outcomes; no rows where the window is open or nothing was scored."""
    keys = {"cutoff": cutoff, "division": division}
    scores = warehouse.read(ICP_SCORES, columns=["customer_id", "cohort", "icp_score"], **keys)
    labels = warehouse.read(LABELS, columns=["customer_id", "label", "net_gp_window"], **keys)
    if scores.is_empty() or labels.is_empty():
        scores, labels = scores.clear(), labels.clear()
    return outcomes(scores, labels)


def matrix_of(
    warehouse: Warehouse,
    known: pl.DataFrame,
    cutoff: str,
    division: str,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Rows of the feature matrix, aligned with ``known``; all columns, or some."""
    matrix = warehouse.read(FEATURE_MATRIX, columns=columns, cutoff=cutoff, division=division)
    return known.select("customer_id").join(
        matrix, on="customer_id", how="left", validate="1:1", maintain_order="left"
    )


def model_version_of(warehouse: Warehouse, cutoff: str, division: str) -> str | None:
    """Version of the model that scored; None where nothing was."""
    versions = warehouse.read(
        ICP_SCORES, columns=["model_version"], cutoff=cutoff, division=division
    )["model_version"].unique()
    return str(versions[0]) if versions.len() else None
