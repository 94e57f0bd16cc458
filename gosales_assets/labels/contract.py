"""What the labels room hands on: who could buy what at each cutoff, and who then did."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, Money, table

COHORTS = ["repeat", "expansion"]
NEW_LOGO = "new_logo"


class TargetWindows(Contract):
    """How many months are predicted of each target, where that comes from, and why."""

    division: str = pa.Field(unique=True, description="Division or SKU set that is predicted.")
    window_months: int = pa.Field(ge=1, description="Months that are predicted, at all cutoffs.")
    source: str = pa.Field(
        isin=["default", "setting", "widened"],
        description="default: window_months of the settings; setting: targets.windows; widened: "
        "too few bought in a shorter window (labels.positives_floor).",
    )
    positives: int = pa.Field(
        ge=0,
        nullable=True,
        description="Candidates who bought in the window, at the median closed cutoff (of two in "
        "the middle the lower); null: no cutoff is closed.",
    )
    closed_cutoffs: int = pa.Field(
        ge=0, description="Cutoffs with complete data to the end of the window."
    )
    note: str = pa.Field(
        nullable=True, description="Why it was widened, or what is wrong; null: nothing to say."
    )


class Candidates(Contract):
    """Customers who could be offered a division at a cutoff: all with any purchase up to it.

    With labels.mode expansion only those of them who do not own the division.
    """

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


class NewLogos(Contract):
    """Whether each prospect then bought the division within the window, and for how much.

    Prospects of a cutoff are companies of raw.prospects known by then that had bought nothing.
    Empty where no prospects table is given.
    """

    cutoff: pl.Date = pa.Field(description="Last day that is seen, inclusive.")
    division: str = pa.Field(description="Division or SKU set.")
    customer_id: str = pa.Field(description="Prospect: no purchase of anything by the cutoff.")
    window_months: int = pa.Field(ge=1, description="Length of the window after the cutoff.")
    label: int = pa.Field(isin=[0, 1], description="1: net value in the window above threshold.")
    net_gp_window: Money = pa.Field(
        description="Net value in the window, returns included; 0 when nothing was bought."
    )
    orders_window: int = pa.Field(ge=0, description="Orders in the window.")


class Prevalence(Contract):
    """How common buying is: candidates and buyers per division, cutoff and cohort."""

    cutoff: pl.Date = pa.Field(description="Cutoff.")
    division: str = pa.Field(description="Division or SKU set.")
    cohort: str = pa.Field(
        isin=["all", *COHORTS, NEW_LOGO],
        description="all (repeat and expansion), repeat, expansion, or new_logo (prospects; only "
        "where a prospects table is given).",
    )
    rows: int = pa.Field(ge=0, description="Candidates.")
    positives: int = pa.Field(ge=0, description="Candidates who bought in the window.")
    prevalence: float = pa.Field(
        ge=0, le=1, nullable=True, description="positives / rows; null: no candidates."
    )


TARGET_WINDOWS = table(
    TargetWindows,
    "labels.target_windows",
    grain="one row per division or SKU set that is predicted",
    sort=("division",),
)
CANDIDATES = table(
    Candidates,
    "labels.candidates",
    grain="one row per cutoff, division and customer",
    sort=("customer_id",),
    partitions=("cutoff", "division"),
    published="view",
    may_be_empty=True,  # with labels.mode expansion, a division that all own has none
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
NEW_LOGOS = table(
    NewLogos,
    "labels.new_logos",
    grain="one row per cutoff, division and prospect; open windows have none",
    sort=("division", "customer_id"),
    partitions=("cutoff",),
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
