"""Tables made of a list: shadow and selected rows, explanations, thresholds, accounts, changes."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, table
from gosales_assets.whitespace.contract import STATES, WhitespaceRows

DRIVERS = ["icp", "affinity", "als", "value", "surfaced", "model_1", "model_2", "model_3"]
CHANGES = ["new", "gone", "moved", "stayed"]
MOVERS = ["icp", "affinity", "als", "value", "surfaced", "state", "others"]
_CUTOFF = "Cutoff of the list."
_DIVISION = "Division or SKU set to offer."
_CHALLENGER = "Learned from what came of earlier lists; null: too little came of them yet."


class ShadowScores(Contract):
    """Other rankings of the same rows, for comparison; the list is not sorted by any of them."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    division: str = pa.Field(description=_DIVISION)
    customer_id: str = pa.Field(description="Customer.")
    score_naive: float = pa.Field(ge=0, description="Divisions that the customer owns.")
    score_popularity: float = pa.Field(
        ge=0, le=1, description="Share of the division's candidates who own it."
    )
    score_legacy: float = pa.Field(
        ge=0, le=1, description="Old heuristic: .5 frequency, .3 recency, .2 value, of the largest."
    )
    score_challenger: float = pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description=_CHALLENGER,
    )
    rank_legacy: pl.Int64 = pa.Field(ge=1, description="Place by the old heuristic.")
    rank_challenger: pl.Int64 = pa.Field(
        ge=1, nullable=True, description="Place by the challenger."
    )


class SelectedRows(WhitespaceRows):
    """The rows of the list to work through, with what the challenger makes of them."""

    score_challenger: float = pa.Field(ge=0, le=1, nullable=True, description=_CHALLENGER)


class Explanations(Contract):
    """Everything that speaks for or against each selected row, one driver a line."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    rank: pl.Int64 = pa.Field(ge=1, description="Place in the list.")
    division: str = pa.Field(description=_DIVISION)
    customer_id: str = pa.Field(description="Customer.")
    customer_name: str = pa.Field(description="Customer's name.")
    driver: str = pa.Field(
        isin=DRIVERS,
        description="icp: chance; affinity: rule; als: similarity; value: expected value; "
        "surfaced: handed out lately; model_1 to 3: what moves the chance most.",
    )
    fact: str = pa.Field(description="What is known, in words.")
    signal: float = pa.Field(
        ge=0, le=1, nullable=True, description="The signal, 0 to 1; null: it is none."
    )
    weight: float = pa.Field(
        ge=0, le=1, nullable=True, description="Weight it had in its division; null: it has none."
    )
    effect: float = pa.Field(
        nullable=True,
        description="What it adds to the score or, where the list is pooled, what it multiplies "
        "it by; null: it only explains the chance.",
    )


class Thresholds(Contract):
    """What handing out 5, 10 or 20 % of a list would mean: how many rows, down to which chance."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    division: str = pa.Field(nullable=True, description="Division; null: the whole list.")
    share: float = pa.Field(gt=0, le=1, description="Share of the ranked rows.")
    rows: int = pa.Field(ge=1, description="Rows that it takes.")
    accounts: int = pa.Field(ge=1, description="Customers among them.")
    lowest_score: float = pa.Field(ge=0, le=1, description="Score of the last of them.")
    lowest_chance: float = pa.Field(ge=0, le=1, description="Lowest chance among them.")
    expected_buyers: float = pa.Field(ge=0, description="Sum of their chances.")
    expected_gp: float = pa.Field(description="Sum of their expected values, base currency.")


class AccountRollup(Contract):
    """The list by parent account: what there is to offer to all its customers together."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    account: str = pa.Field(description="Parent account; the customer itself where it has none.")
    customers: int = pa.Field(ge=1, description="Customers of the account with something to offer.")
    rows: int = pa.Field(ge=1, description="Ranked rows: customers times divisions.")
    selected: int = pa.Field(ge=0, description="Rows that are selected.")
    best_rank: pl.Int64 = pa.Field(ge=1, description="Place of its best row in the list.")
    best_division: str = pa.Field(description="Division of that row.")
    best_customer_id: str = pa.Field(description="Customer of that row.")
    best_customer_name: str = pa.Field(description="Name of that customer.")
    rep: str = pa.Field(nullable=True, description="Its sales representative; null: unknown.")
    nba_reason: str = pa.Field(description="Reason of that row.")
    expected_gp: float = pa.Field(
        nullable=True, description="Expected value of the ranked rows, base currency."
    )


class Changes(Contract):
    """What is new on the selected list, what is gone, what moved, and why."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    division: str = pa.Field(description=_DIVISION)
    customer_id: str = pa.Field(description="Customer.")
    change: str = pa.Field(
        isin=CHANGES,
        description="new: selected now, not before; gone: the other way round; moved, stayed: "
        "selected both times.",
    )
    rank_before: pl.Int64 = pa.Field(
        ge=1, nullable=True, description="Place on the list before; null: not ranked then."
    )
    rank_now: pl.Int64 = pa.Field(
        ge=1, nullable=True, description="Place now; null: not ranked now."
    )
    state_before: str = pa.Field(
        isin=STATES, nullable=True, description="State before; null: no candidate then."
    )
    state_now: str = pa.Field(
        isin=STATES, nullable=True, description="State now; null: no candidate now."
    )
    moved_by: str = pa.Field(
        isin=MOVERS,
        nullable=True,
        description="What moved it most: a signal, its state, or the others; null: it stayed.",
    )
    why: str = pa.Field(description="The same in words.")


_BY_CUTOFF = {"partitions": ("cutoff",), "may_be_empty": True}
SHADOW_SCORES = table(
    ShadowScores,
    "whitespace.shadow_scores",
    grain="one row per cutoff and ranked row of the list",
    sort=("division", "customer_id"),
    published="view",
    **_BY_CUTOFF,
)
SELECTED = table(
    SelectedRows,
    "whitespace.whitespace_selected",
    grain="one row per cutoff and selected row of the list",
    sort=("division", "customer_id"),
    volatile=("run_id",),
    **_BY_CUTOFF,
)
EXPLANATIONS = table(
    Explanations,
    "whitespace.whitespace_explanations",
    grain="one row per cutoff, selected row and driver",
    sort=("rank", "driver"),
    **_BY_CUTOFF,
)
THRESHOLDS = table(
    Thresholds,
    "whitespace.whitespace_thresholds",
    grain="one row per cutoff, division (or the whole list) and share",
    sort=("division", "share"),
    **_BY_CUTOFF,
)
ACCOUNT_ROLLUP = table(
    AccountRollup,
    "whitespace.account_rollup",
    grain="one row per cutoff and parent account with anything to offer",
    sort=("account",),
    **_BY_CUTOFF,
)
CHANGES_TABLE = table(
    Changes,
    "whitespace.whitespace_changes",
    grain="one row per cutoff and row that is selected on this list or was on the one before",
    sort=("division", "customer_id"),
    **_BY_CUTOFF,
)
