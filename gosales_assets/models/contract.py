"""What the models room hands on: how good each candidate was out of time, and calibrations."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, table

CANDIDATES = ["logistic", "booster", "blend", "division_logistic", "division_booster", "naive"]
METRICS = ["auc", "lift_10", "brier", "log_loss"]
COHORTS = ["all", "repeat", "expansion"]
METHODS = ["intercept", "platt", "isotonic", "base_rate", "none"]
STATUSES = ["calibrated", "not enough evidence", "warm-up"]


class ModelMetrics(Contract):
    """How well each kind of model ranked and judged customers it had not learned from.

    Measured on the selection slice: the newest cutoff whose outcome was known, which no
    candidate was trained on. Probabilities are taken before calibration. The naive ranking is
    the bar: orders of the division, for expansion the number of product lines owned.
    """

    cutoff: pl.Date = pa.Field(description="Cutoff that the model is for.")
    division: str = pa.Field(description="Division or SKU set.")
    cohort: str = pa.Field(isin=COHORTS, description="all, repeat or expansion.")
    candidate: str = pa.Field(
        isin=CANDIDATES,
        description="logistic, booster: of all divisions; blend: of the two; division_...: of this "
        "division alone, where it has the buyers; naive.",
    )
    metric: str = pa.Field(isin=METRICS, description="auc, lift_10, brier or log_loss.")
    value: float = pa.Field(
        nullable=True,
        description="Null: not defined, as only one outcome occurred, or naive has no probability.",
    )
    rows: int = pa.Field(ge=1, description="Rows it was measured on.")
    positives: int = pa.Field(ge=0, description="Rows that bought.")
    slice: pl.Date = pa.Field(description="Cutoff of the selection slice.")


class Calibration(Contract):
    """How a division's raw score becomes a probability: 1 / (1 + exp(-(intercept + slope x))).

    Where owners and others both have 50 buyers, each has a curve of its own; the one for all then
    only shows what they have in common.
    """

    cutoff: pl.Date = pa.Field(description="Cutoff that the model is for.")
    division: str = pa.Field(description="Division or SKU set.")
    cohort: str = pa.Field(
        isin=COHORTS, description="Whom the curve is for; all: whoever has none."
    )
    method: str = pa.Field(
        isin=METHODS,
        description="intercept: level moved; platt: level and spread; isotonic: as it happened, in "
        "steps; base_rate: the same for all; none: as the model says.",
    )
    slope: float = pa.Field(
        ge=0, nullable=True, description="Factor of the score's log odds; null: no model."
    )
    intercept: float = pa.Field(nullable=True, description="Added to the log odds; null: no model.")
    knots: str = pa.Field(
        nullable=True,
        description="Raw and calibrated log odds that the curve goes through, beyond which it has "
        "the slope; null: a straight line.",
    )
    raw_low: float = pa.Field(
        nullable=True,
        description="Raw log odds that one in a hundred of the slice was below; null: no rows.",
    )
    raw_high: float = pa.Field(
        nullable=True, description="Raw log odds that one in a hundred was above; null: no rows."
    )
    rows: int = pa.Field(ge=0, description="Rows of the calibration slice.")
    positives: int = pa.Field(ge=0, description="Rows that bought.")
    base_rate: float = pa.Field(
        ge=0, le=1, nullable=True, description="positives / rows; null: no rows."
    )
    calibration_cutoff: pl.Date = pa.Field(
        nullable=True, description="Cutoff of the calibration slice; null: warm-up."
    )
    status: str = pa.Field(isin=STATUSES, description="Whether the figures can be relied on.")
    note: str = pa.Field(description="Why this method, in words.")


MODEL_METRICS = table(
    ModelMetrics,
    "models.model_metrics",
    grain="one row per cutoff, division, cohort, candidate and metric; none in the warm-up",
    sort=("division", "cohort", "candidate", "metric"),
    partitions=("cutoff",),
    may_be_empty=True,
)
CALIBRATION = table(
    Calibration,
    "models.calibration",
    grain="one row per cutoff, division and cohort that is calibrated apart",
    sort=("division", "cohort"),
    partitions=("cutoff", "division"),
)
