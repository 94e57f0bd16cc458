"""The two layers of features: once per customer, and once per customer and target.

`fit` learns what a cutoff's features need, `customer_layer` and `division_layer` compute the
columns of the catalogue, `matrix` joins them for the candidates of one target.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.features import affinity, fitted, lifetime, profile, similarity
from gosales_assets.features.activity import Activity
from gosales_assets.features.catalog import ATTRIBUTES, CATALOG, NEVER, feature_names
from gosales_assets.features.contract import CUSTOMER_FEATURES, DIVISION_FEATURES, FEATURE_MATRIX
from gosales_assets.features.history import YEAR, history
from gosales_assets.features.holdings import Array, Holdings, holdings_of
from gosales_assets.features.installed import COUNTS, installed
from gosales_assets.features.market import market
from gosales_assets.features.sku_affinity import sku_pull
from gosales_assets.settings import Settings

MATRIX_KEYS = ["cutoff", "division", "customer_id", "cohort"]


@dataclass(frozen=True)
class Fitted:
    """What the target layer needs of what was learned: rules and parameters."""

    rules: pl.DataFrame
    statistics: pl.DataFrame


@dataclass(frozen=True)
class Learned(Fitted):
    """All that was learned for a cutoff: also features.affinity_evidence."""

    evidence: pl.DataFrame


@dataclass(frozen=True)
class SideTables:
    """What features read beside the log: raw.customers, star.industry_matches, installed base."""

    customers: pl.DataFrame
    matches: pl.DataFrame
    installed_base: pl.DataFrame


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold linear algebra to one thread, so that the order of summation never varies."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, user_api="blas"):
        yield


def attributes_of(activity: Activity, side: SideTables, settings: Settings) -> pl.DataFrame:
    """Attributes per customer that may be used at this cutoff, in customer order."""
    known = profile.attributes_known_by(side.customers, side.matches, activity.cutoff, settings)
    newest = profile.latest_of_lines(activity.lines)
    return (
        activity.customers.join(known, on="customer_id", how="left")
        .join(newest, on="customer_id", how="left")
        .sort("customer_id")
    )


def fit(
    activity: Activity, side: SideTables, targets: Sequence[str], settings: Settings
) -> Learned:
    """Learn rules, factors, priors and rates on what was known by the cutoff."""
    with one_blas_thread():
        holdings = holdings_of(activity, targets)
        timing = fitted.purchase_timing(activity)
        exposure = fitted.exposure_months(timing)
        least = settings.features.affinity_min_customers
        rules = affinity.learn_rules(holdings, targets, least, activity.cutoff)
        lifts = affinity.lift_table(rules, holdings.items, targets)
        learned: dict[str, Any] = {
            "lifetime": fitted.fit_lifetime(timing, settings.seed),
            "mix": fitted.fit_mix(holdings, targets),
            "purchase_rate": fitted.fit_purchase_rates(holdings, exposure, targets),
            "similarity": fitted.fit_similarity(holdings, settings),
            **fitted.fit_profile(holdings, attributes_of(activity, side, settings), targets),
        }
        return Learned(
            rules=rules,
            evidence=affinity.best_evidence(holdings, lifts, targets, activity.cutoff),
            statistics=fitted.statistics_rows(activity.cutoff, activity.last_day, learned),
        )


def customer_layer(activity: Activity, learned: dict[str, Any]) -> pl.DataFrame:
    """Compute features.customer_features of one cutoff: one row per customer."""
    with one_blas_thread():
        timing = fitted.purchase_timing(activity)
        model = lifetime.BGNBD(**learned["lifetime"])
        repeats, recency, age = (timing[c].to_numpy() for c in ("repeats", "recency", "age"))
        weeks = activity.window_months * 365.25 / 12 / lifetime.DAYS_PER_WEEK
        alive = lifetime.p_alive(model, repeats, recency, age)
        expected = lifetime.expected_orders(model, repeats, recency, age, weeks)
        counts = timing.select("customer_id").with_columns(
            pl.Series("lifetime__all__p_alive__ever", alive),
            pl.Series("lifetime__all__expected_orders__ever", expected),
        )
        frame = (
            activity.customers.join(history(activity, "all"), on="customer_id", how="left")
            .join(counts, on="customer_id", how="left")
            .join(_diversity(activity), on="customer_id", how="left")
            .with_columns(pl.lit(activity.cutoff).alias("cutoff"))
        )
        return CUSTOMER_FEATURES.typed(_declared(frame, ["cutoff", "customer_id"], "all"))


def division_layer(
    activity: Activity,
    side: SideTables,
    stored: Fitted,
    targets: Sequence[str],
    settings: Settings,
) -> pl.DataFrame:
    """Compute features.division_features of one cutoff: one row per customer and target."""
    with one_blas_thread():
        keys = ["customer_id", "division"]
        scores = _scores(activity, side, stored, targets, settings)
        owned = pl.col("recency__div__days__ever").is_not_null().cast(pl.Float64)
        frame = scores.join(history(activity, "div"), on=keys, how="left").with_columns(
            owned.alias("ownership__div__owned__ever")
        )
        base = installed(activity, side.installed_base)
        if base is not None:
            counted = [pl.col(f"installed__div__{name}__now").fill_null(0.0) for name in COUNTS]
            frame = frame.join(base, on=keys, how="left").with_columns(counted)
        moves = market(activity, targets, settings.labels.gp_min_threshold)
        frame = frame.join(moves, on="division", how="left").with_columns(
            pl.lit(activity.cutoff).alias("cutoff")
        )
        return DIVISION_FEATURES.typed(
            _declared(frame, ["cutoff", "division", "customer_id"], "div", "mkt")
        )


def matrix(
    candidates: pl.DataFrame, customer: pl.DataFrame, division: pl.DataFrame
) -> pl.DataFrame:
    """Join both layers for the candidates of one cutoff and target: features.feature_matrix.

    Raises
    ------
    ValueError
        When a candidate has no features.
    """
    joined = candidates.select(MATRIX_KEYS).join(
        division, on=["cutoff", "division", "customer_id"], how="inner"
    )
    joined = joined.join(customer, on=["cutoff", "customer_id"], how="inner")
    if joined.height != candidates.height:
        missing = candidates.join(joined, on="customer_id", how="anti")["customer_id"]
        raise ValueError(
            f"{missing.len()} candidates have no features, such as {missing.head(3).to_list()}"
        )
    return FEATURE_MATRIX.typed(joined.select(*MATRIX_KEYS, *feature_names()))


def _scores(
    activity: Activity,
    side: SideTables,
    stored: Fitted,
    targets: Sequence[str],
    settings: Settings,
) -> pl.DataFrame:
    """Grid of all customers and targets, with every feature that comes from fitted things."""
    holdings = holdings_of(activity, targets)
    learned = fitted.parameters_of(stored.statistics)
    exposure = fitted.exposure_months(fitted.purchase_timing(activity))
    arrays = {
        **_affinity(activity, holdings, stored.rules, targets, settings),
        **_similarity(holdings, learned["similarity"], targets),
        **_profile(attributes_of(activity, side, settings), learned, len(targets)),
    }
    frames = []
    for position, target in enumerate(targets):
        plain, eased = fitted.mix_shares(holdings, learned["mix"], target)
        rates = fitted.purchase_rates(holdings, exposure, learned["purchase_rate"], target)
        columns = {name: array[:, position] for name, array in arrays.items()} | {
            "mix__div__value_share__12m": plain,
            "mix__div__shrunk_value_share__12m": eased,
            "rate__div__orders_per_month__24m": rates,
        }
        named = [pl.Series(name, values).fill_nan(None) for name, values in columns.items()]
        frames.append(activity.customers.with_columns(pl.lit(target).alias("division"), *named))
    return pl.concat(frames)


def _affinity(
    activity: Activity,
    holdings: Holdings,
    rules: pl.DataFrame,
    targets: Sequence[str],
    settings: Settings,
) -> dict[str, Array]:
    lifts = affinity.lift_table(rules, holdings.items, targets)
    scores = affinity.lift_scores(holdings, lifts)
    least = settings.features.affinity_min_customers
    products = sku_pull(activity, holdings, targets, least)
    return {f"affinity__div__{name}__12m": score for name, score in scores.items()} | {
        "affinity__div__sku_log_lift__12m": products
    }


def _similarity(
    holdings: Holdings, learned: dict[str, Any], targets: Sequence[str]
) -> dict[str, Array]:
    columns = holdings.columns(targets)
    neighbours = similarity.neighbour_scores(
        holdings.months, similarity.item_cosines(holdings.months)
    )
    scores = {"similarity__div__neighbour__24m": neighbours[:, columns]}
    if learned["factors"] is not None:
        als = similarity.als_scores(holdings.months, np.array(learned["factors"]))
        scores["similarity__div__als__24m"] = als[:, columns]
    return scores


def _profile(attributes: pl.DataFrame, learned: dict[str, Any], targets: int) -> dict[str, Array]:
    found = {}
    for name, window in [("industry_owned", "ever"), *((f"{a}_rate", "12m") for a in ATTRIBUTES)]:
        rates = learned.get(f"profile_{name}")
        if rates is not None:
            attribute = name.removesuffix("_rate").removesuffix("_owned")
            values = attributes[attribute].to_list()
            found[f"profile__div__{name}__{window}"] = profile.rates_of(values, rates, targets)
    return found


def _diversity(activity: Activity) -> pl.DataFrame:
    """How widely each customer buys: divisions, products, entropy of orders over divisions."""
    holdings = holdings_of(activity, [])
    divisions = holdings.is_division
    orders = holdings.orders[:, divisions]
    total = orders.sum(axis=1)
    share = orders / np.maximum(total, 1.0)[:, None]
    terms = np.where(share > 0, share * np.log(np.where(share > 0, share, 1.0)), 0.0)
    t = activity.lines
    bought = t.filter(~t.is_return & (t.order_date > activity.day_before(YEAR)))
    skus = bought.group_by("customer_id").aggregate(skus=bought.sku.nunique().cast("float64"))
    return (
        activity.customers.with_columns(
            pl.Series("diversity__all__divisions__12m", (orders > 0).sum(axis=1), pl.Float64),
            pl.Series(
                "diversity__all__divisions_owned__ever", holdings.ever[:, divisions].sum(axis=1)
            ),
            pl.Series(
                "diversity__all__entropy__12m",
                np.where(total > 0, np.abs(terms.sum(axis=1)), np.nan),
            ).fill_nan(None),
        )
        .join(skus.to_polars(), on="customer_id", how="left")
        .rename({"skus": "diversity__all__skus__12m"})
    )


def _declared(frame: pl.DataFrame, keys: list[str], *scopes: str) -> pl.DataFrame:
    """Bring a frame to the catalogue's columns: 0 for nothing, null for unknown or not given."""
    columns = []
    for item in CATALOG:
        if item.scope not in scopes:
            continue
        known = item.name in frame.columns
        column = pl.col(item.name) if known else pl.lit(None, pl.Float64).alias(item.name)
        columns.append(column.fill_null(0.0) if item.null_means == NEVER else column)
    return frame.select(*keys, *columns)
