"""The families of features by name, so that settings can tell them before any room is loaded.

What the families mean is said in the catalogue (`features.catalog`); a test holds the two together.
"""

from typing import Literal

Family = Literal[
    "rfm",
    "offset",
    "recency",
    "trajectory",
    "rhythm",
    "returns",
    "season",
    "lifecycle",
    "margin",
    "diversity",
    "seats",
    "lifetime",
    "ownership",
    "mix",
    "rate",
    "affinity",
    "timing",
    "similarity",
    "installed",
    "profile",
    "market",
]

ALWAYS_ON: frozenset[Family] = frozenset({"rfm", "recency", "diversity"})
"""Families that cannot be left out: naive rankings and the as-of checks count with them."""

READ_ELSEWHERE: frozenset[Family] = frozenset({"similarity"})
"""Families that the layers hold even if models do not see them: lists are ranked with them."""

OFF_BY_DEFAULT: tuple[Family, ...] = (
    "lifecycle",
    "lifetime",
    "market",
    "mix",
    "offset",
    "ownership",
    "rate",
    "season",
    "similarity",
    "trajectory",
)
"""Families that bring nothing to the others on any log that was measured: see docs/features.md."""
