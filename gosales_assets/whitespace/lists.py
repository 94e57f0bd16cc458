"""The whitespace list of one cutoff: candidates in, states, signals, ranks and reasons out."""

from datetime import date

import polars as pl

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.eligibility import SideTables, with_state
from gosales_assets.whitespace.ranking import with_ranks, with_selection
from gosales_assets.whitespace.reasons import with_reasons
from gosales_assets.whitespace.signals import (
    SIGNALS,
    coverage,
    effective_weights,
    with_blend,
    with_signals,
)

RANKED_ONLY = {
    **{column: pl.Float64 for column, _, _ in SIGNALS.values()},
    "score": pl.Float64,
    "rank": pl.Int64,
    "division_rank": pl.Int64,
    "nba_reason": pl.String,
}
FROM_DIVISION_FEATURES = [
    "division",
    "customer_id",
    "recency__div__days__ever",
    "similarity__div__als__24m",
]
FROM_CUSTOMER_FEATURES = ["customer_id", "recency__all__days__ever"]
FROM_SCORES = [
    "cutoff",
    "division",
    "customer_id",
    "customer_name",
    "segment",
    "cohort",
    "icp_score",
    "icp_grade",
    "expected_gp",
    "window_months",
]


def candidates(
    scores: pl.DataFrame,
    division_features: pl.DataFrame,
    customer_features: pl.DataFrame,
    evidence: pl.DataFrame,
    customers: pl.DataFrame,
) -> pl.DataFrame:
    """Gather what the list needs about each scored division and customer of a cutoff.

    Returns
    -------
    pl.DataFrame
        One row per row of ``scores``, sorted by division and customer, with ``recency_days``,
        ``days_since_division`` (features), ``als_similarity`` (null: ALS is off; 0: no history),
        ``lift`` and ``lift_from`` (affinity evidence between divisions; null: no rule
        above 1), ``rep`` and ``territory`` (as of today).
    """
    by_division = division_features.select(
        "division",
        "customer_id",
        days_since_division="recency__div__days__ever",
        als_similarity="similarity__div__als__24m",
    )
    by_customer = customer_features.select(
        "customer_id",
        recency_days=pl.col("recency__all__days__ever").cast(pl.Int64),
    )
    # A product's lift is eased, a division's is not: only the latter are compared with each other.
    between_divisions = evidence.filter(pl.col("kind") == "division")
    rules = between_divisions.select("division", "customer_id", "lift", lift_from="antecedent")
    keys = ["division", "customer_id"]
    return (
        scores.select(FROM_SCORES)
        .join(by_division, on=keys, how="left", validate="1:1")
        .join(rules, on=keys, how="left", validate="1:1")
        .join(by_customer, on="customer_id", how="left", validate="m:1")
        .join(
            customers.select("customer_id", "rep", "territory"),
            on="customer_id",
            how="left",
            validate="m:1",
        )
        .sort(keys)
    )


def whitespace(
    found: pl.DataFrame, side: SideTables, cutoff: date, settings: Whitespace, currency: str
) -> pl.DataFrame:
    """Make one cutoff's list from its `candidates`.

    Percentiles, weights, ranks and "usual" are taken over the potential rows alone, so that
    whoever may not be offered a division has no say in the order of those who may.

    Returns
    -------
    pl.DataFrame
        The candidates with ``state`` and ``state_reason`` and, for potential rows, signals,
        ``score``, ``rank``, ``division_rank``, ``nba_reason`` and ``selected`` (null and False
        for the others), sorted by division and customer.
    """
    stated = with_state(found, side, cutoff, settings)
    potential = with_signals(stated.filter(pl.col("state") == "potential"))
    weights = effective_weights(coverage(potential), settings)
    ranked = with_ranks(with_blend(potential, weights))
    selected = with_selection(ranked, settings.top_percent)
    explained = with_reasons(selected, currency)
    others = stated.filter(pl.col("state") != "potential").with_columns(
        *(pl.lit(None, kind).alias(name) for name, kind in RANKED_ONLY.items()),
        selected=pl.lit(False),
    )
    return pl.concat([explained.select(others.columns), others]).sort("division", "customer_id")
