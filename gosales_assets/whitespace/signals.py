"""Four signals between 0 and 1 per candidate, and their blend by coverage-aware weights.

Two ways to blend them. ``division``: the weighted mean of percentiles within the division, so that
the best of each division stand side by side, however likely they are to buy. ``pooled``: the
weighted geometric mean of calibrated chance and expected value, which mean the same in all
divisions; affinity and similarity, which do not, raise or lower a row against its own division.
"""

from collections.abc import Mapping

import polars as pl

from gosales_assets.settings import Whitespace

# Signal -> (its column, the column it is the percentile of, when that column says something).
# A customer without history has no place among ALS's factors: a similarity of exactly 0. A
# product's lift is eased, a division's is not: only the latter are compared with each other.
SIGNALS: dict[str, tuple[str, str, pl.Expr]] = {
    "icp": ("p_icp_pct", "icp_score", pl.col("icp_score").is_not_null()),
    "affinity": (
        "lift_norm",
        "lift",
        (pl.col("lift").fill_null(0) > 1) & (pl.col("lift_kind") == "division").fill_null(False),
    ),
    "als": ("als_norm", "als_similarity", pl.col("als_similarity").fill_null(0) != 0),
    "value": ("ev_norm", "expected_gp", pl.col("expected_gp").is_not_null()),
}
# Signals that mean the same in all divisions.
COMPARABLE = ("icp", "value")
LEAST_CHANCE, LEAST_VALUE = 1e-9, 1e-6
STEPS = 10**9


def percentile(column: str, present: pl.Expr, within: str | None = "division") -> pl.Expr:
    """Percentile within the division, or of all rows: (mean rank - 1/2) / rows; 0 where silent.

    Ties share their mean rank and a constant column gives 1/2 throughout. Silent rows count as
    the lowest, so that a weak signal still stands above none; only they give 0.
    """
    floor = pl.when(present).then(pl.col(column))
    ranked = floor.rank("average")
    silent, rows = present.not_().sum(), pl.len()
    if within is None:
        return pl.when(present).then((ranked + silent - 0.5) / rows).otherwise(0.0)
    place = ranked.over(within) + silent.over(within)
    return pl.when(present).then((place - 0.5) / rows.over(within)).otherwise(0.0)


def with_signals(rows: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Add the four signals to candidates (one row per division and customer).

    Where the list is pooled, chance and value are percentiles of the whole list.
    """
    pooled = settings.normalisation == "pooled"
    return rows.with_columns(
        percentile(source, present, None if pooled and name in COMPARABLE else "division").alias(
            column
        )
        for name, (column, source, present) in SIGNALS.items()
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
    """Weights per division: scaled by min(1, coverage / floor).

    Within divisions they are renormalised to sum to 1; where nothing that has a weight says
    anything, the probability decides alone. In a pooled list the weights of chance and value must
    be the same for all divisions, so that those of the other two just get smaller.

    Returns
    -------
    pl.DataFrame
        ``coverages`` with ``weight_<signal>`` beside.
    """
    given: Mapping[str, float] = {str(name): weight for name, weight in settings.weights.items()}
    weights = {name: given.get(name, 0.0) for name in SIGNALS}
    pooled, floor = settings.normalisation == "pooled", settings.coverage_floor
    scaled = {
        name: pl.lit(weight)
        if not floor or (pooled and name in COMPARABLE)
        else weight * (pl.col(f"coverage_{name}") / floor).clip(0, 1)
        for name, weight in weights.items()
    }
    total = pl.lit(sum(weights.values())) if pooled else pl.sum_horizontal(*scaled.values())
    return coverages.with_columns(
        pl.when(total > 0)
        .then(part / total)
        .otherwise(1.0 if name == "icp" else 0.0)
        .alias(f"weight_{name}")
        for name, part in scaled.items()
    )


def with_blend(rows: pl.DataFrame, weights: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Add ``score``, from 0 to 1, by the division's weights.

    Rounded to 12 digits, so that equal signals tie whatever order their sum was taken in.
    """
    names = [f"weight_{name}" for name in SIGNALS]
    joined = rows.join(
        weights.select("division", *names), on="division", how="left", maintain_order="left"
    )
    total = pl.sum_horizontal(*terms(settings).values())
    blend = total.exp() if settings.normalisation == "pooled" else total
    return joined.with_columns(score=blend.round(12).clip(0, 1)).drop(names)


def terms(settings: Whitespace) -> dict[str, pl.Expr]:
    """What each signal adds to the score or, where the list is pooled, to its logarithm.

    Within divisions weight x percentile. Pooled, the score is p^w1 (value / highest)^w2
    exp(w3 (affinity - mean) + w4 (similarity - mean)), the means those of the division, and all of
    it divided by as much as it can be, so that it stays below 1. Needs ``weight_<signal>``.
    """
    weight = {name: pl.col(f"weight_{name}") for name in SIGNALS}
    if settings.normalisation == "division":
        return {name: weight[name] * pl.col(column) for name, (column, _, _) in SIGNALS.items()}
    highest = pl.col("expected_gp").max()
    value = pl.when(highest > 0).then(pl.col("expected_gp") / highest).otherwise(1.0)
    total = sum(settings.weights.values())
    most = {str(name): given / total for name, given in settings.weights.items()}
    return {
        "icp": weight["icp"] * pl.col("icp_score").clip(LEAST_CHANCE).log(),
        "value": weight["value"] * value.fill_null(0.0).clip(LEAST_VALUE).log(),
        **{
            name: weight[name] * _above_mean(SIGNALS[name][0]) - most.get(name, 0.0)
            for name in ("affinity", "als")
        },
    }


def _above_mean(column: str) -> pl.Expr:
    return pl.col(column) - division_mean(column)


def division_mean(column: str) -> pl.Expr:
    """Mean of a column over its division, exactly the same whatever order it is summed in."""
    steps = (pl.col(column) * STEPS).round(0).cast(pl.Int64)
    return steps.sum().over("division") / pl.len().over("division") / STEPS
