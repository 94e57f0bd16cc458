"""The catalogue: every feature that may stand in a matrix, what it means and when it is missing.

Names read ``family__scope__measure__window``. The scope is ``all`` (the customer), ``div``
(customer and target) or ``mkt`` (the target alone). Nothing else may appear in a matrix, and
everything here does, save the families that are off in the settings.
"""

from functools import cache
from itertools import chain

from gosales_assets.features.catalog.customer import customer_features
from gosales_assets.features.catalog.families import FAMILIES
from gosales_assets.features.catalog.feature import ABSENT, NEVER, WINDOWS, YEAR, Feature
from gosales_assets.features.catalog.history import (
    DECAY_HALF_LIVES,
    OFFSET_DAYS,
    OFFSET_MEASURES,
    RFM_MEASURES,
    history_features,
)
from gosales_assets.features.catalog.target import ATTRIBUTES, EXPIRING_DAYS, target_features

__all__ = [
    "ABSENT",
    "ATTRIBUTES",
    "CATALOG",
    "DECAY_HALF_LIVES",
    "EXPIRING_DAYS",
    "FAMILIES",
    "NEVER",
    "OFFSET_DAYS",
    "OFFSET_MEASURES",
    "RFM_MEASURES",
    "WINDOWS",
    "YEAR",
    "Feature",
    "feature",
    "feature_names",
    "plain_words",
]

CATALOG: tuple[Feature, ...] = tuple(
    chain(
        history_features("all", ""),
        customer_features(),
        history_features("div", " of {division}"),
        target_features(),
    )
)
"""Every feature, in the order of the matrix columns."""


def feature_names(*scopes: str) -> list[str]:
    """Names of all features of these scopes (none given: of all), in matrix order."""
    return [f.name for f in CATALOG if not scopes or f.scope in scopes]


@cache
def feature(name: str) -> Feature:
    """Look a feature up; raises ``KeyError`` for a name that is not in the catalogue."""
    return {f.name: f for f in CATALOG}[name]


def plain_words(name: str) -> str:
    """Say a feature in a short phrase; ``{division}`` stands for the target.

    Examples
    --------
    >>> plain_words("rfm__div__orders__12m")
    'orders of {division} in the last 12 months'
    """
    return feature(name).meaning
