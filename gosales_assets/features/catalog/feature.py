"""A feature: one column of the matrix, its name and what it means to people."""

from dataclasses import dataclass

WINDOWS = {"3m": 3, "6m": 6, "12m": 12, "24m": 24}
"""Window -> months before the cutoff; ``ever`` and ``now`` have no length."""
YEAR = WINDOWS["12m"]

NEVER = "never missing"
NO_PURCHASE = "no purchase yet"
NOT_IN_WINDOW = "no purchase in the window"
ONE_DAY = "fewer than two order days"
NOT_GIVEN = "not given"
NO_SEATS = "no products are set as seats"
ABSENT = (NOT_GIVEN, NO_SEATS)
"""Says of a count: null where the whole signal is absent, else 0 for whoever has none."""


@dataclass(frozen=True)
class Feature:
    """One column of the feature matrix.

    Parameters
    ----------
    family, scope, measure, window
        The four parts of the name.
    meaning
        A short phrase for people; ``{division}`` stands for the target.
    unit
        What the number counts: orders, days, share, base currency, ...
    null_means
        What a missing value says; "never missing" where there is always one.
    """

    family: str
    scope: str
    measure: str
    window: str
    meaning: str
    unit: str
    null_means: str = NEVER

    @property
    def name(self) -> str:
        """Column name."""
        return f"{self.family}__{self.scope}__{self.measure}__{self.window}"


def period(window: str) -> str:
    """Say a window in words."""
    months = WINDOWS.get(window)
    return "so far" if months is None else f"in the last {months} months"
