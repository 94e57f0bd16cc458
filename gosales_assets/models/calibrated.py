"""The calibrated model of a cutoff: rows of feature matrices in, probabilities out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.artefact import Trained
from gosales_assets.models.calibration import EVERYBODY
from gosales_assets.models.curves import Curve, curve_of
from gosales_assets.models.division_models import DivisionModels
from gosales_assets.models.inputs import DIVISION, ModelMismatch, Numbers
from gosales_assets.models.pooled import PooledModel
from gosales_assets.models.winner import BLEND, final_logits

Floats = NDArray[np.float64]

DECIMALS = 9
AS_IT_IS = Curve(1.0, 0.0)
MOST_UNSEEN = 0.1  # of a division's rows beyond the range that its curves were fitted on


@dataclass(frozen=True)
class CalibratedModel:
    """A cutoff's models with each division's calibration.

    Parameters
    ----------
    pooled
        The model of all divisions.
    own, winners
        Division -> its own models, and the name of what it is scored by.
    curves
        Rows of ``models.calibration`` of the cutoff; a division without a curve is refused.
    """

    pooled: PooledModel
    own: Mapping[str, DivisionModels]
    winners: Mapping[str, str]
    curves: pl.DataFrame

    @classmethod
    def of(cls, trained: Trained, curves: pl.DataFrame) -> "CalibratedModel":
        """Put a cutoff's artefact and its calibrations together."""
        winners = {division: row["name"] for division, row in trained.card["winners"].items()}
        return cls(trained.model, trained.own, winners, curves)

    def probabilities(self, matrix: pl.DataFrame, threads: int) -> pl.DataFrame:
        """Chance of each row to buy its division.

        Parameters
        ----------
        matrix
            Candidates of whole divisions: ranks are taken among the rows given.

        Returns
        -------
        pl.DataFrame
            ``division, customer_id, icp_score, calibration_method``, in the order of the rows.

        Raises
        ------
        ModelMismatch
            When the features are not those of training, or a division has no calibration.
        """
        numbers = self.pooled.inputs.numbers(matrix, threads)
        return self.calibrated(matrix, self.logits(numbers, threads))

    def logits(self, numbers: Numbers, threads: int) -> Floats:
        """Raw log odds of each row by its division's winner.

        Parameters
        ----------
        numbers
            Rows that the pooled model's inputs have turned into numbers.
        """
        found = self.pooled.logits_of(numbers, threads)
        codes = numbers[:, self.pooled.inputs.columns.index(DIVISION)]
        for code, division in enumerate(self.pooled.inputs.divisions):
            winner, rows = self.winners.get(division, BLEND), codes == code
            if winner != BLEND and rows.any():
                own = self.own[division].logits(numbers[rows], threads)
                found[rows] = final_logits(winner, found[rows], own)
        return found

    def calibrated(self, matrix: pl.DataFrame, logits: Floats) -> pl.DataFrame:
        """Bend raw log odds by the curve of each row's division and cohort.

        A division whose scores have moved away from where its curves were fitted, as when it was
        launched or withdrawn since, keeps the model's own chances: a tenth of its rows beyond
        the slice's range is enough. On AdventureWorks, whose product lines come and go, this
        halves the log loss of two cutoffs; on the other logs it never happened.
        """
        curves = {
            (str(row["division"]), str(row["cohort"])): row
            for row in self.curves.iter_rows(named=True)
            if row["slope"] is not None
        }
        lost = sorted({d for d in matrix["division"].unique() if (d, EVERYBODY) not in curves})
        if lost:
            raise ModelMismatch(
                f"no calibration of {', '.join(lost)}: materialize models/calibration"
            )
        bent = np.zeros(matrix.height)
        methods = np.empty(matrix.height, dtype=object)
        rows = matrix.select("division", "cohort", logit=pl.Series(logits)).with_row_index("row")
        unseen = {
            str(division)
            for (division,), part in rows.group_by("division")
            if has_moved(part["logit"], curves[(str(division), EVERYBODY)])
        }
        for (division, cohort), part in rows.group_by("division", "cohort"):
            row = curves.get((str(division), str(cohort))) or curves[(str(division), EVERYBODY)]
            own, trusted = part["row"].to_numpy(), division not in unseen
            curve = curve_of(row["slope"], row["intercept"], row["knots"]) if trusted else AS_IT_IS
            bent[own] = curve.apply(logits[own])
            methods[own] = row["method"] if trusted else "none"
        return matrix.select("division", "customer_id").with_columns(
            icp_score=pl.Series(np.round(bent, DECIMALS)),
            calibration_method=pl.Series(methods.tolist(), dtype=pl.String),
        )


def has_moved(logits: pl.Series, everybody: Mapping[str, Any]) -> bool:
    """Whether too many of a division's rows lie where its curves saw hardly any."""
    # Bundles that were registered before these were noted do not have them.
    low, high = everybody.get("raw_low"), everybody.get("raw_high")
    if low is None or high is None:
        return False
    return float((~logits.is_between(low, high)).mean()) > MOST_UNSEEN  # type: ignore[arg-type]
