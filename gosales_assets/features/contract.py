"""What the features room hands on: matrices, rules, fitted statistics, and the catalogue."""

from collections.abc import Collection

import pandera.polars as pa
import polars as pl

from gosales_assets.feature_families import READ_ELSEWHERE, Family
from gosales_assets.features.catalog import CATALOG, NEVER, Feature
from gosales_assets.features.past_contract import (
    CUSTOMER_PAST,
    DIVISION_PAST,
    PRODUCT_DIVISIONS,
    PRODUCT_PAST,
    PURCHASE_GAPS,
)
from gosales_assets.settings import current_settings
from gosales_assets.tables import Contract, Table, table

COHORTS = ["repeat", "expansion"]
EVIDENCE = ["division", "product"]
IN_MATRIX, OFF = STATUSES = ["in the matrix", "off by setting"]
_CUTOFF = "Last day that was seen, inclusive."
_FIT_DATE = "Last day of the orders it was learned from."


class AffinityRules(Contract):
    """How buying product lines goes with buying another: market-basket rules of a cutoff."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    antecedent: str = pa.Field(description="Division that was bought.")
    second_antecedent: str = pa.Field(
        nullable=True, description="Division that was bought as well; null: one says it alone."
    )
    division: str = pa.Field(description="Target that it says something about.")
    antecedent_customers: int = pa.Field(ge=1, description="Customers who bought the antecedents.")
    support_customers: int = pa.Field(ge=1, description="Customers who bought the target, too.")
    confidence: float = pa.Field(ge=0, le=1, description="Share of the antecedents' buyers.")
    base_rate: float = pa.Field(ge=0, le=1, description="Share of all customers who bought then.")
    lift: float = pa.Field(ge=0, description="Confidence over base rate; 1: no relation.")
    fit_date: pl.Date = pa.Field(description=_FIT_DATE)


class ProductRules(Contract):
    """How buying a single product goes with buying a target: rules of a cutoff."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    sku: str = pa.Field(description="Product that was bought; key of star.dim_product.")
    division: str = pa.Field(description="Target that it says something about.")
    antecedent_customers: int = pa.Field(ge=1, description="Customers who bought the product.")
    support_customers: int = pa.Field(ge=0, description="Customers who bought both.")
    base_rate: float = pa.Field(gt=0, le=1, description="Share of all customers who bought then.")
    lift: float = pa.Field(
        gt=0, description="How much likelier the product's buyers are, eased toward 1 if few."
    )
    fit_date: pl.Date = pa.Field(description=_FIT_DATE)


class AffinityEvidence(Contract):
    """For each customer and target, the purchase that speaks most for the target.

    A single product is named where no product line speaks.
    """

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    customer_id: str = pa.Field(description="Customer.")
    division: str = pa.Field(description="Target.")
    kind: str = pa.Field(isin=EVIDENCE, description="What was bought: division or product.")
    antecedent: str = pa.Field(
        description="Bought in the last 12 months: a division, two (A and B), or a product's SKU."
    )
    lift: float = pa.Field(gt=1, description="Lift of the rule from the antecedent to the target.")


class WinsorCaps(Contract):
    """Where money and quantities are cut off in the matrix, so that a few giants do not rule it."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    feature: str = pa.Field(description="Feature; see features.feature_catalog.")
    division: str = pa.Field(description="Target; empty: a feature of the customer as a whole.")
    cap: float = pa.Field(gt=0, description="99th percentile of the customers above zero.")
    rows: int = pa.Field(ge=1, description="Customers above zero.")
    fit_date: pl.Date = pa.Field(description="Last day of the data it was fitted on.")


class FittedStatistics(Contract):
    """Everything that features were fitted with, as of the cutoff: priors, rates, factors."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    name: str = pa.Field(description="What was fitted.")
    fit_date: pl.Date = pa.Field(description="Last day of the data it was fitted on.")
    parameters: str = pa.Field(description="Fitted values, as JSON.")
    checksum: str = pa.Field(description="Checksum of the parameters.")


class FeatureStatistics(Contract):
    """How each feature is spread over the customers of a cutoff, before anything is capped."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    feature: str = pa.Field(description="Feature; see features.feature_catalog.")
    division: str = pa.Field(description="Target; empty: a feature of the customer as a whole.")
    rows: int = pa.Field(ge=1, description="Customers looked at.")
    coverage: float = pa.Field(ge=0, le=1, description="Share of them where it is not missing.")
    mean: float = pa.Field(nullable=True, description="Mean; null: missing everywhere.")
    p01: float = pa.Field(nullable=True, description="1st percentile of those not missing.")
    p25: float = pa.Field(nullable=True, description="25th percentile.")
    p50: float = pa.Field(nullable=True, description="Median.")
    p75: float = pa.Field(nullable=True, description="75th percentile.")
    p99: float = pa.Field(nullable=True, description="99th percentile.")
    cap: float = pa.Field(
        nullable=True,
        description="Value above which the matrix counts no further; null: it has no cap.",
    )


class MatrixStatistics(Contract):
    """What the models of a cutoff look at: size and checksum of each target's sorted matrix."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    division: str = pa.Field(description="Target.")
    rows: int = pa.Field(ge=0, description="Candidates.")
    features: int = pa.Field(ge=1, description="Features in the matrix.")
    checksum: str = pa.Field(description="Checksum of the matrix, sorted by customer.")


class FeatureCatalog(Contract):
    """What every feature means, in plain words, and what a missing value of it says."""

    feature: str = pa.Field(unique=True, description="Column of the feature matrix.")
    family: str = pa.Field(description="Family.")
    scope: str = pa.Field(isin=["all", "div", "mkt"], description="all, div or mkt.")
    measure: str = pa.Field(description="What is measured.")
    window: str = pa.Field(description="Months before the cutoff, ever, or now.")
    meaning: str = pa.Field(description="Meaning; {division} stands for the target.")
    unit: str = pa.Field(description="Unit.")
    null_means: str = pa.Field(description="What a missing value says.")
    status: str = pa.Field(
        isin=STATUSES, description="Whether models see it (features.families_off in the settings)."
    )
    coverage: float = pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description="Mean coverage over cutoffs and targets; null: not computed.",
    )


def _key(
    kind: pl.DataType | type[pl.DataType], description: str, checks: pa.Check | None = None
) -> pa.Column:
    return pa.Column(kind, checks, description=description)


def _feature(feature: Feature) -> pa.Column:
    missing = feature.null_means
    meaning = feature.meaning.replace("{division}", "the target")
    return pa.Column(
        pl.Float32,
        nullable=missing != NEVER,
        description=f"{meaning[0].upper()}{meaning[1:]} ({feature.unit}; null: {missing}).",
    )


def _matrix(
    keys: dict[str, pa.Column], scopes: set[str], families_off: Collection[str]
) -> pa.DataFrameSchema:
    columns = {
        f.name: _feature(f) for f in CATALOG if f.scope in scopes and f.family not in families_off
    }
    return pa.DataFrameSchema({**keys, **columns}, strict=True)


_CUSTOMER = {"cutoff": _key(pl.Date, _CUTOFF), "customer_id": _key(pl.String, "Customer.")}
_TARGET = {
    "cutoff": _CUSTOMER["cutoff"],
    "division": _key(pl.String, "Division or SKU set that is predicted."),
    "customer_id": _CUSTOMER["customer_id"],
}
_CANDIDATE = _TARGET | {
    "cohort": _key(
        pl.String,
        "repeat: bought the target before; expansion: did not.",
        checks=pa.Check.isin(COHORTS),
    )
}


def customer_features(families_off: Collection[Family]) -> Table:
    """Describe the customers' layer: all its features but those that are not computed."""
    return Table(
        "features.customer_features",
        schema=_matrix(_CUSTOMER, {"all"}, not_computed(families_off)),
        grain="one row per cutoff and customer with any purchase by the cutoff",
        sort=("customer_id",),
        description="What is known of each customer as of the cutoff, whatever the target.",
        partitions=("cutoff",),
        published="view",
    )


def division_features(families_off: Collection[Family]) -> Table:
    """Describe the targets' layer: all its features but those that are not computed."""
    return Table(
        "features.division_features",
        schema=_matrix(_TARGET, {"div", "mkt"}, not_computed(families_off)),
        grain="one row per cutoff, target and customer with any purchase by the cutoff",
        sort=("customer_id",),
        description="What is known of each customer with regard to one target, as of the cutoff.",
        partitions=("cutoff", "division"),
        published="view",
    )


def feature_matrix(families_off: Collection[Family]) -> Table:
    """Describe the matrix: all features but those of the families that are off."""
    return Table(
        "features.feature_matrix",
        schema=_matrix(_CANDIDATE, {"all", "div", "mkt"}, families_off),
        grain="one row per cutoff, target and candidate",
        sort=("customer_id",),
        description="Everything a model may look at: both feature layers for every candidate.",
        partitions=("cutoff", "division"),
        published="view",
        may_be_empty=True,  # as labels.candidates may be
    )


def not_computed(families_off: Collection[Family]) -> set[Family]:
    """Families that are off and that nobody else reads."""
    return set(families_off) - READ_ELSEWHERE


_FAMILIES_OFF = current_settings().features.families_off
CUSTOMER_FEATURES = customer_features(_FAMILIES_OFF)
DIVISION_FEATURES = division_features(_FAMILIES_OFF)
FEATURE_MATRIX = feature_matrix(_FAMILIES_OFF)
AFFINITY_RULES = table(
    AffinityRules,
    "features.affinity_rules",
    grain="one row per cutoff, antecedents and target",
    sort=("antecedent", "second_antecedent", "division"),
    partitions=("cutoff",),
    may_be_empty=True,
)
PRODUCT_RULES = table(
    ProductRules,
    "features.product_rules",
    grain="one row per cutoff, product with enough buyers and target",
    sort=("sku", "division"),
    partitions=("cutoff",),
    published="view",
    may_be_empty=True,
)
AFFINITY_EVIDENCE = table(
    AffinityEvidence,
    "features.affinity_evidence",
    grain="one row per cutoff, customer and target with a rule of lift above 1",
    sort=("customer_id", "division"),
    partitions=("cutoff",),
    published="view",
    may_be_empty=True,
)
FITTED_STATISTICS = table(
    FittedStatistics,
    "features.fitted_statistics",
    grain="one row per cutoff and fitted thing",
    sort=("name",),
    partitions=("cutoff",),
)
WINSOR_CAPS = table(
    WinsorCaps,
    "features.winsor_caps",
    grain="one row per cutoff, feature and (below the customer) target with any value above zero",
    sort=("feature", "division"),
    partitions=("cutoff",),
    may_be_empty=True,
)
FEATURE_STATISTICS = table(
    FeatureStatistics,
    "features.feature_statistics",
    grain="one row per cutoff, feature and (below the customer) target",
    sort=("feature", "division"),
    partitions=("cutoff",),
)
MATRIX_STATISTICS = table(
    MatrixStatistics,
    "features.matrix_statistics",
    grain="one row per cutoff and target",
    sort=("division",),
    partitions=("cutoff",),
)
FEATURE_CATALOG = table(
    FeatureCatalog,
    "features.feature_catalog",
    grain="one row per feature",
    sort=("scope", "feature"),
)

PAST = (CUSTOMER_PAST, DIVISION_PAST, PURCHASE_GAPS, PRODUCT_PAST, PRODUCT_DIVISIONS)
"""The sums that everything else is worked out of."""
FITTED = (FITTED_STATISTICS, AFFINITY_RULES, PRODUCT_RULES, WINSOR_CAPS)
"""All that was fitted: each row has a fit_date, which is never after its cutoff."""
