"""Four signals between 0 and 1 per candidate, and their blend by coverage-aware weights."""

from collections.abc import Mapping

import polars as pl

from gosales_assets.settings import Whitespace

# Signal -> (its column, the column it is the percentile of, when that column says something).
# A customer without history has no place among ALS's factors: a similarity of exactly 0.
SIGNALS: dict[str, tuple[str, str, pl.Expr]] = {
    "icp": ("p_icp_pct", "icp_score", pl.col("icp_score").is_not_null()),
    "affinity": ("lift_norm", "lift", pl.col("lift").fill_null(0) > 1),
    "als": ("als_norm", "als_similarity", pl.col("als_similarity").fill_null(0) != 0),
    "value": ("ev_norm", "expected_gp", pl.col("expected_gp").is_not_null()),
}


def percentile(column: str, present: pl.Expr) -> pl.Expr:
    """Percentile within the division: (mean rank - 1/2) / rows; 0 where the signal is silent.

    Ties share their mean rank and a constant column gives 1/2 throughout. Silent rows count as
    the lowest, so that a weak signal still stands above none; only they give 0.
    """
    floor = pl.when(present).then(pl.col(column))
    silent = present.not_().sum().over("division")
    ranked = floor.rank("average").over("division") + silent
    return pl.when(present).then((ranked - 0.5) / pl.len().over("division")).otherwise(0.0)


def with_signals(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the four signals to candidates (one row per division and customer)."""
    return rows.with_columns(
        percentile(source, present).alias(name) for name, source, present in SIGNALS.values()
    )


def coverage(rows: pl.DataFrame) -> pl.DataFrame:
    """Share of each division's rows for which a signal says something (is above 0).

    Returns
    -------
    pl.DataFrame
        One row per division: ``division``, then ``coverage_<signal>``.
    """
    return (
        rows.group_by("division")
        .agg(
            (pl.col(column) > 0).mean().alias(f"coverage_{name}")
            for name, (column, _, _) in SIGNALS.items()
        )
        .sort("division")
    )


def effective_weights(coverages: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Weights per division: scaled by min(1, coverage / floor), then renormalised to sum to 1.

    Where nothing that has a weight says anything, the probability decides alone.

    Returns
    -------
    pl.DataFrame
        ``coverages`` with ``weight_<signal>`` beside.
    """
    given: Mapping[str, float] = {str(name): weight for name, weight in settings.weights.items()}
    weights = {name: given.get(name, 0.0) for name in SIGNALS}
    floor = settings.coverage_floor
    scaled = {
        name: weight * (pl.col(f"coverage_{name}") / floor).clip(0, 1) if floor else pl.lit(weight)
        for name, weight in weights.items()
    }
    total = pl.sum_horizontal(*scaled.values())
    return coverages.with_columns(
        pl.when(total > 0)
        .then(part / total)
        .otherwise(1.0 if name == "icp" else 0.0)
        .alias(f"weight_{name}")
        for name, part in scaled.items()
    )


def with_blend(rows: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Add ``score``: the weighted mean of the signals, by the division's weights.

    Rounded to 12 digits, so that equal signals tie whatever order their sum was taken in.
    """
    names = [f"weight_{name}" for name in SIGNALS]
    parts = [pl.col(f"weight_{name}") * pl.col(column) for name, (column, _, _) in SIGNALS.items()]
    joined = rows.join(
        weights.select("division", *names), on="division", how="left", maintain_order="left"
    )
    blend = pl.sum_horizontal(*parts).round(12).clip(0, 1)
    return joined.with_columns(score=blend).drop(names)
