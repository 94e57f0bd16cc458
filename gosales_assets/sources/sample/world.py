"""The laws of the sample's world: who buys which division, how fast, and what makes it faster.

Constants only, the same for every seed. All rates are expected purchases a month; factors are
unitless. Arrays over divisions follow `catalogue.DIVISIONS`.

The laws obey one rule, which makes the true probability exact (see `purchases`): inside a label
window of six months nothing that happens in the window may change a rate, except a first purchase
of the division itself, which already decides the label. So the effect of one division on another
and of general activity starts `LAG` months after its cause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .catalogue import DIVISIONS
from .spec import WINDOW_MONTHS

LAG = WINDOW_MONTHS
"""Months before a purchase may change the rates of other divisions."""

LONGEST = 121
"""Length of the curves over elapsed months; their last value holds for ever after."""

_ELAPSED = np.arange(LONGEST, dtype=np.float64)


@dataclass(frozen=True)
class Law:
    """How one division is bought.

    Parameters
    ----------
    adoption
        Rate of a customer who never bought it, has no parent division and is average otherwise.
    again
        Rate of an owner by months since the last purchase in the division, shape (LONGEST,).
    entry
        Weight as the division of a customer's very first order.
    size
        Change of the log rate per step of company size.
    growth
        Change of the log rate per year.
    tastes
        Factor on the rate per industry; 1 where not named.
    """

    adoption: float
    again: NDArray[np.float64]
    entry: float
    size: float
    growth: float
    tastes: dict[str, float]


def _renewal(level: float, floor: float, width: float = 1.2) -> NDArray[np.float64]:
    """Shape a yearly contract: a peak at 12 months, a small late one at 24, `floor` otherwise."""
    near = np.exp(-0.5 * ((_ELAPSED - 12) / width) ** 2)
    late = np.exp(-0.5 * ((_ELAPSED - 24) / (2 * width)) ** 2)
    return floor + level * near + 0.12 * level * late


def _refresh(level: float, delay: float, low: float) -> NDArray[np.float64]:
    """Shape a saturated need that returns `delay` months after a purchase and then fades."""
    rise = 1 / (1 + np.exp(-(_ELAPSED - delay) / 1.5))
    fade = 0.5 ** (np.maximum(_ELAPSED - delay - 8, 0) / 8)
    return low + level * rise * fade


def _habit(level: float, half_life: float, floor: float) -> NDArray[np.float64]:
    """Shape a running need: high just after a purchase, halving every `half_life` months."""
    return floor + level * 0.5 ** (_ELAPSED / half_life)


INDUSTRIES: dict[str, tuple[str, ...]] = {
    "Industrial Machinery": ("Packaging Machines", "Pumps and Valves", "Machine Tools"),
    "Aerospace": ("Airframes", "Space Systems", "Avionics"),
    "Automotive": ("Powertrain", "Body and Interior", "Motorsport"),
    "Medical Devices": ("Implants", "Diagnostics", "Dental"),
    "Consumer Products": ("Housewares", "Sporting Goods", "Toys"),
    "Electronics": ("Semiconductor Equipment", "Enclosures", "Power Electronics"),
    "Engineering Services": ("Design Consultancy", "Contract Manufacturing"),
    "Education": ("Universities", "Technical Schools"),
}
"""Industries and their sub-industries."""

INDUSTRY_SHARES = (0.24, 0.11, 0.13, 0.13, 0.13, 0.11, 0.10, 0.05)

SIZES = ("1-49", "50-249", "250-999", "1000+")
SIZE_SHARES = (0.46, 0.31, 0.16, 0.07)
SIZE_STEPS = (-0.8, 0.1, 0.9, 1.7)
"""Company sizes (employees), their shares, and the steps that `Law.size` multiplies."""

SEGMENTS = ("SMB", "SMB", "Mid-Market", "Enterprise")
"""Sales segment of each size."""

_MACHINERY, _AERO, _AUTO, _MEDICAL, _CONSUMER, _ELECTRONICS, _SERVICES, _EDUCATION = INDUSTRIES

LAWS: dict[str, Law] = {
    "Solidworks": Law(
        0.014,
        _refresh(0.100, 12, 0.028),
        0.62,
        0.40,
        0.02,
        {
            _MACHINERY: 1.5,
            _CONSUMER: 0.8,
            _AERO: 0.6,
            _AUTO: 0.7,
            _ELECTRONICS: 1.1,
            _EDUCATION: 0.5,
        },
    ),
    "Maintenance": Law(
        0.015,
        _renewal(0.36, 0.040, 1.8),
        0.0,
        0.10,
        0.0,
        {_EDUCATION: 0.6, _SERVICES: 0.7, _MEDICAL: 1.2},
    ),
    "PDM": Law(
        0.0030,
        _refresh(0.034, 12, 0.007),
        0.0,
        0.45,
        0.03,
        {
            _MACHINERY: 1.4,
            _AERO: 1.5,
            _MEDICAL: 1.4,
            _CONSUMER: 0.6,
            _EDUCATION: 0.3,
            _SERVICES: 0.7,
        },
    ),
    "Simulation": Law(
        0.0034,
        _refresh(0.034, 13, 0.007),
        0.01,
        0.40,
        0.04,
        {_AERO: 2.0, _AUTO: 1.7, _MEDICAL: 1.3, _CONSUMER: 0.6, _ELECTRONICS: 0.7, _SERVICES: 0.7},
    ),
    "CAMWorks": Law(
        0.0008,
        _refresh(0.022, 11, 0.006),
        0.008,
        0.20,
        0.0,
        {
            _MACHINERY: 2.0,
            _AERO: 1.7,
            _AUTO: 1.5,
            _CONSUMER: 0.5,
            _ELECTRONICS: 0.4,
            _SERVICES: 0.5,
        },
    ),
    "CPE": Law(
        0.0010,
        _refresh(0.020, 10, 0.006),
        0.008,
        0.35,
        0.02,
        {_AERO: 2.2, _AUTO: 1.8, _CONSUMER: 0.5, _EDUCATION: 0.8, _SERVICES: 0.6, _MEDICAL: 0.6},
    ),
    "Success Plan": Law(
        0.011,
        _renewal(0.32, 0.045, 2.0),
        0.01,
        0.30,
        0.02,
        {_MEDICAL: 1.5, _AERO: 1.3, _EDUCATION: 0.4, _CONSUMER: 0.7},
    ),
    "Hardware": Law(
        0.012,
        _habit(0.15, 5.0, 0.045),
        0.22,
        0.20,
        0.02,
        {
            _MEDICAL: 1.7,
            _CONSUMER: 1.6,
            _EDUCATION: 1.8,
            _SERVICES: 0.7,
            _MACHINERY: 0.6,
            _AUTO: 1.1,
        },
    ),
    "Post_Processing": Law(
        0.0005,
        _refresh(0.020, 10, 0.006),
        0.0,
        0.25,
        0.0,
        {_MEDICAL: 1.7, _CONSUMER: 1.5, _AUTO: 1.2, _MACHINERY: 0.7, _SERVICES: 0.6},
    ),
    "Scanning": Law(
        0.0024,
        _refresh(0.030, 11, 0.008),
        0.02,
        0.30,
        0.03,
        {
            _AUTO: 2.1,
            _AERO: 1.7,
            _EDUCATION: 1.4,
            _ELECTRONICS: 0.5,
            _CONSUMER: 0.7,
            _SERVICES: 0.8,
        },
    ),
    "Services": Law(
        0.015,
        _habit(0.10, 4.0, 0.045),
        0.05,
        0.45,
        0.02,
        {_MEDICAL: 1.4, _AERO: 1.4, _EDUCATION: 0.4, _CONSUMER: 0.8},
    ),
    "Training": Law(
        0.013,
        _habit(0.07, 4.0, 0.035),
        0.03,
        0.40,
        0.0,
        {_EDUCATION: 2.2, _MACHINERY: 1.2, _SERVICES: 0.6, _CONSUMER: 0.7},
    ),
}

PATHS: tuple[tuple[str, str, float], ...] = (
    ("Solidworks", "Maintenance", 3.0),
    ("Solidworks", "PDM", 3.0),
    ("Solidworks", "Simulation", 2.0),
    ("PDM", "Simulation", 3.0),
    ("Solidworks", "CAMWorks", 2.5),
    ("Simulation", "CPE", 3.0),
    ("PDM", "CPE", 1.0),
    ("Solidworks", "Success Plan", 1.5),
    ("PDM", "Success Plan", 2.0),
    ("Hardware", "Post_Processing", 5.0),
    ("Scanning", "Post_Processing", 1.5),
    ("Hardware", "Scanning", 2.0),
    ("Scanning", "Hardware", 2.5),
    ("Simulation", "Hardware", 1.5),
    ("PDM", "Services", 2.5),
    ("Simulation", "Training", 2.5),
    ("Solidworks", "Training", 1.0),
)
"""Adoption paths (parent, child, strength): once the parent is owned for `LAG` months, the child's
rate of adoption is multiplied by 1 + strength x `RAMP`."""

RAMP: NDArray[np.float64] = np.where(
    _ELAPSED < LAG, 0.0, np.where(_ELAPSED < 24, 1.0, np.maximum(1 - (_ELAPSED - 23) / 12, 0.35))
)
"""Strength of an adoption path by months since the parent was first bought, shape (LONGEST,)."""

ACTIVITY: NDArray[np.float64] = np.array([0.30, 0.60, 0.80, 0.95, 1.05, 1.15, 1.22, 1.27, 1.30])
"""Factor by active months among the twelve that ended `LAG` months ago. A customer who stops
buying sinks to the first value: that is what churn is here, and the log shows it."""

NEWCOMER: NDArray[np.float64] = np.where(_ELAPSED < 3, 0.8, np.where(_ELAPSED < 18, 1.15, 1.0))
"""Factor by months since the customer's first order, shape (LONGEST,)."""

SEASON: NDArray[np.float64] = np.array(
    [0.82, 0.88, 1.18, 0.88, 0.90, 1.15, 0.80, 0.85, 1.15, 0.92, 0.97, 1.50]
)
"""Factor by calendar month, January first: quarter ends and December."""

HIDDEN_SPREAD = 0.12
"""Standard deviation of the log rate that no column tells: what keeps the truth a little ahead."""

BUNDLING = 0.30
"""Share of a customer's draws in a month that are one and the same draw, so that divisions are
bought together. It changes no division's own rate."""

START_BUNDLE = {"Maintenance": 0.55, "Training": 0.12, "Services": 0.10, "Success Plan": 0.15}
"""Chance that a first order of Solidworks brings these along."""

EARLY_SHARE = 0.55
EARLY_MONTHS = 12
"""Share of customers who arrive, ever more thinly, in the first months of the log; the others
arrive evenly."""

LAW_LIST = tuple(LAWS[division] for division in DIVISIONS)
ADOPTION: NDArray[np.float64] = np.array([law.adoption for law in LAW_LIST])
AGAIN: NDArray[np.float64] = np.stack([law.again for law in LAW_LIST])
ENTRY: NDArray[np.float64] = np.array([law.entry for law in LAW_LIST])
GROWTH: NDArray[np.float64] = np.array([law.growth for law in LAW_LIST])
SIZE_FACTOR: NDArray[np.float64] = np.exp(
    np.outer([law.size for law in LAW_LIST], np.array(SIZE_STEPS))
)
"""Factor by division and size, shape (divisions, sizes)."""
TASTE: NDArray[np.float64] = np.array(
    [[law.tastes.get(industry, 1.0) for industry in INDUSTRIES] for law in LAW_LIST]
)
"""Factor by division and industry, shape (divisions, industries)."""
PATH_INDEX = tuple(
    (DIVISIONS.index(parent), DIVISIONS.index(child), strength) for parent, child, strength in PATHS
)
