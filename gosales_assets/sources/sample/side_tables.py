"""Write the tables beside the log: customers, enrichment, assets, deals, contacts, blocks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from .catalogue import DIVISIONS, SKUS
from .customers import Customers
from .names import messy_names
from .orders import Orders
from .spec import SampleSpec

SIDE_COLUMNS: dict[str, tuple[str, ...]] = {
    "customers": (
        "customer_id",
        "customer_name",
        "industry",
        "sub_industry",
        "region",
        "territory",
        "segment",
        "size",
        "country",
        "postcode",
        "sales_rep",
        "parent_account",
    ),
    "industry_enrichment": ("enrichment_id", "company_name", "industry", "sub_industry"),
    "installed_base": ("customer_id", "sku", "purchase_date", "expiration_date", "quantity"),
    "open_deals": ("customer_id", "division", "stage", "amount"),
    "contacts_log": ("customer_id", "division", "contact_date", "outcome"),
    "blocks": ("customer_id", "division", "reason", "until"),
}
"""Columns of each side table."""

_ENRICHED_SHARE = 0.75
_ID_MATCH_SHARE = 0.5
_DEAL_SHARE, _CONTACT_SHARE, _BLOCK_SHARE = 0.03, 0.06, 0.01
_CONTACT_DAYS = 60

_STAGES = ("Qualify", "Demo", "Proposal", "Negotiate")
_OUTCOMES = ("No answer", "Call back", "Meeting booked", "Not interested")
_REASONS = ("Credit hold", "Legal dispute", "Do not contact", "Competitor")

_INSTALLED = np.array([sku.installed_months is not None for sku in SKUS])
_EXPIRY = [sku.installed_months or None for sku in SKUS]


class InstalledBase:
    """Collects the assets that customers buy, month by month."""

    def __init__(self, spec: SampleSpec) -> None:
        self._spec = spec
        self._parts: list[pl.DataFrame] = []

    def add(self, orders: Orders) -> None:
        """Add the month's lines of installed SKUs; returned units stay on the books."""
        lines = np.flatnonzero(_INSTALLED[orders.line_sku] & (orders.line_cents > 0))
        rows = orders.line_row[lines]
        first = self._spec.month_start(orders.month).toordinal() - date(1970, 1, 1).toordinal()
        self._parts.append(
            pl.DataFrame(
                {
                    "customer": orders.customer[rows].astype(np.int32),
                    "sku": orders.line_sku[lines].astype(np.int16),
                    "purchase_date": (first + orders.day[rows] - 1).astype(np.int32),
                    "quantity": orders.line_quantity[lines].astype(np.int32),
                }
            )
        )

    def table(self, customers: Customers) -> pl.DataFrame:
        """One row per asset bought, with its expiry (null = perpetual)."""
        assets = pl.concat(self._parts)
        months = pl.Series(_EXPIRY, dtype=pl.Int64).gather(assets["sku"])
        bought = pl.col("purchase_date").cast(pl.Date)
        return assets.select(
            customers.table["customer_id"].gather(assets["customer"]),
            pl.Series("sku", [sku.sku for sku in SKUS]).gather(assets["sku"]),
            bought,
            bought.dt.offset_by(pl.lit(months.cast(pl.String) + "mo")).alias("expiration_date"),
            pl.col("quantity"),
        ).sort("customer_id", "purchase_date", "sku", "quantity")


def write_side_tables(
    folder: Path,
    spec: SampleSpec,
    customers: Customers,
    installed: InstalledBase,
    rng: np.random.Generator,
) -> tuple[Path, ...]:
    """Write every side table as `<name>.csv` and return the paths."""
    tables = {
        "customers": customers.table.sort("customer_id"),
        "industry_enrichment": _enrichment(customers, rng),
        "installed_base": installed.table(customers),
        "open_deals": _open_deals(customers, rng),
        "contacts_log": _contacts(spec, customers, rng),
        "blocks": _blocks(spec, customers, rng),
    }
    paths: list[Path] = []
    for name, columns in SIDE_COLUMNS.items():
        path = folder / f"{name}.csv"
        tables[name].select(columns).write_csv(path)
        paths.append(path)
    return tuple(paths)


def _enrichment(customers: Customers, rng: np.random.Generator) -> pl.DataFrame:
    """Make a bought list of companies: most customers, messy names, half by account number.

    It knows the industry of customers whose own record leaves it blank.
    """
    count = len(customers)
    rows = np.flatnonzero(rng.random(count) < _ENRICHED_SHARE)
    chosen = customers.table[rows]
    foreign = pl.Series(rng.permutation(count)[: len(rows)]).cast(pl.String).str.zfill(7)
    return chosen.select(
        pl.when(pl.Series(rng.random(len(rows)) < _ID_MATCH_SHARE))
        .then("account")
        .otherwise(pl.lit("E") + foreign)
        .alias("enrichment_id"),
        messy_names(chosen["customer_name"], rng).alias("company_name"),
        pl.col("true_industry").alias("industry"),
        pl.col("true_sub_industry").alias("sub_industry"),
    ).sort("enrichment_id")


def _some(
    customers: Customers, share: float, rng: np.random.Generator
) -> tuple[pl.Series, pl.Series]:
    """Distinct customers (at least three) and a division for each."""
    count = max(3, round(share * len(customers)))
    who = rng.choice(len(customers), count, replace=False)
    division = rng.integers(0, len(DIVISIONS), count)
    return (
        customers.table["customer_id"].gather(who),
        pl.Series("division", DIVISIONS, dtype=pl.String).gather(division),
    )


def _words(name: str, words: tuple[str, ...], count: int, rng: np.random.Generator) -> pl.Series:
    return pl.Series(name, words, dtype=pl.String).gather(rng.integers(0, len(words), count))


def _days(name: str, first: date, length: int, count: int, rng: np.random.Generator) -> pl.Series:
    """Random days of the `length` days from `first`."""
    start = first.toordinal() - date(1970, 1, 1).toordinal()
    days = start + rng.integers(0, length, count)
    return pl.Series(name, days.astype(np.int32)).cast(pl.Date)


def _open_deals(customers: Customers, rng: np.random.Generator) -> pl.DataFrame:
    who, division = _some(customers, _DEAL_SHARE, rng)
    amount = np.round(np.exp(rng.normal(9.0, 0.8, len(who))), -2)
    return pl.DataFrame(
        [
            who,
            division,
            _words("stage", _STAGES, len(who), rng),
            pl.Series("amount", amount).cast(pl.Int64),
        ]
    ).sort("customer_id")


def _contacts(spec: SampleSpec, customers: Customers, rng: np.random.Generator) -> pl.DataFrame:
    """Draw calls of the last 60 days of the log."""
    who, division = _some(customers, _CONTACT_SHARE, rng)
    first = spec.last_day - timedelta(days=_CONTACT_DAYS - 1)
    day = _days("contact_date", first, _CONTACT_DAYS, len(who), rng)
    outcome = _words("outcome", _OUTCOMES, len(who), rng)
    return pl.DataFrame([who, division, day, outcome]).sort("contact_date", "customer_id")


def _blocks(spec: SampleSpec, customers: Customers, rng: np.random.Generator) -> pl.DataFrame:
    """Draw customers not to be called for a division or `all`; some blocks are over, some open."""
    who, division = _some(customers, _BLOCK_SHARE, rng)
    everything = pl.Series(rng.random(len(who)) < 0.5)
    without_end = pl.Series(rng.random(len(who)) < 0.3)
    until = _days("until", spec.last_day - timedelta(days=30), 240, len(who), rng)
    return (
        pl.DataFrame([who, division, _words("reason", _REASONS, len(who), rng), until])
        .with_columns(
            pl.when(everything).then(pl.lit("all")).otherwise("division").alias("division"),
            pl.when(~without_end).then("until").alias("until"),
        )
        .sort("customer_id")
    )
