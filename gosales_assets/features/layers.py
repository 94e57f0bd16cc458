"""The two layers of features: once per customer, and once per customer and target.

`fit` learns what a cutoff's features need, `customer_layer` and `division_layer` compute the
columns of the catalogue, `matrix` joins them for the candidates of one target.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.features import (
    affinity,
    fitted,
    lifetime,
    profile,
    similarity,
    sku_affinity,
)
from gosales_assets.features.activity import WHOLE, Activity
from gosales_assets.features.caps import capped
from gosales_assets.features.catalog import (
    ABSENT,
    ATTRIBUTES,
    NEVER,
    feature,
)
from gosales_assets.features.contract import CUSTOMER_FEATURES, DIVISION_FEATURES, FEATURE_MATRIX
from gosales_assets.features.diversity import diversity
from gosales_assets.features.history import history, read_ledgers, revenue_of_nothing
from gosales_assets.features.holdings import Array, Holdings, holdings_of
from gosales_assets.features.installed import installed
from gosales_assets.features.ledger import Whole
from gosales_assets.features.market import market
from gosales_assets.features.past import Past
from gosales_assets.features.pull import best_evidence
from gosales_assets.features.seats import seats
from gosales_assets.features.timing import fit_timing, timing_scores
from gosales_assets.settings import Settings
from gosales_assets.tables import Table

MATRIX_KEYS = ["cutoff", "division", "customer_id", "cohort"]


@dataclass(frozen=True)
class Fitted:
    """What the target layer needs of what was learned: rules (two tables) and parameters."""

    rules: pl.DataFrame
    product_rules: pl.DataFrame
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
    """Hold linear algebra to one thread, so that the order of summation never varies.

    The limit is the process's: where threads work side by side, it must be set around all of them.
    """
    import scipy.linalg  # noqa: F401 - only libraries that are loaded by now are held
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, user_api="blas"):
        yield


def attributes_of(past: Past, side: SideTables, settings: Settings) -> pl.DataFrame:
    """Attributes per customer that may be used at this cutoff, in customer order."""
    known = profile.attributes_known_by(side.customers, side.matches, past.cutoff, settings)
    newest = past.customers.select("customer_id", "branch", "rep")
    return newest.join(known, on="customer_id", how="left", maintain_order="left")


def fit(
    past: Past,
    side: SideTables,
    targets: Sequence[str],
    windows: Mapping[str, int],
    settings: Settings,
) -> Learned:
    """Learn rules, factors, priors and rates on what was known by the cutoff.

    Parameters
    ----------
    windows
        Target -> months that are predicted of it.
    """
    with one_blas_thread():
        holdings = holdings_of(past, targets)
        timing = fitted.purchase_timing(past)
        exposure = fitted.exposure_months(timing)
        least = settings.features.affinity_min_customers
        rules = affinity.learn_rules(holdings, targets, least, past.cutoff)
        baskets = sku_affinity.baskets_of(past)
        products = sku_affinity.learn_product_rules(past, baskets, holdings, targets, least)
        families = computed_families()
        learned: dict[str, Any] = {"similarity": fitted.fit_similarity(holdings, targets, settings)}
        if "lifetime" in families:
            learned["lifetime"] = fitted.fit_lifetime(timing, settings.seed)
        if "mix" in families:
            learned["mix"] = fitted.fit_mix(holdings, targets)
        if "rate" in families:
            learned["purchase_rate"] = fitted.fit_purchase_rates(holdings, exposure, targets)
        if "profile" in families:
            attributes = attributes_of(past, side, settings)
            learned |= fitted.fit_profile(holdings, attributes, targets)
        if "timing" in families:
            learned["timing"] = fit_timing(past, holdings, targets, windows)
        return Learned(
            rules=rules,
            product_rules=products,
            evidence=best_evidence(
                holdings.customers,
                targets,
                (affinity.lines_pull(holdings, rules, targets), rules),
                (sku_affinity.products_pull(baskets, products, targets), products),
                past.cutoff,
            ),
            statistics=fitted.statistics_rows(past.cutoff, past.last_day, learned),
        )


def computed_families() -> set[str]:
    """Families that the layers hold: those that are off are not computed, but for a few."""
    names = (*_features_of(CUSTOMER_FEATURES), *_features_of(DIVISION_FEATURES))
    return {feature(name).family for name in names}


def _features_of(layer: Table) -> list[str]:
    return [name for name in layer.types if "__" in name]


def customer_layer(
    activity: Activity, past: Past, learned: dict[str, Any]
) -> Callable[[], pl.DataFrame]:
    """Compute features.customer_features of one cutoff: one row per customer.

    Returns
    -------
    A function that lays out the rows; it may be called in any thread.
    """
    families, wanted = computed_families(), _features_of(CUSTOMER_FEATURES)
    read_ledgers(activity.star, "all", families)
    units = seats(activity, "all") if "seats" in families else None
    numbers = _numbers_of(activity, past)

    def rows() -> pl.DataFrame:
        own = history(activity, WHOLE, wanted, numbers)
        frame = (
            diversity(past)
            .hstack(own)
            .with_columns(pl.lit(past.cutoff).alias("cutoff"), *revenue_of_nothing("all"))
        )
        if "lifetime" in families:
            frame = frame.hstack(_lifetime(activity, past, learned["lifetime"]))
        return CUSTOMER_FEATURES.typed(_declared(_beside(frame, units), CUSTOMER_FEATURES))

    return rows


def _lifetime(activity: Activity, past: Past, fitted_model: dict[str, Any]) -> pl.DataFrame:
    """Chance to still be a customer, and orders to expect; in customer order."""
    timing = fitted.purchase_timing(past)
    model = lifetime.BGNBD(**fitted_model)
    repeats, recency, age = (timing[c].to_numpy() for c in ("repeats", "recency", "age"))
    weeks = activity.star.window_months * 365.25 / 12 / lifetime.DAYS_PER_WEEK
    return pl.DataFrame(
        {
            "lifetime__all__p_alive__ever": lifetime.p_alive(model, repeats, recency, age),
            "lifetime__all__expected_orders__ever": lifetime.expected_orders(
                model, repeats, recency, age, weeks
            ),
        }
    )


def division_layer(
    activity: Activity,
    past: Past,
    side: SideTables,
    stored: Fitted,
    targets: Sequence[str],
    settings: Settings,
) -> Callable[[str], pl.DataFrame]:
    """Compute features.division_features of one cutoff: per target, one row per customer.

    What is counted is counted for all targets in one pass; the wide rows are laid out target by
    target, because those of many customers and targets would not fit into memory together.

    Returns
    -------
    A function that lays out the rows of one target; it may be called in any thread.
    """
    families, wanted = computed_families(), _features_of(DIVISION_FEATURES)
    read_ledgers(activity.star, "div", families)
    with one_blas_thread():
        scores = _scores(past, side, stored, targets, settings)
    by_target = {name: each.T.astype(np.float32, order="C") for name, each in scores.items()}
    signals = []
    if "seats" in families:
        signals.append(seats(activity, "div"))
    if "installed" in families:
        signals.append(installed(past, side.installed_base))
    numbers, moves = _numbers_of(activity, past), None
    if "market" in families:
        since = past.customers.select(pl.Series("customer", numbers), "oldest")
        moves = market(activity, since, targets, settings.labels.gp_min_threshold)
    owned = pl.col("recency__div__days__ever").is_not_null().cast(pl.Float64)

    def of(target: str) -> pl.DataFrame:
        place = list(targets).index(target)
        frame = past.ids.with_columns(
            pl.lit(past.cutoff).alias("cutoff"),
            pl.lit(target).alias("division"),
            *(pl.Series(name, each[place]).fill_nan(None) for name, each in by_target.items()),
        )
        own = history(activity, target, wanted, numbers)
        frame = frame.hstack(own).with_columns(
            owned.alias("ownership__div__owned__ever"), *revenue_of_nothing("div")
        )
        for signal in signals:
            frame = _beside(frame, None if signal is None else _of(signal, target))
        if moves is not None:
            frame = frame.join(moves, on="division", how="left")
        return DIVISION_FEATURES.typed(_declared(frame, DIVISION_FEATURES))

    return of


def _numbers_of(activity: Activity, past: Past) -> Whole:
    """Numbers of the customers with any purchase so far, in their order."""
    return activity.star.numbers(past.ids["customer_id"])


def _of(rows: pl.DataFrame, target: str) -> pl.DataFrame:
    return rows.filter(pl.col("division") == target).drop("division")


def matrix(
    candidates: pl.DataFrame,
    customer: pl.DataFrame,
    division: pl.DataFrame,
    caps: Mapping[str, float],
) -> pl.DataFrame:
    """Join both layers for the candidates of one cutoff and target: features.feature_matrix.

    Parameters
    ----------
    caps
        Where features are cut off, of `caps.caps_of`.

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
    return FEATURE_MATRIX.typed(capped(joined, caps).select(list(FEATURE_MATRIX.types)))


def _scores(
    past: Past,
    side: SideTables,
    stored: Fitted,
    targets: Sequence[str],
    settings: Settings,
) -> dict[str, Array]:
    """Every feature that comes from fitted things, by name: customers x targets; NaN: missing."""
    holdings = holdings_of(past, targets)
    learned, families = fitted.parameters_of(stored.statistics), computed_families()
    scores = _similarity(holdings, learned["similarity"], targets)
    if "affinity" in families:
        scores |= _affinity(past, holdings, stored, targets)
    if "timing" in families:
        scores |= timing_scores(holdings, learned["timing"], targets)
    if "profile" in families:
        scores |= _profile(attributes_of(past, side, settings), learned, len(targets))
    if "mix" in families:
        shares = [fitted.mix_shares(holdings, learned["mix"], target) for target in targets]
        plain, eased = (np.column_stack(each) for each in zip(*shares, strict=True))
        scores["mix__div__value_share__12m"] = plain
        scores["mix__div__shrunk_value_share__12m"] = eased
    if "rate" in families:
        exposure = fitted.exposure_months(fitted.purchase_timing(past))
        prior = learned["purchase_rate"]
        rates = [fitted.purchase_rates(holdings, exposure, prior, target) for target in targets]
        scores["rate__div__order_months__24m"] = np.column_stack(rates)
    return scores


def _affinity(
    past: Past, holdings: Holdings, stored: Fitted, targets: Sequence[str]
) -> dict[str, Array]:
    lines = affinity.lines_pull(holdings, stored.rules, targets)
    baskets = sku_affinity.baskets_of(past)
    products = sku_affinity.products_pull(baskets, stored.product_rules, targets)
    return {
        "affinity__div__max_lift__12m": lines.strongest,
        "affinity__div__mean_lift__12m": lines.mean,
        "affinity__div__sum_lift__12m": lines.total,
        "affinity__div__sku_log_lift__12m": products.mean,
        "affinity__div__sku_max_log_lift__12m": products.strongest,
        "affinity__div__sku_sum_log_lift__12m": products.total,
    }


def _similarity(
    holdings: Holdings, learned: dict[str, Any], targets: Sequence[str]
) -> dict[str, Array]:
    cosines = np.array(learned["cosines"])
    neighbours = similarity.neighbour_scores(holdings.months, cosines)
    scores = {"similarity__div__neighbour__24m": neighbours}
    if learned["factors"] is not None:
        als = similarity.als_scores(holdings.months, np.array(learned["factors"]))
        scores["similarity__div__als__24m"] = als[:, holdings.columns(targets)]
    return scores


def _profile(attributes: pl.DataFrame, learned: dict[str, Any], targets: int) -> dict[str, Array]:
    found = {}
    for name, window in [("industry_owned", "ever"), *((f"{a}_rate", "12m") for a in ATTRIBUTES)]:
        rates = learned.get(f"profile_{name}")
        if rates is not None:
            attribute = name.removesuffix("_rate").removesuffix("_owned")
            of_customers = profile.rates_of(attributes[attribute], rates, targets)
            found[f"profile__div__{name}__{window}"] = of_customers
    return found


def _beside(frame: pl.DataFrame, signal: pl.DataFrame | None) -> pl.DataFrame:
    """Join a signal that may be absent; whoever is not in it has none: counts are 0."""
    if signal is None:
        return frame
    counts = [
        name
        for name in signal.columns
        if name != "customer_id" and feature(name).null_means in ABSENT
    ]
    joined = frame.join(signal, on="customer_id", how="left")
    return joined.with_columns(pl.col(counts).fill_null(0.0))


def _declared(frame: pl.DataFrame, layer: Table) -> pl.DataFrame:
    """Bring a frame to a layer's columns: 0 for nothing, null for unknown or not given."""
    columns = []
    for name in layer.types:
        known = name in frame.columns
        column = pl.col(name) if known else pl.lit(None, pl.Float64).alias(name)
        never_missing = "__" in name and feature(name).null_means == NEVER
        columns.append(column.fill_null(0.0) if never_missing else column)
    return frame.select(columns)
