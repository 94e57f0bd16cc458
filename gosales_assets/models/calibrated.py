"""The calibrated model of a cutoff: rows of feature matrices in, probabilities out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.artefact import Trained
from gosales_assets.models.calibration import EVERYBODY
from gosales_assets.models.curves import curve_of
from gosales_assets.models.division_models import DivisionModels
from gosales_assets.models.inputs import DIVISION, ModelMismatch, Numbers
from gosales_assets.models.pooled import PooledModel
from gosales_assets.models.winner import BLEND, final_logits

Floats = NDArray[np.float64]

DECIMALS = 9


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
        return self.calibrated(matrix, self.logits(self.pooled.inputs.numbers(matrix), threads))

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
        """Bend raw log odds by the curve of each row's division and cohort."""
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
        rows = matrix.select("division", "cohort").with_row_index("row")
        for (division, cohort), part in rows.group_by("division", "cohort"):
            row = curves.get((str(division), str(cohort))) or curves[(str(division), EVERYBODY)]
            own = part["row"].to_numpy()
            curve = curve_of(row["slope"], row["intercept"], row["knots"])
            bent[own] = curve.apply(logits[own])
            methods[own] = row["method"]
        return matrix.select("division", "customer_id").with_columns(
            icp_score=pl.Series(np.round(bent, DECIMALS)),
            calibration_method=pl.Series(methods.tolist(), dtype=pl.String),
        )
