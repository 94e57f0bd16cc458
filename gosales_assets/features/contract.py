"""What the features room hands on: matrices, rules, fitted statistics, and the catalogue."""

import pandera.polars as pa
import polars as pl

from gosales_assets.features.catalog import CATALOG, NEVER, Feature
from gosales_assets.tables import Contract, Table, table

COHORTS = ["repeat", "expansion"]
_CUTOFF = "Last day that was seen, inclusive."


class AffinityRules(Contract):
    """How buying one product line goes with buying another: market-basket rules of a cutoff."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    antecedent: str = pa.Field(description="Division that was bought.")
    division: str = pa.Field(description="Target that it says something about.")
    antecedent_customers: int = pa.Field(ge=1, description="Customers who bought the antecedent.")
    support_customers: int = pa.Field(ge=1, description="Customers who bought both.")
    confidence: float = pa.Field(ge=0, le=1, description="Share of the antecedent's buyers.")
    base_rate: float = pa.Field(ge=0, le=1, description="Share of all customers who bought then.")
    lift: float = pa.Field(ge=0, description="Confidence over base rate; 1: no relation.")
    fit_date: pl.Date = pa.Field(description="Last day of the orders it was learned from.")


class AffinityEvidence(Contract):
    """For each customer and target, the purchase that speaks most for the target."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    customer_id: str = pa.Field(description="Customer.")
    division: str = pa.Field(description="Target.")
    antecedent: str = pa.Field(description="Division bought in the last 12 months.")
    lift: float = pa.Field(gt=1, description="Lift of the rule from the antecedent to the target.")


class FittedStatistics(Contract):
    """Everything that features were fitted with, as of the cutoff: priors, rates, factors."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    name: str = pa.Field(description="What was fitted.")
    fit_date: pl.Date = pa.Field(description="Last day of the data it was fitted on.")
    parameters: str = pa.Field(description="Fitted values, as JSON.")
    checksum: str = pa.Field(description="Checksum of the parameters.")


class FeatureStatistics(Contract):
    """How each feature is spread over the candidates of a cutoff, all targets together."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    feature: str = pa.Field(description="Feature; see features.feature_catalog.")
    coverage: float = pa.Field(ge=0, le=1, description="Share of rows where it is not missing.")
    mean: float = pa.Field(nullable=True, description="Mean; null: missing everywhere.")
    p01: float = pa.Field(nullable=True, description="1st percentile.")
    p50: float = pa.Field(nullable=True, description="Median.")
    p99: float = pa.Field(nullable=True, description="99th percentile.")
    rows: int = pa.Field(ge=1, description="Rows looked at.")


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
    coverage: float = pa.Field(
        ge=0, le=1, nullable=True, description="Mean coverage over cutoffs; null: not computed."
    )


def _key(
    kind: pl.DataType | type[pl.DataType], description: str, checks: pa.Check | None = None
) -> pa.Column:
    return pa.Column(kind, checks, description=description)


def _feature(feature: Feature, kind: type[pl.DataType]) -> pa.Column:
    missing = feature.null_means
    meaning = feature.meaning.replace("{division}", "the target")
    return pa.Column(
        kind,
        nullable=missing != NEVER,
        description=f"{meaning[0].upper()}{meaning[1:]} ({feature.unit}; null: {missing}).",
    )


def _matrix(
    keys: dict[str, pa.Column], scopes: set[str], kind: type[pl.DataType]
) -> pa.DataFrameSchema:
    columns = {f.name: _feature(f, kind) for f in CATALOG if f.scope in scopes}
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

CUSTOMER_FEATURES = Table(
    "features.customer_features",
    schema=_matrix(_CUSTOMER, {"all"}, pl.Float64),
    grain="one row per cutoff and customer with any purchase by the cutoff",
    sort=("customer_id",),
    description="What is known of each customer as of the cutoff, whatever the target.",
    partitions=("cutoff",),
    published="view",
)
DIVISION_FEATURES = Table(
    "features.division_features",
    schema=_matrix(_TARGET, {"div", "mkt"}, pl.Float64),
    grain="one row per cutoff, target and customer with any purchase by the cutoff",
    sort=("customer_id",),
    description="What is known of each customer with regard to one target, as of the cutoff.",
    partitions=("cutoff", "division"),
    published="view",
)
FEATURE_MATRIX = Table(
    "features.feature_matrix",
    schema=_matrix(_CANDIDATE, {"all", "div", "mkt"}, pl.Float32),
    grain="one row per cutoff, target and candidate",
    sort=("customer_id",),
    description="Everything a model may look at: both feature layers for every candidate.",
    partitions=("cutoff", "division"),
    published="view",
)
AFFINITY_RULES = table(
    AffinityRules,
    "features.affinity_rules",
    grain="one row per cutoff, antecedent and target",
    sort=("antecedent", "division"),
    partitions=("cutoff",),
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
FEATURE_STATISTICS = table(
    FeatureStatistics,
    "features.feature_statistics",
    grain="one row per cutoff and feature",
    sort=("feature",),
    partitions=("cutoff",),
)
FEATURE_CATALOG = table(
    FeatureCatalog,
    "features.feature_catalog",
    grain="one row per feature",
    sort=("scope", "feature"),
)
