"""Everything that is fitted for a cutoff's features, on what was known by then, ready to store.

Fitting and using are apart: the layers only read the parameters that were stored.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.features import affinity, lifetime, profile, similarity
from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets.features.contract import FITTED_STATISTICS
from gosales_assets.features.holdings import Array, Holdings
from gosales_assets.features.past import Past
from gosales_assets.features.shrinkage import gamma_prior, rate_prior, shrunk
from gosales_assets.settings import Settings

Parameters = dict[str, Any]
MONTHS_SEEN = 24
_DAYS_PER_MONTH = 365.25 / 12


def purchase_timing(past: Past) -> pl.DataFrame:
    """Order days of each customer as BG/NBD sees them: repeats, and weeks of recency and age."""
    week = lifetime.DAYS_PER_WEEK
    return past.customers.select(
        "customer_id",
        repeats=(pl.col("order_days") - 1).cast(pl.Float64),
        recency=(pl.col("oldest") - pl.col("recent")) / week,
        age=pl.col("oldest") / week,
    )


def exposure_months(timing: pl.DataFrame) -> Array:
    """Months in which a customer could have bought, at most 24 and at least one day."""
    months = timing["age"].to_numpy() * lifetime.DAYS_PER_WEEK / _DAYS_PER_MONTH
    return np.clip(months, 1 / _DAYS_PER_MONTH, MONTHS_SEEN)


def fit_lifetime(timing: pl.DataFrame, seed: int) -> Parameters:
    """BG/NBD parameters of the customer base."""
    repeats, recency, age = (timing[c].to_numpy() for c in ("repeats", "recency", "age"))
    return vars(lifetime.fit(repeats, recency, age, seed))


def fit_similarity(holdings: Holdings, targets: Sequence[str], settings: Settings) -> Parameters:
    """ALS item factors (null when ALS is off or the data too small), and neighbours' cosines."""
    wanted = settings.features
    speaks = affinity.outsiders(holdings, targets)
    cosines = similarity.item_cosines(holdings.months, speaks, holdings.columns(targets))
    factors = similarity.fit_item_factors(
        holdings.months, wanted.als_factors, wanted.als_iterations, settings.seed
    )
    return {
        "items": holdings.items,
        "factors": None if factors is None else factors.tolist(),
        "cosines": cosines.tolist(),
        "regularization": similarity.REGULARIZATION,
        "iterations": wanted.als_iterations,
        "seed": settings.seed,
    }


def fit_purchase_rates(
    holdings: Holdings, exposure: Array, targets: Sequence[str]
) -> dict[str, list[float]]:
    """Gamma prior (shape, rate) of months with an order, per month of exposure; per target."""
    return {
        target: list(gamma_prior(holdings.months[:, holdings.column(target)], exposure))
        for target in targets
    }


def fit_mix(holdings: Holdings, targets: Sequence[str]) -> dict[str, list[float]]:
    """Market share of value and prior strength (in orders), per target."""
    orders = holdings.orders[:, holdings.is_division].sum(axis=1)
    total = holdings.value[:, holdings.is_division].sum()
    fitted = {}
    for target in targets:
        column = holdings.column(target)
        share = float(holdings.value[:, column].sum() / total) if total else 0.0
        fitted[target] = [share, rate_prior(holdings.orders[:, column], orders)]
    return fitted


def fit_profile(
    holdings: Holdings, attributes: pl.DataFrame, targets: Sequence[str]
) -> dict[str, Parameters]:
    """Smoothed purchase rates per attribute value; attributes without any value are left out."""
    columns = holdings.columns(targets)
    recent, ever = (
        np.asfortranarray(bought[:, columns]) for bought in (holdings.held, holdings.ever)
    )
    overall = np.broadcast_to(recent.mean(axis=0), recent.shape)
    parents: dict[str, Array] = {}
    fitted: dict[str, Parameters] = {}
    for attribute in ATTRIBUTES:
        values = attributes[attribute]
        if values.null_count() == len(values):
            continue
        parent = parents.get(profile.PARENTS.get(attribute, ""), overall)
        name = f"profile_{attribute}_rate"
        fitted[name] = profile.attribute_rates(values, recent, parent)
        if attribute in profile.PARENTS.values():
            rates = profile.rates_of(values, fitted[name], len(targets))
            parents[attribute] = np.where(np.isnan(rates), overall, rates)
    if "profile_industry_rate" in fitted:
        everyone = np.broadcast_to(ever.mean(axis=0), ever.shape)
        owned = profile.attribute_rates(attributes["industry"], ever, everyone)
        fitted["profile_industry_owned"] = owned
    return fitted


def purchase_rates(
    holdings: Holdings, exposure: Array, fitted: Mapping[str, Sequence[float]], target: str
) -> Array:
    """Months with an order to expect a month: (shape + months with an order) / (rate + time)."""
    shape, rate = fitted[target]
    return np.asarray((shape + holdings.months[:, holdings.column(target)]) / (rate + exposure))


def mix_shares(
    holdings: Holdings, fitted: Mapping[str, Sequence[float]], target: str
) -> tuple[Array, Array]:
    """The target's share of the customer's value: plain (NaN: no value), and shrunk."""
    market, strength = fitted[target]
    orders = holdings.orders[:, holdings.is_division].sum(axis=1)
    value = holdings.value[:, holdings.is_division].sum(axis=1)
    own = holdings.value[:, holdings.column(target)]
    plain = np.where(value > 0, own / np.where(value > 0, value, 1.0), np.nan)
    weight = np.where(value > 0, orders, 0.0)
    share = np.where(value > 0, plain, market)
    return plain, shrunk(weight * share, weight, market, strength)


def statistics_rows(cutoff: date, fit_date: date, fitted: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of features.fitted_statistics."""
    rows = []
    for name, parameters in sorted(fitted.items()):
        text = json.dumps(parameters, sort_keys=True)
        checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
        rows.append(
            {
                "cutoff": cutoff,
                "name": name,
                "fit_date": fit_date,
                "parameters": text,
                "checksum": checksum,
            }
        )
    return FITTED_STATISTICS.typed(pl.DataFrame(rows))


def parameters_of(statistics: pl.DataFrame) -> dict[str, Any]:
    """Read stored parameters back: name -> values."""
    pairs = statistics.select("name", "parameters").iter_rows()
    return {name: json.loads(text) for name, text in pairs}
