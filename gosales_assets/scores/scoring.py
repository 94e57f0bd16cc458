"""Score the candidates of one cutoff with its model, all divisions in one pass."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.models.calibrated import CalibratedModel
from gosales_assets.models.inputs import Numbers
from gosales_assets.models.pieces import by_pieces
from gosales_assets.models.pooled import PooledModel
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.scores.expected_value import purchase_values, value_given_purchase
from gosales_assets.scores.grading import segment
from gosales_assets.scores.ranking import graded, with_trend
from gosales_assets.scores.reasons import REASONS, in_words, strongest

GROUPINGS = (["industry", "size"], ["segment"])
CENTS = 2
ROWS_AT_A_TIME = 100_000


def score(
    model: PooledModel,
    matrix: pl.DataFrame,
    ranked: pl.DataFrame,
    *,
    buyers: pl.DataFrame,
    customers: pl.DataFrame,
    earlier: pl.DataFrame | None,
    about: Mapping[str, Any],
) -> pl.DataFrame:
    """Put together the rows of ``scores.icp_scores`` of one cutoff.

    Parameters
    ----------
    model
        The cutoff's model: its day and its windows.
    matrix
        Feature rows of all candidates, sorted by division and customer.
    ranked
        The same rows with score, percentile, grade, calibration method and reasons: see ``rank``.
    buyers
        Buying rows of the cutoffs whose windows closed by this one: ``division, customer_id,
        net_gp_window``.
    customers
        ``customer_id, customer_name, segment, size, industry``; attributes null where they may
        not be used for the past.
    earlier
        ``division, customer_id, icp_percentile`` of the previous cutoff; None: it has no scores.
    about
        ``run_id, model_version``, the same for all rows.
    """
    groups = value_groups(customers)
    worth = value_given_purchase(matrix, purchase_values(buyers, groups), groups)
    names = customers.select("customer_id", "customer_name")
    scored = with_trend(ranked, earlier)
    return ICP_SCORES.typed(
        scored.hstack(matrix.select("cohort", segment=segment()))
        .with_columns(worth)
        .join(names, on="customer_id", how="left", maintain_order="left")
        .with_columns(
            expected_gp=(pl.col("icp_score") * pl.col("value_given_purchase")).round(CENTS),
            cutoff=pl.lit(model.cutoff),
            window_months=pl.col("division").replace_strict(
                dict(model.windows), return_dtype=pl.Int64
            ),
            **{name: pl.lit(value) for name, value in about.items()},
        )
        .drop("value_given_purchase")
    )


def rank(
    model: CalibratedModel,
    matrix: pl.DataFrame,
    *,
    cutoff: date,
    windows: Mapping[str, int],
    explain: bool,
    threads: int,
) -> pl.DataFrame:
    """Calibrated chance, percentile and grade of each candidate, and the reasons.

    Some divisions at a time: ranks are taken within one, and numbers are wide.

    Parameters
    ----------
    matrix
        Feature rows of all candidates, sorted by division and customer.
    windows
        Division -> months that are to be predicted.
    explain
        Whether to add ``reason_1, reason_2, reason_3``.

    Raises
    ------
    ModelMismatch
        When the model is for another cutoff, window, division or feature list, or a division has
        no calibration.
    """
    model.pooled.check(matrix, cutoff, windows)
    return graded(pl.concat(_judged(model, _parts(matrix), explain, threads)))


def _parts(matrix: pl.DataFrame) -> list[pl.DataFrame]:
    """Whole divisions, as many at a time as make up ``ROWS_AT_A_TIME``."""
    sizes = matrix.group_by("division", maintain_order=True).agg(rows=pl.len())
    batch = ((pl.col("rows").cum_sum() - 1) // ROWS_AT_A_TIME).alias("batch")
    batches = sizes.group_by(batch, maintain_order=True).agg(pl.col("rows").sum())
    ends = [0, *batches["rows"].cum_sum()]
    return [matrix.slice(a, b - a) for a, b in itertools.pairwise(ends)] or [matrix]


def _judged(
    model: CalibratedModel, parts: Sequence[pl.DataFrame], explain: bool, threads: int
) -> Iterator[pl.DataFrame]:
    """Chances, and reasons where asked for, of the candidates of whole divisions, part by part."""
    alike = None
    for matrix in parts:
        numbers = model.pooled.inputs.numbers(matrix, threads, alike)
        scored = model.calibrated(matrix, model.logits(numbers, threads))
        reasons = _reasons(model.pooled, matrix, numbers, threads) if explain else pl.DataFrame()
        yield scored.hstack(reasons)
        of_last_division = matrix.filter(pl.col("division") == pl.col("division").last()).height
        alike = numbers[matrix.height - of_last_division :]


def _reasons(
    model: PooledModel, matrix: pl.DataFrame, numbers: Numbers, threads: int
) -> pl.DataFrame:
    """Reasons of all rows; contributions some rows at a time, as they are as wide as the matrix."""
    features = model.inputs.usable
    tellers = np.empty((REASONS, matrix.height), dtype=np.intp)
    totals = np.empty(tellers.shape)

    def look(some: slice) -> None:
        contributions = model.contributions(numbers[some], 1)
        tellers[:, some], totals[:, some] = strongest(contributions, features)

    by_pieces(look, matrix.height, threads)
    return in_words(matrix, tellers, totals, features, threads)


def value_groups(customers: pl.DataFrame) -> pl.DataFrame | None:
    """Group customers by industry and size, else by segment: by what tells them apart; None: none.

    Returns
    -------
    pl.DataFrame | None
        ``customer_id, group``; null where an attribute is unknown.
    """
    for names in GROUPINGS:
        telling = [name for name in names if customers[name].drop_nulls().n_unique() > 1]
        if telling:
            group = pl.concat_str([pl.col(n).cast(pl.String) for n in telling], separator=", ")
            return customers.select("customer_id", group=group)
    return None
