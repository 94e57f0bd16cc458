"""Settings of the promotion gates: what a model must show before it may go live."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Floors(BaseModel):
    """What one division asks for; what is left out is as for all divisions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auc: float | None = Field(None, ge=0, le=1)
    lift_10: float | None = Field(None, ge=0, le=10)
    calibration_error: float | None = Field(None, gt=0, le=1)
    level: float | None = Field(None, gt=0)


class Gates(BaseModel):
    """What a model must show, on the newest closed cutoffs, before it becomes the champion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auc: float = Field(0.70, ge=0, le=1, description="Lowest AUC.")
    lift_10: float = Field(
        2.0, ge=0, le=10, description="Lowest lift in the best tenth; cannot exceed 1 / buying rate"
    )
    calibration_error: float = Field(0.10, gt=0, le=1, description="Highest calibration error.")
    calibration_error_high_volume: float = Field(
        0.05, gt=0, le=1, description="The same, for divisions of high volume."
    )
    high_volume_positives: int = Field(
        500, ge=1, description="Buyers on the gate's cutoffs from which on a volume is high."
    )
    level: float = Field(
        0.20, gt=0, description="How far probabilities may add up to more or less than the buyers."
    )
    positives: int = Field(25, ge=1, description="Fewer buyers than this are not enough evidence.")
    cutoffs: int = Field(4, ge=1, description="Newest closed cutoffs that are looked at.")
    replicates: int = Field(1_000, ge=200, description="Resamples of the paired comparisons.")
    divisions: dict[str, Floors] = Field(
        default_factory=dict, description="Division -> its own floors, where others than these."
    )

    @model_validator(mode="after")
    def _high_volume_is_stricter(self) -> Self:
        if self.calibration_error_high_volume > self.calibration_error:
            raise ValueError("calibration_error_high_volume must not exceed calibration_error")
        return self

    def of(self, division: str, positives: int) -> Floors:
        """Floors of a division that had as many buyers on the gate's cutoffs."""
        high = positives >= self.high_volume_positives
        error = self.calibration_error_high_volume if high else self.calibration_error
        usual = {
            "auc": self.auc,
            "lift_10": self.lift_10,
            "calibration_error": error,
            "level": self.level,
        }
        own = self.divisions.get(division, Floors()).model_dump(exclude_none=True)
        return Floors(**{**usual, **own})
