"""What the validation room hands on: backtests of every closed cutoff, and gains by decile."""

import pandera.polars as pa
import polars as pl

from gosales_assets.labels.contract import COHORTS
from gosales_assets.tables import Contract, table

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
    division's popularity alone would look good on data without any signal.
    """

    division: str = pa.Field(description="Division or SKU set.")
    cutoff: pl.Date = pa.Field(description="Closed cutoff whose scores are measured.")
    cohort: str = pa.Field(
        isin=["all", *COHORTS], description="all; repeat: owners; expansion: no owners yet."
    )
    metric: str = pa.Field(isin=METRIC_NAMES, description="Name of the metric.")
    ranking: str = pa.Field(isin=["model", "naive"], description="What ranked the customers.")
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


BACKTESTS = table(
    Backtests,
    "validation.backtests",
    grain="one row per division, closed cutoff, cohort, metric and ranking",
    sort=("cohort", "metric", "ranking"),
    partitions=("cutoff", "division"),
    may_be_empty=True,
)
GAINS = table(
    Gains,
    "validation.gains",
    grain="one row per division, closed cutoff and decile",
    sort=("decile",),
    partitions=("cutoff", "division"),
    may_be_empty=True,
)
