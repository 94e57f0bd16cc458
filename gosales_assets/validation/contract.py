"""What the validation room hands on: backtests of every closed cutoff, and gains by decile."""

import pandera.polars as pa
import polars as pl

from gosales_assets.labels.contract import COHORTS
from gosales_assets.tables import Contract, table
from gosales_assets.validation.gate import VERDICTS

# passed, failed: its checks ran on these data; tested: only the test suite runs it.
RESULTS = ["passed", "failed", "not run yet", "tested"]
METRIC_NAMES = [
    "auc",
    "pr_auc",
    "lift_5",
    "lift_10",
    "lift_20",
    "capture_5",
    "capture_10",
    "capture_20",
    "value_lift_10",
    "brier",
    "log_loss",
    "calibration_error",
]


class Backtests(Contract):
    """How good the scores of a closed cutoff turned out to be, next to the naive ranking.

    The scores are taken exactly as they were given. The naive ranking counts past orders of the
    division (for expansion: divisions owned); it has no probabilities and therefore no Brier,
    log loss or calibration error. Never pool these figures across divisions: ranking by a
    division's popularity alone would look good on data without any signal. The champion is
    measured by its own scores, as it gave them when it was promoted.
    """

    division: str = pa.Field(description="Division or SKU set.")
    cutoff: pl.Date = pa.Field(description="Closed cutoff whose scores are measured.")
    cohort: str = pa.Field(
        isin=["all", *COHORTS], description="all; repeat: owners; expansion: no owners yet."
    )
    metric: str = pa.Field(isin=METRIC_NAMES, description="Name of the metric.")
    ranking: str = pa.Field(
        isin=["model", "champion", "naive"], description="What ranked the customers."
    )
    value: float = pa.Field(nullable=True, description="The figure; null: nobody (or all) bought.")
    low: float = pa.Field(nullable=True, description="Lower end of the 95 % bootstrap interval.")
    high: float = pa.Field(nullable=True, description="Upper end of the 95 % bootstrap interval.")
    rows: int = pa.Field(ge=0, description="Customers measured on.")
    positives: int = pa.Field(ge=0, description="Of them, buyers in the window.")


class Gains(Contract):
    """What each tenth of a division's ranking brought once the window had closed."""

    division: str = pa.Field(description="Division or SKU set.")
    cutoff: pl.Date = pa.Field(description="Closed cutoff.")
    decile: int = pa.Field(ge=1, le=10, description="1: the tenth with the highest scores.")
    rows: int = pa.Field(ge=1, description="Customers in the decile.")
    positives: int = pa.Field(ge=0, description="Of them, buyers.")
    mean_score: float = pa.Field(ge=0, le=1, description="Mean probability that was given.")
    observed_rate: float = pa.Field(ge=0, le=1, description="Share that bought.")
    cumulative_capture: float = pa.Field(
        ge=0, le=1, nullable=True, description="Share of all buyers in this and better deciles."
    )


class Capacity(Contract):
    """What calling the best 5, 10 or 20 % would have brought, in all and for each sales rep.

    Measured on the outcome that is known by now. A rep calls the best of the customers that are
    theirs today. Money is that of the buyers called, in base currency.
    """

    division: str = pa.Field(description="Division or SKU set.")
    cutoff: pl.Date = pa.Field(description="Closed cutoff.")
    rep: str = pa.Field(nullable=True, description="Sales rep, as of today; null: all customers.")
    percent: int = pa.Field(isin=[5, 10, 20], description="Per cent of the customers called.")
    customers: int = pa.Field(ge=1, description="Customers to choose from.")
    contacts: int = pa.Field(ge=1, description="Of them, called.")
    positives: int = pa.Field(ge=0, description="Of the customers, buyers.")
    precision: float = pa.Field(nullable=True, description="Share of those called who bought.")
    precision_low: float = pa.Field(nullable=True, description="Lower end, 95 % bootstrap.")
    precision_high: float = pa.Field(nullable=True, description="Upper end, 95 % bootstrap.")
    capture: float = pa.Field(nullable=True, description="Share of the buyers called; null: none.")
    capture_low: float = pa.Field(nullable=True, description="Lower end, 95 % bootstrap.")
    capture_high: float = pa.Field(nullable=True, description="Upper end, 95 % bootstrap.")
    value: float = pa.Field(nullable=True, description="Money of those called who bought.")
    value_low: float = pa.Field(nullable=True, description="Lower end, 95 % bootstrap.")
    value_high: float = pa.Field(nullable=True, description="Upper end, 95 % bootstrap.")


class Segments(Contract):
    """Whether the best tenth of a division's list serves every industry and region alike."""

    division: str = pa.Field(description="Division or SKU set.")
    cutoff: pl.Date = pa.Field(description="Closed cutoff.")
    attribute: str = pa.Field(isin=["industry", "region"], description="industry or region.")
    segment: str = pa.Field(description="Which one, as known today; unknown: nobody told.")
    rows: int = pa.Field(ge=1, description="Customers of the segment.")
    positives: int = pa.Field(ge=0, description="Of them, buyers.")
    capture: float = pa.Field(
        nullable=True, description="Share of its buyers in the best tenth of the whole list."
    )
    low: float = pa.Field(nullable=True, description="Lower end, 95 % bootstrap.")
    high: float = pa.Field(nullable=True, description="Upper end, 95 % bootstrap.")
    overall: float = pa.Field(description="The same share of all buyers.")
    behind: bool = pa.Field(
        description="With at least 25 buyers, 5 points or more below the share of all."
    )


class Gate(Contract):
    """Whether the newest model of each division may go live, by the proof of its past scores.

    Judged on the newest closed cutoffs by the scores that the same code and settings gave as of
    each; means over cutoffs are weighted by buyers. Figures are null where they do not exist.
    """

    division: str = pa.Field(unique=True, description="Division or SKU set.")
    verdict: str = pa.Field(isin=VERDICTS, description="What the gate decided.")
    why: str = pa.Field(description="Why, with the figure that decided.")
    challenger: str = pa.Field(nullable=True, description="Version that asks to go live.")
    challenger_model: str = pa.Field(nullable=True, description="Its cutoff, settings and code.")
    champion: str = pa.Field(nullable=True, description="Version that was live before; null: none.")
    champion_model: str = pa.Field(nullable=True, description="Its cutoff, settings and code.")
    cutoffs: str = pa.Field(nullable=True, description="Closed cutoffs that were looked at.")
    rows: int = pa.Field(nullable=True, ge=0, description="Scores that were looked at.")
    positives: int = pa.Field(nullable=True, ge=0, description="Of them, buyers.")
    auc: float = pa.Field(nullable=True, description="AUC of the scores.")
    lift_10: float = pa.Field(nullable=True, description="Buyers in the best tenth, random is 1.")
    calibration_error: float = pa.Field(nullable=True, description="How far off probabilities are.")
    level: float = pa.Field(nullable=True, description="Sum of the probabilities per buyer.")
    naive_auc: float = pa.Field(nullable=True, description="AUC of the naive ranking.")
    over_naive: float = pa.Field(nullable=True, description="AUC above the naive ranking's.")
    over_naive_low: float = pa.Field(nullable=True, description="Lower end, 95 %.")
    over_naive_high: float = pa.Field(nullable=True, description="Upper end, 95 %.")
    over_champion: float = pa.Field(nullable=True, description="AUC above the champion's.")
    over_champion_low: float = pa.Field(nullable=True, description="Lower end, 95 %.")
    over_champion_high: float = pa.Field(nullable=True, description="Upper end, 95 %.")
    log_loss_saved: float = pa.Field(nullable=True, description="Log loss below the champion's.")
    log_loss_saved_low: float = pa.Field(nullable=True, description="Lower end, 95 %.")
    log_loss_saved_high: float = pa.Field(nullable=True, description="Upper end, 95 %.")


class GateHistory(Contract):
    """Every decision of the gate and every move of a champion: who, when, from, to, why.

    Only ever added to. A decision that repeats the last one of its division is not added again.
    """

    entry: int = pa.Field(unique=True, ge=1, description="Number of the entry.")
    step: int = pa.Field(ge=1, description="Go of the gate; a step is rolled back as a whole.")
    at: pl.Datetime = pa.Field(description="When (UTC).")
    who: str = pa.Field(description="Who ran it.")
    run_id: str = pa.Field(description="Dagster run; empty: from the command line.")
    division: str = pa.Field(description="Division or SKU set.")
    verdict: str = pa.Field(description="What was decided or done.")
    challenger: str = pa.Field(nullable=True, description="Model that asked to go live.")
    from_version: str = pa.Field(nullable=True, description="Champion before; null: none.")
    from_model: str = pa.Field(nullable=True, description="Its cutoff, settings and code.")
    to_version: str = pa.Field(nullable=True, description="Champion after; null: none.")
    to_model: str = pa.Field(nullable=True, description="Its cutoff, settings and code.")
    why: str = pa.Field(description="Why, with the figure that decided.")
    figures: str = pa.Field(description="JSON: all figures that were looked at.")
    undoes: int = pa.Field(nullable=True, description="Step that was rolled back; null: none.")


class LeakageProbes(Contract):
    """What the leakage probes about models (7 to 11) found on these data."""

    probe: int = pa.Field(description="Number of the probe; see validation.leakage_report.")
    cutoff: pl.Date = pa.Field(nullable=True, description="Cutoff looked at; null: none or all.")
    division: str = pa.Field(nullable=True, description="Division looked at; null: all.")
    passed: bool = pa.Field(description="Whether no leak was found.")
    detail: str = pa.Field(description="What was found, in words.")
    figure: float = pa.Field(nullable=True, description="What was measured.")
    at_least: float = pa.Field(nullable=True, description="Least figure without suspicion.")
    at_most: float = pa.Field(nullable=True, description="Largest figure without suspicion.")


class LeakageReport(Contract):
    """The leakage battery: 13 probes that would show if a result knew the future."""

    probe: int = pa.Field(unique=True, description="Number of the probe.")
    name: str = pa.Field(description="What it is called.")
    proves: str = pa.Field(description="What holds when it passes.")
    how: str = pa.Field(description="Checks on these data, and tests with planted leaks.")
    result: str = pa.Field(isin=RESULTS, description="What came of it on these data.")
    detail: str = pa.Field(description="What it found, or which check failed.")


class PromotedScores(Contract):
    """Scores that champions gave as-of, kept when they were promoted: what others must beat."""

    division: str = pa.Field(description="Division or SKU set.")
    version: str = pa.Field(description="Version in the registry.")
    model_version: str = pa.Field(description="Cutoff, settings and code of that version.")
    cutoff: pl.Date = pa.Field(description="Cutoff that was scored as of then.")
    customer_id: str = pa.Field(description="Customer.")
    score: float = pa.Field(ge=0, le=1, description="Probability that was given.")


_BY_CELL = {"partitions": ("cutoff", "division"), "may_be_empty": True}
BACKTESTS = table(
    Backtests,
    "validation.backtests",
    grain="one row per division, closed cutoff, cohort, metric and ranking",
    sort=("cohort", "metric", "ranking"),
    **_BY_CELL,
)
GAINS = table(
    Gains,
    "validation.gains",
    grain="one row per division, closed cutoff and decile",
    sort=("decile",),
    **_BY_CELL,
)
CAPACITY = table(
    Capacity,
    "validation.capacity",
    grain="one row per division, closed cutoff, rep (and all reps) and share",
    sort=("rep", "percent"),
    **_BY_CELL,
)
SEGMENTS = table(
    Segments,
    "validation.segments",
    grain="one row per division, closed cutoff and industry or region",
    sort=("attribute", "segment"),
    **_BY_CELL,
)
GATE = table(
    Gate, "validation.gate", grain="one row per division", sort=("division",), may_be_empty=True
)
GATE_HISTORY = table(
    GateHistory,
    "validation.gate_history",
    grain="one row per decision or move",
    sort=("entry",),
    volatile=("at", "who", "run_id"),
    may_be_empty=True,
)
PROMOTED_SCORES = table(
    PromotedScores,
    "validation.promoted_scores",
    grain="one row per promoted version, cutoff and customer",
    sort=("division", "version", "model_version", "cutoff", "customer_id"),
    published="view",
    parts="division, version and cutoff",
    may_be_empty=True,
)
LEAKAGE_PROBES = table(
    LeakageProbes,
    "validation.leakage_probes",
    grain="one row per probe, cutoff and division",
    sort=("probe", "cutoff", "division", "detail"),
    may_be_empty=True,
)
LEAKAGE_REPORT = table(
    LeakageReport,
    "validation.leakage_report",
    grain="one row per probe",
    sort=("probe",),
    volatile=("result", "detail"),
)
