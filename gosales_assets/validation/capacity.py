"""Capacity: what calling the best 5, 10 or 20 % would have brought, in all and for each rep."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.validation import metrics
from gosales_assets.validation.contract import CAPACITY
from gosales_assets.validation.tallies import (
    Floats,
    Ranking,
    Tally,
    draws,
    exact,
    interval,
    resampled,
)

SHARES = (5, 10, 20)
FIGURES = ("precision", "capture", "value")


def capacity(
    known: pl.DataFrame,
    reps: pl.DataFrame,
    cutoff: date,
    division: str,
    replicates: int,
    seed: int,
) -> pl.DataFrame:
    """Measure each scenario, with 95 % bootstrap intervals over customers.

    Parameters
    ----------
    known
        ``customer_id, icp_score, label, value``, one row per customer, sorted by customer.
    reps
        ``customer_id, rep``; customers without a rep are in the scenarios over all only.

    Returns
    -------
    pl.DataFrame
        Rows of ``validation.capacity``: three over all customers, three for each rep; none
        without customers.
    """
    if known.is_empty():
        return CAPACITY.empty()
    rows = known.join(reps, on="customer_id", how="left", validate="1:1", maintain_order="left")
    weights = np.concatenate(
        list(draws(rows.height, replicates, (seed, cutoff.toordinal()))), axis=1
    )
    groups: list[tuple[str | None, np.ndarray]] = [(None, np.arange(rows.height))]
    owner = rows["rep"].to_numpy()
    groups += [
        (rep, np.flatnonzero(owner == rep)) for rep in rows["rep"].drop_nulls().unique().sort()
    ]
    records = [
        {"division": division, "cutoff": cutoff, "rep": rep, **record}
        for rep, members in groups
        for record in _scenarios(rows, members, weights)
    ]
    return CAPACITY.typed(pl.DataFrame(records, schema=CAPACITY.types))


def _scenarios(
    rows: pl.DataFrame, members: np.ndarray, weights: np.ndarray
) -> Iterator[dict[str, Any]]:
    ranking = Ranking(
        members,
        rows["icp_score"].to_numpy()[members],
        rows["label"].to_numpy()[members] == 1,
        rows["value"].to_numpy()[members],
    )
    once, often = exact(ranking), resampled(ranking, weights)
    for percent in SHARES:
        contacts = math.ceil(members.size * percent / 100)
        share = contacts / members.size
        point, replicated = _brought(once, share), _brought(often, share)
        record: dict[str, Any] = {
            "percent": percent,
            "customers": members.size,
            "contacts": contacts,
            "positives": int(ranking.labels.sum()),
        }
        for name in FIGURES:
            low, high = interval(replicated[name])
            value = float(point[name][0])
            record |= {name: value if math.isfinite(value) else None}
            record |= {f"{name}_low": low, f"{name}_high": high}
        yield record


def _brought(tally: Tally, share: float) -> dict[str, Floats]:
    """Precision, capture and money of the best ``share``; NaN where they do not exist."""
    captured = metrics.capture(tally, share)
    buyers, called = tally.positives.sum(axis=0), share * tally.rows.sum(axis=0)
    money = metrics.value_lift(tally, share) * share
    total = tally.values.sum(axis=0)
    found = np.where(buyers > 0, captured * buyers, 0.0)
    return {
        "precision": np.divide(found, called, out=np.full(called.shape, np.nan), where=called > 0),
        "capture": captured,
        "value": np.where(total > 0, money * total, 0.0),
    }
