"""What the scores room says of prospects: companies that have not bought anything yet."""

import pandera.polars as pa
import polars as pl

from gosales_assets.models.prospects import BASE_RATE, SCORED, TOO_FEW, WARM_UP
from gosales_assets.scores.contract import GRADES
from gosales_assets.tables import Contract, table

METHODS = ["model", "base_rate"]
STATUSES = [SCORED, BASE_RATE, TOO_FEW, WARM_UP]


class ProspectModels(Contract):
    """What could be learned of first-time buyers by each cutoff, for each division.

    Companies of the prospects table (raw.prospects) are scored where at least 50 of them became
    buyers of the division in windows that were over by the cutoff, by what was known of them at
    the time: industry, size, region and so on. Where that tells nothing, out of time and on
    companies not learned from, all get the share of buyers there were; with fewer buyers nobody is
    scored. Empty where no prospects table is given.
    """

    cutoff: pl.Date = pa.Field(description="Cutoff that the model is for.")
    division: str = pa.Field(description="Division or SKU set.")
    window_months: int = pa.Field(ge=1, description="Months that are predicted.")
    model_version: str = pa.Field(description="Cutoff, settings and code of the model.")
    status: str = pa.Field(
        isin=STATUSES,
        description="scored: by the model; base rate: the same chance for all; not enough "
        "conversions, and warm-up (no window was over yet): nobody is scored.",
    )
    note: str = pa.Field(description="Why this status, in words.")
    conversions: int = pa.Field(
        ge=0,
        description="Prospects that bought the division in windows that were over, each once.",
    )
    prospects: int = pa.Field(ge=0, description="Prospects known at the cutoff.")
    base_rate: float = pa.Field(
        ge=0, le=1, nullable=True, description="Share of prospects that bought; null: not scored."
    )
    judged_cutoff: pl.Date = pa.Field(
        nullable=True, description="Cutoff that the figures after this one are about; null: none."
    )
    rows: int = pa.Field(
        ge=0, nullable=True, description="Prospects then, each judged by a model not told of it."
    )
    positives: int = pa.Field(ge=0, nullable=True, description="Those of them who then bought.")
    auc: float = pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description="Chance that a buyer is ranked above another; .5: no better than chance, and "
        "what a base rate has. Null: nobody bought, or all.",
    )
    auc_low: float = pa.Field(nullable=True, description="Lower end of its 95 % interval.")
    auc_high: float = pa.Field(nullable=True, description="Upper end of its 95 % interval.")
    log_loss: float = pa.Field(
        ge=0, nullable=True, description="Mean surprise at what happened, in nats; lower is better."
    )
    naive_log_loss: float = pa.Field(
        ge=0, nullable=True, description="The same for the base rate, as it was known before."
    )
    gain: float = pa.Field(
        nullable=True, description="How much lower the model's log loss is than the base rate's."
    )
    gain_low: float = pa.Field(nullable=True, description="Lower end of its 95 % interval.")
    gain_high: float = pa.Field(nullable=True, description="Upper end of its 95 % interval.")


class ProspectScores(Contract):
    """How likely each prospect is to buy a division within the window, as known at the cutoff.

    Prospects are the companies of raw.prospects known by the cutoff that had bought nothing by
    then. Divisions with too few first-time buyers to learn from have none: scores.prospect_models
    says why. The work list does not use these rows yet.
    """

    run_id: str = pa.Field(description="Dagster run that scored.")
    model_version: str = pa.Field(description="Cutoff, settings and code of the model.")
    cutoff: pl.Date = pa.Field(description="Last day that was seen, inclusive.")
    division: str = pa.Field(description="Division or SKU set.")
    window_months: int = pa.Field(ge=1, description="Months that are predicted.")
    customer_id: str = pa.Field(description="Prospect, by the id it has in the log once it buys.")
    customer_name: str = pa.Field(nullable=True, description="Its name; null: unknown.")
    probability: float = pa.Field(ge=0, le=1, description="Calibrated chance of a first purchase.")
    percentile: float = pa.Field(
        ge=0, le=1, description="Share of the division's prospects below, equal ones counted half."
    )
    grade: str = pa.Field(
        isin=GRADES, description="By percentile: A from .90, B .70, C .40, D .20, else F."
    )
    method: str = pa.Field(
        isin=METHODS, description="model: by attributes; base_rate: the same chance for all."
    )
    reason_1: str = pa.Field(
        nullable=True, description="What moves the chance most; null: nothing, or a base rate."
    )
    reason_2: str = pa.Field(nullable=True, description="What moves it second most.")
    reason_3: str = pa.Field(nullable=True, description="What moves it third most.")


PROSPECT_MODELS = table(
    ProspectModels,
    "scores.prospect_models",
    grain="one row per cutoff and division; none without a prospects table",
    sort=("division",),
    partitions=("cutoff",),
    may_be_empty=True,
)
PROSPECT_SCORES = table(
    ProspectScores,
    "scores.prospect_scores",
    grain="one row per cutoff, division and prospect; none where too few bought to learn from",
    sort=("division", "customer_id"),
    partitions=("cutoff",),
    volatile=("run_id",),
    may_be_empty=True,
)
