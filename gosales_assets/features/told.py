"""What side tables could tell at a cutoff, worked out anew to hold features against.

Only who could be told of, not what: a feature about anybody else came from a later day, or from a
snapshot of today. It shares no code with `profile` and `installed`.
"""

from datetime import date

import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets.settings import Settings

_FROM_LINES = ("branch", "rep")
_INDUSTRY = ("industry", "sub_industry")
_EXAMPLES = 3
_OWNED = "installed__div__owned__now"
CHECKED = {
    **{f"profile__div__{name}_rate__12m": name for name in ATTRIBUTES if name not in _FROM_LINES},
    "profile__div__industry_owned__ever": "industry",
}
"""Feature -> attribute that a side table must have told of the customer."""
COLUMNS = ["customer_id", *CHECKED, _OWNED]


def customers_told(
    customers: pl.DataFrame, matches: pl.DataFrame, cutoff: date, settings: Settings
) -> dict[str, pl.Series]:
    """Customers of whom each attribute could be told on the evening of a cutoff.

    That takes a row that held by then, or one that does not say since when, in a column that the
    settings declare stable; industries also come from the industry file, by a name known by then.

    Parameters
    ----------
    customers, matches
        raw.customers and star.industry_matches.
    """
    stable = {name: side.stable for name, side in settings.side_tables.items()}
    known = (pl.col("name_known_from") <= cutoff).fill_null(
        "customer_name" in stable.get("customers", [])
    )
    told = {}
    for attribute in CHECKED.values():
        found = [_told(customers, attribute, cutoff, stable.get("customers", []))]
        if attribute in _INDUSTRY:
            declared = stable.get("industry_enrichment", [])
            found.append(_told(matches.filter(known), attribute, cutoff, declared))
        told[attribute] = pl.concat(found).unique().sort()
    return told


def _told(rows: pl.DataFrame, attribute: str, cutoff: date, stable: list[str]) -> pl.Series:
    held = (pl.col("valid_from") <= cutoff).fill_null(attribute in stable)
    return rows.filter(held & pl.col(attribute).is_not_null())["customer_id"]


def told_too_early(features: pl.DataFrame, told: dict[str, pl.Series]) -> list[Breach]:
    """Find features that speak of customers of whom nothing could be told yet.

    Parameters
    ----------
    features
        Rows of features.division_features.
    told
        What `customers_told` found.
    """
    rule = "only of customers of whom a side table told by the cutoff"
    found = []
    for feature, attribute in CHECKED.items():
        if feature not in features.columns:  # its family is off
            continue
        early = features.filter(
            pl.col(feature).is_not_null(), ~pl.col("customer_id").is_in(told[attribute].implode())
        )
        if early.height:
            examples = tuple(early["customer_id"].head(_EXAMPLES))
            found.append(Breach(feature, rule, early.height, examples))
    return found


def installed_too_early(features: pl.DataFrame, base: pl.DataFrame, cutoff: date) -> list[Breach]:
    """Find customers with more installed products than they had bought by the cutoff.

    Parameters
    ----------
    features
        Rows of features.division_features, of one target.
    base
        raw.installed_base.
    """
    if _OWNED not in features.columns:  # its family is off
        return []
    bought = base.filter(pl.col("purchase_date") <= cutoff).group_by("customer_id").len("bought")
    joined = features.join(bought, on="customer_id", how="left")
    early = joined.filter(pl.col(_OWNED) > pl.col("bought").fill_null(0))
    if early.is_empty():
        return []
    examples = tuple(early["customer_id"].head(_EXAMPLES))
    return [Breach(_OWNED, "only products bought by the cutoff", early.height, examples)]
