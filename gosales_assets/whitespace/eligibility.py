"""Eligibility: which candidates may be offered a division, and why the others may not.

What keeps a row off the list is gathered as facts, each with its rule; of several the first in the
order of `contract.RULES` is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.settings import Whitespace
from gosales_assets.sources.contract import BLOCKS, OPEN_DEALS
from gosales_assets.whitespace.actions import every_division, in_force
from gosales_assets.whitespace.contract import RULES
from gosales_assets.whitespace.installed_assets import holdings
from gosales_assets.whitespace.record_contract import ACTIONS

KEYS = ["division", "customer_id"]
_PLACE = pl.col("rule").replace_strict(list(RULES), range(len(RULES)), return_dtype=pl.Int64)
_NO_ASSETS = pl.DataFrame(
    schema={
        "division": pl.String,
        "customer_id": pl.String,
        "purchase_date": pl.Date,
        "expiration_date": pl.Date,
    }
)


@dataclass(frozen=True)
class SideTables:
    """What keeps customers off a list, as the contracts say.

    Parameters
    ----------
    open_deals, blocks, contacts_log
        Side tables of the sources room.
    actions
        whitespace.actions.
    assets
        The installed base by division, see `installed_assets.by_division`.
    newest
        Whether they are looked at for the newest list, see `as_known`.
    """

    open_deals: pl.DataFrame
    blocks: pl.DataFrame
    contacts_log: pl.DataFrame
    actions: pl.DataFrame = field(default_factory=ACTIONS.empty)
    assets: pl.DataFrame = field(default_factory=_NO_ASSETS.clone)
    newest: bool = True

    def as_known(self, newest: bool) -> "SideTables":
        """What a list may use: open deals and blocks say how things stand today.

        They shape the newest cutoff's list only, so that past lists (and what is measured on
        them) are not rewritten by what is known today. Everything else carries its own day.
        """
        if newest:
            return self
        return SideTables(
            *(OPEN_DEALS.empty(), BLOCKS.empty(), self.contacts_log, self.actions, self.assets),
            newest=False,
        )


def with_state(
    candidates: pl.DataFrame, side: SideTables, on: date, settings: Whitespace
) -> pl.DataFrame:
    """Add ``state``, ``rule`` and ``state_reason`` to candidates.

    Parameters
    ----------
    candidates
        One row per division and customer, with ``cohort`` (repeat: bought the division by the
        cutoff), ``days_since_division`` (null: never bought it), ``rep, region, territory``.
    side
        What is known; a row without a division is about all divisions.
    on
        Day on which the list is looked at, see `actions.as_of`. Contacts and actions up to it
        count, later ones never; a block counts until its last day, inclusive.

    Returns
    -------
    pl.DataFrame
        The same rows in the same order. The rules are tried in the order of
        `contract.RULES`; the first that holds gives the state.
    """
    divisions = candidates["division"].unique().sort().to_list()
    told = pl.concat([*_from_side(side, on, settings)])
    facts = pl.concat(
        [
            _owners(candidates, holdings(side.assets, on, newest=side.newest), settings),
            every_division(told.with_columns(general=pl.col("division").is_null()), divisions),
            _from_actions(in_force(side.actions, on, divisions), on, settings),
            _out_of_region(candidates, settings),
        ]
    )
    # A row of the division's own says more than one about all divisions.
    first = facts.sort(*KEYS, _PLACE, "general", "state_reason").unique(KEYS, keep="first")
    # Only the keys are joined: to gather all columns anew would hold everything twice.
    found = candidates.select(KEYS).join(
        first.drop("general"), on=KEYS, how="left", validate="m:1", maintain_order="left"
    )
    rule = found["rule"].fill_null("none")
    return candidates.with_columns(
        rule.replace_strict(RULES, return_dtype=pl.String).alias("state"),
        rule,
        found["state_reason"],
    )


def eligibility_counts(rows: pl.DataFrame) -> pl.DataFrame:
    """Count the rows of each cutoff, division and rule; rules that hold for nobody count 0."""
    groups = rows.select("cutoff", "division").unique()
    rules = pl.DataFrame({"state": list(RULES.values()), "rule": list(RULES)})
    every = groups.join(rules.with_row_index("place", offset=1), how="cross")
    counted = rows.group_by("cutoff", "division", "rule").agg(rows=pl.len().cast(pl.Int64))
    return (
        every.join(counted, on=["cutoff", "division", "rule"], how="left")
        .with_columns(pl.col("rows").fill_null(0), pl.col("place").cast(pl.Int64))
        .select("cutoff", "division", "state", "rule", "place", "rows")
        .sort("cutoff", "division", "place")
    )


def lost_candidates(counted: Mapping[str, int], offered: Mapping[str, int]) -> dict[str, int]:
    """Divisions whose counts do not add up to their candidates: division -> how many are lost.

    Parameters
    ----------
    counted, offered
        Division -> sum over its rules, and candidates it had; what is not counted counts 0.
    """
    lost = {division: rows - counted.get(division, 0) for division, rows in offered.items()}
    return {division: rows for division, rows in sorted(lost.items()) if rows}


def _owners(candidates: pl.DataFrame, held: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Owners by the log or by the installed base, and former ones, who are back in.

    Back in are those whose assets all expired long ago and who bought none since, and those whose
    last purchase is older than ``owned_within_months``.
    """
    rows = candidates.select(*KEYS, "cohort", days="days_since_division").join(
        held.with_columns(has_assets=True), on=KEYS, how="left"
    )
    long_ago = (pl.col("expired_days") >= settings.expired_back_days).fill_null(False)
    bought_since = (pl.col("days") < settings.expired_back_days).fill_null(False)
    by_base = pl.col("has_assets").fill_null(False) & ~long_ago
    by_log = (pl.col("cohort") == "repeat") & ~(long_ago & ~bought_since)
    cutoff = candidates["cutoff"].max()
    if settings.owned_within_months is not None and isinstance(cutoff, date):
        # Recent days are (cutoff - months, cutoff], like every window of the features.
        horizon = (cutoff - add_months(cutoff, -settings.owned_within_months)).days
        by_log &= pl.col("days").fill_null(0) < horizon
    once = (pl.col("cohort") == "repeat") | pl.col("has_assets").fill_null(False)
    rule = pl.when(by_log).then(pl.lit("bought")).when(by_base).then(pl.lit("installed"))
    reason = pl.when(by_log).then(_last_bought()).when(by_base).then(_has_it())
    return rows.filter(once).select(
        *KEYS,
        rule=rule.otherwise(pl.lit("back_in")),
        state_reason=reason,
        general=pl.lit(False),
    )


def _last_bought() -> pl.Expr:
    days = pl.col("days").cast(pl.Int64)
    return (
        pl.when(days.is_null())
        .then(pl.lit("bought before"))
        .otherwise(pl.format("last bought {} days before the cutoff", days))
    )


def _has_it() -> pl.Expr:
    until, expired = pl.col("active_until"), pl.col("expired_days")
    return (
        pl.when(expired.is_not_null())
        .then(pl.format("its last asset expired {} days ago", expired))
        .when(until.is_not_null())
        .then(pl.lit("has it until ") + until.dt.to_string("%Y-%m-%d"))
        .otherwise(pl.lit("has it installed"))
    )


def _from_side(side: SideTables, on: date, settings: Whitespace) -> list[pl.DataFrame]:
    """Facts of side tables; ``division`` is null where they are about all divisions."""
    cooldown = timedelta(days=settings.contact_cooldown_days)
    contacts = side.contacts_log.filter(
        pl.col("contact_date").is_between(on - cooldown, on, closed="right")
    )
    blocks = side.blocks.filter(pl.col("until").is_null() | (pl.col("until") >= on))
    contacted = pl.lit("contacted on ") + _said("contact_date")
    return [
        _facts(contacts, "contacted", contacted.sort().last()),
        _facts(side.open_deals, "open_deal", _stage().sort().first()),
        _facts(
            blocks,
            "block_list",
            pl.col("reason").fill_null("blocked, no reason given").sort().first(),
        ),
    ]


def _facts(rows: pl.DataFrame, rule: str, reason: pl.Expr) -> pl.DataFrame:
    found = rows.group_by(KEYS).agg(reason.alias("state_reason"))
    return found.select(*KEYS, pl.lit(rule).alias("rule"), "state_reason")


def _from_actions(known: pl.DataFrame, on: date, settings: Whitespace) -> pl.DataFrame:
    """Rules that the last actions make hold: see the kinds in `record_contract`."""
    day = pl.col("recorded_at").dt.date()
    past = (pl.lit(on) - day).dt.total_days()
    months = settings.owned_within_months
    holds = {
        "won": pl.lit(True) if months is None else day > add_months(on, -months),
        "not_now": pl.col("until") >= on,
        "lost": past < settings.lost_cooldown_days,
        "talking": pl.lit(True),
        "blocked": pl.lit(True),
    }
    words = {
        "won": pl.lit("won on ") + _said(day),
        "not_now": pl.lit("not before the end of ") + _said("until"),
        "lost": pl.lit("lost on ") + _said(day),
        "talking": pl.lit("talking since ") + _said(day),
        "blocked": pl.col("reason"),
    }
    kind = pl.col("kind")
    return known.filter(
        pl.any_horizontal((kind == name) & when for name, when in holds.items())
    ).select(
        *KEYS,
        rule=kind.replace("blocked", "told_to_block"),
        state_reason=pl.format(
            "{}, says {}",
            pl.coalesce(pl.when(kind == name).then(said) for name, said in words.items()),
            pl.col("recorded_by"),
        ),
        general=pl.lit(False),
    )


def _out_of_region(candidates: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Rows whose customer is known to be where the division is not sold, or its rep not sent."""
    rules = [("region", "division", "{} is not sold in {}", settings.regions)]
    rules += [("territory", "rep", "{} does not cover {}", settings.territories)]
    found = [candidates.clear().select(*KEYS, rule=pl.lit(""), state_reason=pl.lit(""))]
    places = [pl.col("region"), pl.col("territory")]
    for rule, column, words, allowed in rules:
        for name, where in sorted(allowed.items()):
            known = pl.any_horizontal(place.is_not_null() for place in places)
            inside = pl.any_horizontal(place.is_in(where).fill_null(False) for place in places)
            rows = candidates.filter((pl.col(column) == name) & known & ~inside)
            reason = pl.format(words, pl.lit(name), pl.coalesce("territory", "region"))
            found.append(rows.select(*KEYS, rule=pl.lit(rule), state_reason=reason))
    return pl.concat(found).with_columns(general=pl.lit(False))


def _said(day: str | pl.Expr) -> pl.Expr:
    return (pl.col(day) if isinstance(day, str) else day).dt.to_string("%Y-%m-%d")


def _stage() -> pl.Expr:
    stage = pl.col("stage")
    return (
        pl.when(stage.is_null())
        .then(pl.lit("open deal"))
        .otherwise(pl.format("open deal: {}", stage))
    )
