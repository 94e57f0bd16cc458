"""What the labels room hands on: who could buy what at each cutoff, and who then did."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, Money, table

COHORTS = ["repeat", "expansion"]


class Candidates(Contract):
    """Customers who could be offered a division at a cutoff: all with any purchase up to it."""

    cutoff: pl.Date = pa.Field(description="Last day that is seen, inclusive.")
    division: str = pa.Field(description="Division or SKU set that is predicted.")
    customer_id: str = pa.Field(description="Customer with a purchase of anything by the cutoff.")
    cohort: str = pa.Field(
        isin=COHORTS, description="repeat: bought the division before; expansion: did not."
    )


class Labels(Contract):
    """Whether each candidate then bought the division within the window, and for how much."""

    cutoff: pl.Date = pa.Field(description="Last day that features saw.")
    division: str = pa.Field(description="Division or SKU set.")
    customer_id: str = pa.Field(description="Customer.")
    window_months: int = pa.Field(ge=1, description="Length of the window after the cutoff.")
    cohort: str = pa.Field(isin=COHORTS, description="repeat or expansion, as of the cutoff.")
    label: int = pa.Field(isin=[0, 1], description="1: net value in the window above threshold.")
    net_gp_window: Money = pa.Field(
        description="Net value in the window, returns included; 0 when nothing was bought."
    )
    orders_window: int = pa.Field(ge=0, description="Orders in the window.")


class Prevalence(Contract):
    """How common buying is: candidates and buyers per division, cutoff and cohort."""

    cutoff: pl.Date = pa.Field(description="Cutoff.")
    division: str = pa.Field(description="Division or SKU set.")
    cohort: str = pa.Field(isin=["all", *COHORTS], description="all, repeat or expansion.")
    rows: int = pa.Field(ge=0, description="Candidates.")
    positives: int = pa.Field(ge=0, description="Candidates who bought in the window.")
    prevalence: float = pa.Field(
        ge=0, le=1, nullable=True, description="positives / rows; null: no candidates."
    )


CANDIDATES = table(
    Candidates,
    "labels.candidates",
    grain="one row per cutoff, division and customer",
    sort=("customer_id",),
    partitions=("cutoff", "division"),
    published="view",
)
LABELS = table(
    Labels,
    "labels.labels",
    grain="one row per cutoff, division and customer; open windows have none",
    sort=("customer_id",),
    partitions=("cutoff", "division"),
    published="view",
    may_be_empty=True,
)
PREVALENCE = table(
    Prevalence,
    "labels.prevalence",
    grain="one row per cutoff, division and cohort; open windows have none",
    sort=("division", "cohort"),
    partitions=("cutoff",),
    may_be_empty=True,
)
