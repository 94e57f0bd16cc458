"""How far the models of all divisions may bend; the defaults are measured (docs/models.md)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hyperparameters:
    """What is fixed before anything is fitted.

    Parameters
    ----------
    penalty
        scikit-learn's C of the regression: the smaller, the stronger the pull to zero.
    trees, leaves
        Of each booster.
    feature_fraction
        Share of the inputs that each tree may look at.
    least_rows
        Rows that a leaf must have.
    ridge
        LightGBM's ``lambda_l2``: how much a leaf is pulled to zero.
    """

    penalty: float = 0.0003
    trees: int = 150
    leaves: int = 8
    feature_fraction: float = 0.2
    least_rows: int = 100
    ridge: float = 5.0


MEASURED = Hyperparameters()
