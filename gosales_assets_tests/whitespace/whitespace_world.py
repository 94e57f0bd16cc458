"""Small worlds of scored candidates for the whitespace tests."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from gosales_assets.settings import Whitespace
from gosales_assets.sources.contract import BLOCKS, CONTACTS_LOG, OPEN_DEALS
from gosales_assets.tables import Table
from gosales_assets.whitespace.eligibility import SideTables
from gosales_assets.whitespace.lists import View, whitespace
from gosales_assets.whitespace.record_contract import ACTIONS

CUTOFF = date(2024, 12, 31)
DIVISIONS = ["CAMWorks", "PDM", "Simulation"]
ASSETS = {
    "division": pl.String,
    "customer_id": pl.String,
    "purchase_date": pl.Date,
    "expiration_date": pl.Date,
}


def candidates(customers: int, seed: int = 0, divisions: list[str] | None = None) -> pl.DataFrame:
    """What `lists.candidates` returns, with ties, gaps and owners."""
    rng = np.random.default_rng(seed)
    names = divisions or DIVISIONS
    rows = customers * len(names)
    p = np.round(rng.beta(1, 6, rows), 2)
    lift = np.where(rng.random(rows) < 0.4, np.round(1.1 + rng.exponential(1, rows), 1), np.nan)
    days = rng.integers(0, 900, customers)
    owner = rng.random(rows) < 0.3
    ids = [f"C{i:04d}" for i in range(customers)] * len(names)
    return pl.DataFrame(
        {
            "cutoff": [CUTOFF] * rows,
            "division": np.repeat(names, customers),
            "customer_id": ids,
            "customer_name": [f"Company {i}" for i in range(customers)] * len(names),
            "account": ids,
            "segment": np.tile(np.where(days <= 365, "warm", "cold"), len(names)),
            "cohort": np.where(owner, "repeat", "expansion"),
            "icp_score": p,
            "icp_grade": ["A"] * rows,
            "trend": ["steady"] * rows,
            "expected_gp": p * np.round(rng.lognormal(8, 1, rows), 2),
            "wallet_gp": [50_000.0] * rows,
            "window_months": [6] * rows,
            "days_since_division": np.where(owner, rng.integers(0, 900, rows), np.nan),
            "als_similarity": np.round(rng.random(rows) * (rng.random(rows) < 0.8), 2),
            "lift": lift,
            "lift_from": [None if np.isnan(x) else "Services" for x in lift],
            "lift_kind": [None if np.isnan(x) else "division" for x in lift],
            "recency_days": np.tile(days, len(names)),
            "rep": np.tile([("Kim", "Lee")[i % 2] for i in range(customers)], len(names)),
            "region": ["West"] * rows,
            "territory": ["North"] * rows,
        }
    ).with_columns(
        pl.col("lift", "days_since_division").fill_nan(None),
        pl.col("lift_from", "lift_kind").cast(pl.String),
    )


def side(
    deals: list[dict] | None = None,
    blocks: list[dict] | None = None,
    contacts: list[dict] | None = None,
    actions: list[dict] | None = None,
    assets: list[dict] | None = None,
) -> SideTables:
    """Side tables with the given rows; columns that are left out are null."""
    answers = [
        {"recorded_at": datetime(2024, 12, 30, 9, n), "recorded_by": "Kim", "action_id": str(n)}
        | action
        for n, action in enumerate(actions or [])
    ]
    return SideTables(
        _filled(OPEN_DEALS, deals),
        _filled(BLOCKS, blocks),
        _filled(CONTACTS_LOG, contacts),
        _filled(ACTIONS, answers),
        pl.DataFrame(assets or [], schema=ASSETS),
    )


def listed(
    found: pl.DataFrame,
    about: SideTables | None = None,
    surfaced: pl.DataFrame | None = None,
    **settings: object,
) -> pl.DataFrame:
    """The list of `CUTOFF`."""
    view = View(CUTOFF, "USD") if surfaced is None else View(CUTOFF, "USD", surfaced)
    return whitespace(found, about or side(), view, Whitespace(**settings))


def order(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Division and customer of the ranked rows, best first."""
    return rows.drop_nulls("rank").sort("rank").select("division", "customer_id").rows()


def days_before(days: int) -> date:
    """A day the given number of days before the cutoff."""
    return CUTOFF - timedelta(days=days)


def _filled(table: Table, rows: list[dict] | None) -> pl.DataFrame:
    return pl.DataFrame(rows or [], schema=table.types)
