"""Eligibility: which candidates may be offered a division, and why the others may not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.settings import Whitespace
from gosales_assets.sources.contract import BLOCKS, OPEN_DEALS
from gosales_assets.whitespace.contract import POTENTIAL, STATES

KEYS = ["division", "customer_id"]


@dataclass(frozen=True)
class SideTables:
    """Side tables that keep customers off a list, as their contracts in `sources` say."""

    open_deals: pl.DataFrame
    blocks: pl.DataFrame
    contacts_log: pl.DataFrame

    def as_known(self, newest: bool) -> "SideTables":
        """What a list may use: open deals and blocks say how things stand today.

        They shape the newest cutoff's list only, so that past lists (and what is measured on
        them) are not rewritten by what is known today. Contacts carry their own day.
        """
        if newest:
            return self
        return SideTables(OPEN_DEALS.empty(), BLOCKS.empty(), self.contacts_log)


def with_state(
    candidates: pl.DataFrame, side: SideTables, cutoff: date, settings: Whitespace
) -> pl.DataFrame:
    """Add ``state`` and ``state_reason`` to candidates.

    Parameters
    ----------
    candidates
        One row per division and customer, with ``cohort`` (repeat: bought the division by the
        cutoff) and ``days_since_division`` (null: never bought it).
    side
        Side tables; a row without a division is about all divisions.
    cutoff
        Day as of which the list is made. Contacts in the ``contact_cooldown_days`` days up to it
        count, later ones never; a block counts until its last day, inclusive.

    Returns
    -------
    pl.DataFrame
        The same rows in the same order. The rules are tried in the order of
        `contract.STATES`; the first that holds gives the state.
    """
    cooldown = timedelta(days=settings.contact_cooldown_days)
    contacts = side.contacts_log.filter(
        pl.col("contact_date").is_between(cutoff - cooldown, cutoff, closed="right")
    )
    blocks = side.blocks.filter(pl.col("until").is_null() | (pl.col("until") >= cutoff))
    facts = {
        "cooling": (contacts, _day("contacted on ", "contact_date").sort().last()),
        "open_deal": (side.open_deals, _stage().sort().first()),
        "blocked": (blocks, pl.col("reason").fill_null("blocked, no reason given").sort().first()),
    }
    found = candidates
    for state, (rows, fact) in facts.items():
        found = _attach(found, rows, fact, f"_{state}")
    reasons = {
        "owned": pl.when(_owned(cutoff, settings)).then(_owner_fact()),
        **{state: pl.col(f"_{state}") for state in facts},
    }
    order = [state for state in STATES if state != POTENTIAL]
    return found.with_columns(
        state=pl.coalesce(
            *(pl.when(reasons[s].is_not_null()).then(pl.lit(s)) for s in order), pl.lit(POTENTIAL)
        ),
        state_reason=pl.coalesce(reasons[s] for s in order),
    ).drop(f"_{state}" for state in facts)


def eligibility_counts(rows: pl.DataFrame) -> pl.DataFrame:
    """Count the rows of each cutoff, division and state; states that nobody is in count 0."""
    groups = rows.select("cutoff", "division").unique()
    every = groups.join(pl.DataFrame({"state": STATES}), how="cross")
    counted = rows.group_by("cutoff", "division", "state").agg(rows=pl.len().cast(pl.Int64))
    return (
        every.join(counted, on=["cutoff", "division", "state"], how="left")
        .with_columns(pl.col("rows").fill_null(0))
        .sort("cutoff", "division", "state")
    )


def lost_candidates(counted: Mapping[str, int], offered: Mapping[str, int]) -> dict[str, int]:
    """Divisions whose states do not add up to their candidates: division -> how many are lost.

    Parameters
    ----------
    counted, offered
        Division -> sum of its states, and candidates it had.
    """
    lost = {division: offered[division] - rows for division, rows in sorted(counted.items())}
    return {division: rows for division, rows in lost.items() if rows}


def _owned(cutoff: date, settings: Whitespace) -> pl.Expr:
    owner = pl.col("cohort") == "repeat"
    if settings.owned_within_months is None:
        return owner
    horizon = (cutoff - add_months(cutoff, -settings.owned_within_months)).days
    # Recent days are (cutoff - months, cutoff], like every window of the features.
    return owner & (pl.col("days_since_division").fill_null(0) < horizon)


def _owner_fact() -> pl.Expr:
    days = pl.col("days_since_division").cast(pl.Int64)
    return (
        pl.when(days.is_null())
        .then(pl.lit("bought before"))
        .otherwise(pl.format("last bought {} days before the cutoff", days))
    )


def _day(words: str, column: str) -> pl.Expr:
    return pl.lit(words) + pl.col(column).dt.to_string("%Y-%m-%d")


def _stage() -> pl.Expr:
    stage = pl.col("stage")
    return (
        pl.when(stage.is_null())
        .then(pl.lit("open deal"))
        .otherwise(pl.format("open deal: {}", stage))
    )


def _attach(rows: pl.DataFrame, side: pl.DataFrame, fact: pl.Expr, name: str) -> pl.DataFrame:
    """Join a side table's fact: the division's own row first, else the row about all divisions."""
    own = side.filter(pl.col("division").is_not_null()).group_by(KEYS).agg(fact.alias(name))
    general = (
        side.filter(pl.col("division").is_null())
        .group_by("customer_id")
        .agg(fact.alias(f"{name}_all"))
    )
    return (
        rows.join(own, on=KEYS, how="left", maintain_order="left")
        .join(general, on="customer_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce(name, f"{name}_all").alias(name))
        .drop(f"{name}_all")
    )
