"""Settings of the list: who may be on it, what ranks it, how much of it is handed to whom."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0)]
Signal = Literal["icp", "affinity", "als", "value"]
Segment = Literal["warm", "cold", "prospect"]
DEFAULT_WEIGHTS: dict[Signal, float] = {"icp": 0.60, "affinity": 0.20, "als": 0.10, "value": 0.10}
DEFAULT_SHARES: dict[Segment, float] = {"warm": 0.7, "cold": 0.3, "prospect": 0.0}
# What a CRM file can hold -> the column of the list that it is.
CRM_FIELDS = {
    "account_id": "customer_id",
    "account_name": "customer_name",
    "owner": "rep",
    "division": "division",
    "probability": "icp_score",
    "horizon_months": "window_months",
    "value": "expected_gp",
    "reason": "nba_reason",
    "grade": "icp_grade",
    "cutoff": "cutoff",
    "run": "run_id",
}
DEFAULT_CRM = (
    *("account_id", "division", "probability", "horizon_months", "value", "reason", "grade"),
    "run",
)


class Whitespace(BaseModel):
    """How recommendations are ranked and selected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: dict[Signal, float] = Field(default_factory=lambda: DEFAULT_WEIGHTS.copy())
    coverage_floor: Share = Field(0.30, description="Coverage below which a signal weighs less.")
    normalisation: Literal["division", "pooled"] = Field(
        "pooled",
        description="division: signals are percentiles within a division, so that each division "
        "gets its part of the list; pooled: chance and value are compared across divisions.",
    )
    owned_within_months: int | None = Field(
        None, ge=1, description="Owners whose last purchase is older count as whitespace again."
    )
    expired_back_days: Days = Field(
        365, description="Owners whose assets all expired so many days ago are whitespace again."
    )
    contact_cooldown_days: Days = Field(
        21, description="Days after a contact during which a row is not ranked."
    )
    lost_cooldown_days: Days = Field(
        180, description="Days after a lost deal during which a row is not ranked."
    )
    regions: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Division -> regions or territories it is sold in; not named: everywhere.",
    )
    territories: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Rep -> regions or territories the rep covers; not named: everywhere.",
    )
    surfaced_days: Days = Field(
        30, description="Days for which a row that was handed out and not acted on is damped."
    )
    surfaced_factor: Share = Field(0.75, description="What its score is then multiplied by.")
    max_division_share: Share = Field(
        0.60, description="Share of the selection that one division may have."
    )
    capacity: Literal["top_percent", "per_rep", "hybrid"] = Field(
        "top_percent",
        description="top_percent: the best share of the list; per_rep: the best accounts of each "
        "rep; hybrid: the same, with a share for each segment.",
    )
    top_percent: Share = Field(0.10, description="Share of ranked rows that is selected.")
    accounts_per_rep: int = Field(25, ge=1, description="Accounts for each rep to call.")
    segment_shares: dict[Segment, float] = Field(
        default_factory=lambda: DEFAULT_SHARES.copy(),
        description="Share of a rep's accounts by segment, where capacity is hybrid; 0: none.",
    )
    crm_columns: dict[str, str] = Field(
        default_factory=lambda: {name: name for name in DEFAULT_CRM},
        description="Fields of the CRM file -> their column names there, in that order.",
    )

    @model_validator(mode="after")
    def _shares_are_usable(self) -> Self:
        for name in ("weights", "segment_shares"):
            values = list(getattr(self, name).values())
            if not all(0 <= value < float("inf") for value in values) or sum(values) <= 0:
                raise ValueError(f"{name} must be finite, not negative, and sum to more than 0")
        return self

    @model_validator(mode="after")
    def _crm_columns_are_usable(self) -> Self:
        unknown = sorted(set(self.crm_columns) - set(CRM_FIELDS))
        if unknown:
            known = ", ".join(CRM_FIELDS)
            raise ValueError(f"crm_columns: unknown field {unknown[0]!r}; known: {known}")
        names = list(self.crm_columns.values())
        if not names or not all(names) or len(set(names)) < len(names):
            raise ValueError("crm_columns: each field needs a name of its own")
        return self
