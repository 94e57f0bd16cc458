"""What the scores room hands on: each candidate's chance to buy, grade, and the reasons."""

import pandera.polars as pa
import polars as pl

from gosales_assets.models.contract import METHODS
from gosales_assets.tables import Contract, table

GRADES = ["A", "B", "C", "D", "F"]
TRENDS = ["up", "steady", "down", "new"]
SEGMENTS = ["warm", "cold", "prospect"]
COHORTS = ["repeat", "expansion"]


class IcpScores(Contract):
    """How likely each candidate is to buy a division within the window, as known at the cutoff."""

    run_id: str = pa.Field(description="Dagster run that scored.")
    model_version: str = pa.Field(description="Cutoff, settings and code of the model.")
    division: str = pa.Field(description="Division or SKU set.")
    cutoff: pl.Date = pa.Field(description="Last day that was seen, inclusive.")
    window_months: int = pa.Field(ge=1, description="Months that are predicted.")
    customer_id: str = pa.Field(description="Customer.")
    customer_name: str = pa.Field(description="Customer's name.")
    icp_score: float = pa.Field(ge=0, le=1, description="Calibrated chance of a purchase.")
    icp_percentile: float = pa.Field(
        ge=0, le=1, description="Share of the division's candidates below, equal ones counted half."
    )
    icp_grade: str = pa.Field(
        isin=GRADES, description="By percentile: A from .90, B .70, C .40, D .20, else F."
    )
    cohort: str = pa.Field(isin=COHORTS, description="repeat: bought the division before.")
    segment: str = pa.Field(
        isin=SEGMENTS, description="warm: bought anything in the last 12 months; else cold."
    )
    expected_gp: float = pa.Field(
        ge=0, description="Chance times the usual value of a purchase; base currency per window."
    )
    trend: str = pa.Field(
        isin=TRENDS,
        description="Percentile against the previous cutoff's: up or down by over .05; new: none.",
    )
    reason_1: str = pa.Field(nullable=True, description="What moves the score most; null: nothing.")
    reason_2: str = pa.Field(nullable=True, description="What moves it second most.")
    reason_3: str = pa.Field(nullable=True, description="What moves it third most.")
    calibration_method: str = pa.Field(isin=METHODS, description="See models.calibration.")


class Unscored(Contract):
    """Divisions that were not scored at a cutoff though others were, and why.

    A division without evidence gets no made-up number. Divisions that are warming up are not here.
    """

    cutoff: pl.Date = pa.Field(description="Cutoff that was to be scored.")
    division: str = pa.Field(description="Division or SKU set that has no scores.")
    reason: str = pa.Field(description="Why, and what to do about it.")


ICP_SCORES = table(
    IcpScores,
    "scores.icp_scores",
    grain="one row per cutoff, division and candidate; none in the warm-up",
    sort=("customer_id",),
    partitions=("cutoff", "division"),
    volatile=("run_id",),
    may_be_empty=True,
)
UNSCORED = table(
    Unscored,
    "scores.unscored",
    grain="one row per cutoff and division that could not be scored",
    sort=("division",),
    partitions=("cutoff",),
    may_be_empty=True,
)
