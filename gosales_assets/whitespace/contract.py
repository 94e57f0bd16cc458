"""What the whitespace room hands on: the ranked list, its eligibility counts and its metrics."""

from typing import Any

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, table
from gosales_assets.whitespace.record_contract import FOLDER

POTENTIAL = "potential"
TRENDS = ["up", "steady", "down", "new"]
# Rule -> the state that it gives, in the order in which they are applied: the first that holds.
RULES = {
    "bought": "owned",
    "installed": "owned",
    "won": "owned",
    "contacted": "cooling",
    "not_now": "cooling",
    "lost": "cooling",
    "open_deal": "open_deal",
    "talking": "open_deal",
    "block_list": "blocked",
    "told_to_block": "blocked",
    "region": "out_of_region",
    "territory": "out_of_region",
    "back_in": POTENTIAL,
    "none": POTENTIAL,
}
STATES = list(dict.fromkeys(RULES.values()))
RANKINGS = ["blend", "icp", "naive", "popularity", "legacy", "challenger"]


def _unit(description: str) -> Any:
    return pa.Field(ge=0, le=1, nullable=True, description=description)


class WhitespaceRows(Contract):
    """Whom to call for what: every customer and division with its state, score and reason.

    Only rows in state "potential" are ranked. The other states stay in the table, so that a
    matrix of accounts and divisions can show them and the counts add up. Open deals and blocks
    are known as of today only and therefore shape the newest cutoff's list alone; contacts and
    actions carry their day, and a past list knows those up to its cutoff.
    """

    cutoff: pl.Date = pa.Field(description="Last day that was seen.")
    division: str = pa.Field(description="Division or SKU set to offer.")
    customer_id: str = pa.Field(description="Customer.")
    customer_name: str = pa.Field(description="Customer's name.")
    account: str = pa.Field(description="Parent account; the customer itself where it has none.")
    rep: str = pa.Field(nullable=True, description="Sales representative; null: unknown.")
    region: str = pa.Field(nullable=True, description="Region; null: unknown.")
    territory: str = pa.Field(nullable=True, description="Sales territory; null: unknown.")
    segment: str = pa.Field(
        isin=["warm", "cold", "prospect"],
        description="warm: bought in the last 12 months; cold: longer ago; prospect: never.",
    )
    state: str = pa.Field(isin=STATES, description="Why the row is ranked (potential) or not.")
    rule: str = pa.Field(
        isin=list(RULES),
        description="Rule of eligibility that gave the state; none: nothing speaks against it.",
    )
    state_reason: str = pa.Field(
        nullable=True, description="The fact behind the state; null for potential."
    )
    rank: pl.Int64 = pa.Field(
        ge=1, nullable=True, description="Place in the cutoff's list, 1 is best; null: not ranked."
    )
    division_rank: pl.Int64 = pa.Field(
        ge=1, nullable=True, description="Place within the division; null: not ranked."
    )
    score: float = _unit(
        "What the list is sorted by: the four signals blended, damped where surfaced; null: not "
        "ranked."
    )
    icp_score: float = pa.Field(ge=0, le=1, description="Probability of buying in the window.")
    icp_grade: str = pa.Field(isin=list("ABCDF"), description="Grade within the division.")
    trend: str = pa.Field(
        isin=TRENDS, description="Chance against the previous cutoff: up, down, steady or new."
    )
    p_icp_pct: float = _unit(
        "Signal: percentile of icp_score among the ranked rows, of the division or, where the list "
        "is pooled, of all."
    )
    lift_norm: float = _unit("Signal: percentile of the best affinity lift; 0: no rule above 1.")
    als_norm: float = _unit("Signal: percentile of the ALS similarity; 0: no history.")
    ev_norm: float = _unit(
        "Signal: percentile of the expected value, among the same rows; 0: unknown."
    )
    expected_gp: float = pa.Field(
        nullable=True, description="Probability times value given a purchase, base currency."
    )
    wallet_gp: float = pa.Field(
        nullable=True,
        description="What one in ten buyers like this customer exceeds in a window, base currency; "
        "0: nobody bought yet.",
    )
    lift: float = pa.Field(
        gt=1, nullable=True, description="Lift of the best affinity rule; null: none above 1."
    )
    lift_from: str = pa.Field(
        nullable=True,
        description="Division, two of them, or product whose buyers that rule is about; null: no "
        "rule.",
    )
    lift_kind: str = pa.Field(
        nullable=True,
        isin=["division", "product"],
        description="What lift_from is; a product's lift is only told, not ranked by.",
    )
    recency_days: pl.Int64 = pa.Field(
        ge=0, nullable=True, description="Days from the last order of anything to the cutoff."
    )
    window_months: int = pa.Field(ge=1, description="Months that icp_score looks ahead.")
    nba_reason: str = pa.Field(
        nullable=True,
        str_length={"min_value": 1, "max_value": 150},
        description="One sentence to say aloud; null: not ranked.",
    )
    wording: str = pa.Field(
        nullable=True, description="Form of that sentence, without its facts; null: not ranked."
    )
    surfaced: bool = pa.Field(
        description="Whether it was handed out lately without an answer, so that its score is "
        "damped."
    )
    selected: bool = pa.Field(description="Whether the row is on the list to work through.")
    rep_rank: pl.Int64 = pa.Field(
        ge=1, nullable=True, description="Place in the rep's own list; null: not selected."
    )
    run_id: str = pa.Field(description="Run that made the row.")


class EligibilityCounts(Contract):
    """How many candidates of each division are ranked, or left out, and by which rule.

    Owned: bought (by the log), installed (an asset is active, or expired too short a while ago),
    won (a rep said so). Cooling: contacted, not_now, lost. Open deal: open_deal (side table),
    talking (a rep said so). Blocked: block_list (side table), told_to_block (a rep said so). Out of
    region: region (of the division), territory (of the rep). Potential: back_in (owned it, but
    long ago, or all its assets expired), none (nothing speaks against it).
    """

    cutoff: pl.Date = pa.Field(description="Cutoff.")
    division: str = pa.Field(description="Division or SKU set.")
    state: str = pa.Field(isin=STATES, description="State that the rule gives.")
    rule: str = pa.Field(isin=list(RULES), description="Rule, see above.")
    place: int = pa.Field(ge=1, description="Place of the rule in the order they are applied in.")
    rows: int = pa.Field(ge=0, description="Candidates of whom it was the first to hold.")


class WhitespaceMetrics(Contract):
    """What a list is made of and, once its window closed, what it would have found.

    Of the list itself: rows (potential), selected, division_share (of the selection), coverage_*
    and weight_* (per signal), reasons_plain and reasons_commonest (share of the selected rows with
    a plain reason, and with the commonest wording), overlap_10 (with another ranking's best 10 %),
    overlap_previous (with the list before). Of its outcome, for the best 5, 10 and 20 % of the rows
    of each ranking: capture (share of the window's buyers), precision (share of buyers), and
    realised_value (what those bought for); capture_*_lead is the list's capture less the other
    ranking's. Rankings: blend (the list), icp (chance alone), naive (divisions owned), popularity
    (the division's share of owners), legacy (the old heuristic), challenger (learned).
    """

    cutoff: pl.Date = pa.Field(description="Cutoff.")
    division: str = pa.Field(nullable=True, description="Division; null: the whole list.")
    metric: str = pa.Field(description="Name of the figure.")
    ranking: str = pa.Field(isin=RANKINGS, description="Ranking that the figure is about.")
    value: float = pa.Field(nullable=True, description="The figure; null: nobody to find.")
    low: float = pa.Field(
        nullable=True, description="Lower end of its 95 % interval, over customers drawn again."
    )
    high: float = pa.Field(nullable=True, description="Upper end; null: it has no interval.")
    checksum: str = pa.Field(
        description="Checksum of the list that is measured, less its run id; equal lists have the "
        "same."
    )


WHITESPACE = table(
    WhitespaceRows,
    "whitespace.whitespace",
    grain="one row per cutoff, division and candidate customer",
    sort=("division", "customer_id"),
    partitions=("cutoff",),
    volatile=("run_id",),
    may_be_empty=True,
    record=FOLDER,
)
ELIGIBILITY_COUNTS = table(
    EligibilityCounts,
    "whitespace.eligibility_counts",
    grain="one row per cutoff, division and rule",
    sort=("division", "place"),
    partitions=("cutoff",),
    may_be_empty=True,
)
WHITESPACE_METRICS = table(
    WhitespaceMetrics,
    "whitespace.whitespace_metrics",
    grain="one row per cutoff, division, metric and ranking",
    sort=("division", "metric", "ranking"),
    partitions=("cutoff",),
    may_be_empty=True,
)
