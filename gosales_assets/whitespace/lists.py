"""The whitespace list of one cutoff: candidates in, states, signals, ranks and reasons out."""

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.capacity import with_selection
from gosales_assets.whitespace.contract import POTENTIAL
from gosales_assets.whitespace.eligibility import SideTables, with_state
from gosales_assets.whitespace.ranking import damped, with_ranks
from gosales_assets.whitespace.reasons import reasons
from gosales_assets.whitespace.signals import (
    SIGNALS,
    coverage,
    division_mean,
    effective_weights,
    with_blend,
    with_signals,
)

KEYS = ["division", "customer_id"]
RANKED_ONLY = {
    **{column: pl.Float64 for column, _, _ in SIGNALS.values()},
    "score": pl.Float64,
    "rank": pl.Int64,
    "division_rank": pl.Int64,
    "rep_rank": pl.Int64,
    "nba_reason": pl.String,
    "wording": pl.String,
}
NEVER = {"surfaced": False, "selected": False}
FOR_SIGNALS = ["division", "icp_score", "expected_gp", "als_similarity", "lift", "lift_kind"]
FOR_REASONS = ["division", "icp_score", "expected_gp", "lift", "lift_from", "lift_kind", "trend"]
FOR_REASONS += ["recency_days", "window_months"]
FOR_REASONS_RANKED = ["division_rank", "als_norm", "usual", "top_share"]
EXPLAINED_AT_A_TIME = 500_000
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
    "trend",
    "window_months",
]
FROM_CUSTOMERS = ["customer_id", "rep", "region", "territory", "parent_account"]


@dataclass(frozen=True)
class View:
    """How a list is looked at.

    Parameters
    ----------
    on
        Day on which it is looked at, see `actions.as_of`.
    currency
        ISO code of its money.
    surfaced
        ``division, customer_id`` handed out lately without an answer, see `surfaced`.
    """

    on: date
    currency: str
    surfaced: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema=dict.fromkeys(KEYS, pl.String))
    )


def candidates(
    scores: pl.DataFrame,
    division_features: pl.DataFrame,
    customer_features: pl.DataFrame,
    evidence: pl.DataFrame,
    customers: pl.DataFrame,
    products: pl.DataFrame,
) -> pl.DataFrame:
    """Gather what the list needs about each scored division and customer of a cutoff.

    Returns
    -------
    pl.DataFrame
        One row per row of ``scores``, sorted by division and customer, with ``recency_days``,
        ``days_since_division`` (features), ``als_similarity`` (null: ALS is off; 0: no history),
        ``lift``, ``lift_from`` and ``lift_kind`` (affinity evidence, a product by its name; null:
        no rule above 1), ``account, rep, region, territory`` (as of today).
    """
    by_division = division_features.select(
        *KEYS,
        days_since_division="recency__div__days__ever",
        als_similarity="similarity__div__als__24m",
    )
    by_customer = customer_features.select(
        "customer_id",
        recency_days=pl.col("recency__all__days__ever").cast(pl.Int64),
    )
    names = products.select(antecedent="sku", product_name="product_name").drop_nulls()
    rules = evidence.join(names, on="antecedent", how="left", validate="m:1").select(
        *KEYS,
        "lift",
        lift_from=pl.when(pl.col("kind") == "product")
        .then(pl.coalesce("product_name", "antecedent"))
        .otherwise("antecedent"),
        lift_kind="kind",
    )
    about = customers.select(
        "customer_id",
        *("rep", "region", "territory"),
        account=pl.coalesce("parent_account", "customer_id"),
    )
    return (
        scores.select(FROM_SCORES)
        .join(by_division, on=KEYS, how="left", validate="1:1")
        .join(rules, on=KEYS, how="left", validate="1:1")
        .join(by_customer, on="customer_id", how="left", validate="m:1")
        .join(about, on="customer_id", how="left", validate="m:1")
        .with_columns(pl.coalesce("account", "customer_id").alias("account"))
        .sort(KEYS)
    )


def whitespace(
    found: pl.DataFrame, side: SideTables, view: View, settings: Whitespace
) -> pl.DataFrame:
    """Make one cutoff's list from its `candidates`.

    Percentiles, weights, ranks and "usual" are taken over the potential rows alone, so that
    whoever may not be offered a division has no say in the order of those who may.

    Returns
    -------
    pl.DataFrame
        The candidates with ``state`` and ``state_reason`` and, for potential rows, signals,
        ``score``, ``rank``, ``division_rank``, ``nba_reason``, ``wording``, ``surfaced``,
        ``selected`` and ``rep_rank`` (null and False for the others), sorted by division and
        customer.
    """
    rows = with_state(_in_order(found), side, view.on, settings)
    potential = rows["state"] == POTENTIAL
    ranked = _ranked(rows, potential, view, settings)
    # Where each row stands among the ranked ones; null: it is none of them.
    place = pl.select(pl.when(potential).then(potential.cum_sum() - 1)).to_series()
    for name in [*RANKED_ONLY, *NEVER]:
        column = ranked.drop_in_place(name).gather(place)
        rows = rows.with_columns(column.fill_null(NEVER[name]) if name in NEVER else column)
    return rows


def _ranked(
    rows: pl.DataFrame, potential: pl.Series, view: View, settings: Whitespace
) -> pl.DataFrame:
    """Columns of the ranked rows, in their order; only what each step needs is gathered for it."""
    scored = with_signals(rows.select(FOR_SIGNALS).filter(potential), settings)
    weights = effective_weights(coverage(scored), settings)
    scored = with_blend(scored, weights, settings).drop("als_similarity", "lift", "lift_kind")
    keys = rows.select("customer_id", "recency_days").filter(potential)
    ranked = with_ranks(damped(scored.hstack(keys), view.surfaced, settings.surfaced_factor))
    ranked = ranked.with_columns(**_against_others()).drop(*keys.columns, "icp_score")
    del scored, keys
    people = rows.select("customer_id", "rep", "segment").filter(potential)
    chosen = with_selection(people.hstack(ranked.select("rank", "division")), settings)
    ranked = ranked.with_columns(chosen["rep_rank"], chosen["selected"])
    del people, chosen
    # Some at a time: a sentence takes many times the memory of what it is made of.
    told = []
    at = potential.arg_true()
    for start in range(0, max(ranked.height, 1), EXPLAINED_AT_A_TIME):
        part = ranked.select(FOR_REASONS_RANKED).slice(start, EXPLAINED_AT_A_TIME)
        facts = rows.select(FOR_REASONS)[at.slice(start, EXPLAINED_AT_A_TIME)]
        told.append(reasons(facts.hstack(part), view.currency))
    return ranked.hstack(pl.concat(told)).drop("division", "expected_gp", "usual", "top_share")


def _in_order(found: pl.DataFrame) -> pl.DataFrame:
    """The candidates by division and customer; they mostly are, and to look is cheaper."""
    division, customer = (found[name] for name in KEYS)
    ordered = (division > division.shift(1)) | (
        (division == division.shift(1)) & (customer >= customer.shift(1))
    )
    return found if ordered.fill_null(True).all() else found.sort(KEYS)


def _against_others() -> dict[str, pl.Expr]:
    """What a reason compares a row with: the usual chance, and how many are likelier."""
    p, rows = pl.col("icp_score"), pl.len().over("division")
    likelier = rows - p.rank("max").over("division")
    return {"usual": division_mean("icp_score"), "top_share": likelier / rows}
