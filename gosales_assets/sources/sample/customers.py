"""Draw the customers: who they are, where they sit, when they arrive, who sells to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from . import world
from .names import company_names
from .spec import SampleSpec

REGIONS = ("West", "Central", "East", "South", "Canada")
REGION_SHARES = (0.24, 0.22, 0.22, 0.20, 0.12)
BRANCHES = (
    ("Seattle", "Los Angeles"),
    ("Chicago", "Denver"),
    ("Boston", "Philadelphia"),
    ("Atlanta", "Dallas"),
    ("Toronto", "Calgary"),
)
"""Two branches a region."""

CUSTOMERS_PER_REP = 110
REP_NAMES = (
    (
        "Ana",
        "Ben",
        "Carla",
        "Dev",
        "Elena",
        "Femi",
        "Grace",
        "Hugo",
        "Iris",
        "Jonas",
        "Kemi",
        "Liam",
    ),
    ("Abbott", "Bauer", "Costa", "Dube", "Eriksen", "Fraser", "Gallo", "Huang", "Ito", "Jensen"),
)

BLANK_INDUSTRY = 0.05
PARENT_SHARE = 0.08
PREFIX_SHARE = 0.6
IDS_PER_CUSTOMER = 4


@dataclass(frozen=True)
class Customers:
    """All customers, sorted by the month of their first order. Arrays have shape (customers,).

    Parameters
    ----------
    table
        What the reseller knows, one row per customer: the columns of `side/customers.csv`, and
        `account` (its account number), `branch`, `log_name` (how the log writes its name),
        `true_industry` and `true_sub_industry` (never blank).
    arrival
        Month number of the first order.
    size
        Index into `world.SIZES`.
    in_canada
        Whether the customer sits in Canada.
    static
        Factor on the rate of each division, shape (divisions, customers).
    entry
        Weight of each division as the first order, shape (divisions, customers).
    arrived
        Customers with an arrival before each month, shape (months + 1,).
    """

    table: pl.DataFrame
    arrival: NDArray[np.int32]
    size: NDArray[np.int64]
    in_canada: NDArray[np.bool_]
    static: NDArray[np.float64]
    entry: NDArray[np.float64]
    arrived: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.arrival)


def draw_customers(spec: SampleSpec, rng: np.random.Generator) -> Customers:
    """Draw `spec.customers` customers."""
    count = spec.customers
    arrival = _arrival_months(spec, rng)
    industry = rng.choice(len(world.INDUSTRIES), count, p=world.INDUSTRY_SHARES)
    size = rng.choice(len(world.SIZES), count, p=world.SIZE_SHARES)
    table = _table(industry, size, rng)
    hidden = np.exp(world.HIDDEN_SPREAD * rng.standard_normal(count))
    taste = world.TASTE[:, industry]
    return Customers(
        table=table,
        arrival=arrival,
        size=size,
        in_canada=(table["country"] == "Canada").to_numpy(),
        static=taste * world.SIZE_FACTOR[:, size] * hidden,
        entry=taste * world.ENTRY[:, None],
        arrived=np.searchsorted(arrival, np.arange(spec.months + 1)).astype(np.int64),
    )


def _arrival_months(spec: SampleSpec, rng: np.random.Generator) -> NDArray[np.int32]:
    """Sorted month of the first order of each customer."""
    early = rng.random(spec.customers) < world.EARLY_SHARE
    # The square thins arrivals out over the early months.
    first_year = np.floor(world.EARLY_MONTHS * rng.random(spec.customers) ** 2)
    later = rng.integers(0, spec.months, spec.customers)
    return np.sort(np.where(early, first_year, later)).astype(np.int32)


def _numbers(count: int, rng: np.random.Generator) -> pl.Series:
    """`count` distinct numbers as text of equal width; about one in ten starts with a zero."""
    digits = max(6, len(str(count * IDS_PER_CUSTOMER)))
    chosen = rng.choice(10**digits - 1, count, replace=False, shuffle=True) + 1
    return pl.Series(chosen).cast(pl.String).str.zfill(digits)


def _labels(index: NDArray[np.integer], labels: tuple[str, ...] | list[str]) -> pl.Series:
    """Text by index."""
    return pl.Series(labels, dtype=pl.String).gather(index)


def _table(
    industry: NDArray[np.int64], size: NDArray[np.int64], rng: np.random.Generator
) -> pl.DataFrame:
    """Draw what the reseller knows about each customer."""
    count = len(industry)
    ids = _numbers(count, rng)
    region = rng.choice(len(REGIONS), count, p=REGION_SHARES)
    branch, reps = _staff(region, rng)
    subs = list(world.INDUSTRIES.values())
    offsets = np.cumsum([0] + [len(names) for names in subs])
    width = np.array([len(names) for names in subs])[industry]
    sub_industry = offsets[industry] + np.floor(rng.random(count) * width).astype(np.int64)
    known = pl.Series(rng.random(count) >= BLANK_INDUSTRY)
    child = pl.Series(rng.random(count) < PARENT_SHARE)
    table = pl.DataFrame(
        {
            "customer_id": ids,
            "customer_name": company_names(count, rng),
            "industry": _labels(industry, list(world.INDUSTRIES)),
            "sub_industry": _labels(sub_industry, [name for names in subs for name in names]),
            "region": _labels(region, REGIONS),
            "territory": pl.select(
                pl.concat_str(
                    _labels(region, REGIONS), pl.lit("-"), pl.Series(rng.integers(1, 5, count))
                )
            ).to_series(),
            "segment": _labels(size, world.SEGMENTS),
            "size": _labels(size, world.SIZES),
            "postcode": pl.Series(rng.integers(10_000, 99_999, count)).cast(pl.String),
            "sales_rep": reps,
            "parent_account": ids.gather(rng.integers(0, count, count)),
            "account": _numbers(count, rng),
            "branch": branch,
            "prefixed": rng.random(count) < PREFIX_SHARE,
        }
    )
    return table.with_columns(
        pl.col("industry").alias("true_industry"),
        pl.col("sub_industry").alias("true_sub_industry"),
        pl.when(known).then("industry").alias("industry"),
        pl.when(known).then("sub_industry").alias("sub_industry"),
        pl.when(child & (pl.col("parent_account") != pl.col("customer_id")))
        .then("parent_account")
        .alias("parent_account"),
        pl.when(pl.col("region") == "Canada")
        .then(pl.lit("Canada"))
        .otherwise(pl.lit("USA"))
        .alias("country"),
        pl.when("prefixed")
        .then(pl.concat_str("account", pl.lit(" "), "customer_name"))
        .otherwise("customer_name")
        .alias("log_name"),
    )


def _staff(region: NDArray[np.int64], rng: np.random.Generator) -> tuple[pl.Series, pl.Series]:
    """Branch and rep of each customer: reps belong to one branch, branches to one region."""
    count = len(region)
    per_branch = max(1, round(count / CUSTOMERS_PER_REP / (2 * len(REGIONS))))
    branch = 2 * region + rng.integers(0, 2, count)
    rep = branch * per_branch + rng.integers(0, per_branch, count)
    given, family = REP_NAMES
    pairs = len(given) * len(family)
    names = [
        f"{given[number % len(given)]} {family[number // len(given) % len(family)]}"
        + (f" {number // pairs + 1}" if number >= pairs else "")
        for number in range(2 * len(REGIONS) * per_branch)
    ]
    branches = [name for pair in BRANCHES for name in pair]
    return _labels(branch, branches), _labels(rep, names)
