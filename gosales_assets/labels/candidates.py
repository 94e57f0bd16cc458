"""Candidates: who could be offered what at a cutoff, and who of them owns it already."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.labels.contract import NEW_LOGO

Mode = Literal["all", "expansion"]


def first_days(days: ir.Table) -> ir.Table:
    """First day of each customer, overall and of each target: all that candidates depend on.

    Parameters
    ----------
    days
        ``star.customer_day``: days with a purchase, overall and per division or SKU set.
    """
    keys = ["customer_id", "scope", "division"]
    return days.group_by(keys).aggregate(order_date=days.order_date.min())


def candidates(
    days: ir.Table, targets: Sequence[str], cutoff: date, mode: Mode = "all"
) -> dict[str, pl.DataFrame]:
    """Pair every customer who bought anything by the cutoff with every target.

    The engine finds who bought and who owns what; the pairs, which are many, are laid out here.

    Parameters
    ----------
    days
        ``star.customer_day``, or its `first_days`.
    targets
        Keys of the divisions and SKU sets that are predicted.
    cutoff
        Last day that is seen, inclusive.
    mode
        ``expansion`` leaves out the targets that a customer owns.

    Returns
    -------
    dict
        Target -> one row per customer, sorted: cutoff, division, customer_id, cohort (``repeat``:
        bought the target by the cutoff; else ``expansion``).
    """
    seen = days.filter(days.order_date <= cutoff)
    owning = seen.filter(seen.scope != "all", seen.division.isin(list(targets)))
    pairs = owning.select("division", "customer_id").distinct().to_polars()
    owners = pairs.partition_by("division", as_dict=True)
    customers = _buyers(days, cutoff).to_polars().select(pl.col("customer_id").sort())
    found = {}
    for target in targets:
        own = owners.get((target,), pairs.clear())["customer_id"]
        owns = pl.col("customer_id").is_in(own.implode())
        everybody = customers.select(
            pl.lit(cutoff).alias("cutoff"),
            pl.lit(target).alias("division"),
            "customer_id",
            pl.when(owns).then(pl.lit("repeat")).otherwise(pl.lit("expansion")).alias("cohort"),
        )
        found[target] = everybody
        if mode == "expansion":
            found[target] = everybody.filter(pl.col("cohort") == "expansion")
    return found


def prospects(
    companies: ir.Table, days: ir.Table, targets: Sequence[str], cutoff: date
) -> ir.Table:
    """Pair every company known by the cutoff that had bought nothing by then with every target.

    Parameters
    ----------
    companies
        ``raw.prospects``. Rows without ``valid_from`` are known of no cutoff.
    days, targets, cutoff
        See `candidates`.

    Returns
    -------
    ir.Table
        Columns and rows as of `candidates`; the cohort is ``new_logo``.
    """
    known = companies.filter(companies.valid_from <= cutoff).select("customer_id").distinct()
    strangers = known.anti_join(_buyers(days, cutoff), "customer_id")
    pairs = strangers.mutate(division=ibis.array(list(targets)).unnest())
    return pairs.select(
        "division", "customer_id", cutoff=ibis.literal(cutoff), cohort=ibis.literal(NEW_LOGO)
    )


def of_candidates(bought: ir.Table, days: ir.Table, mode: Mode = "all") -> ir.Table:
    """Keep the rows (cutoff, division, customer_id, ...) whose customer was a candidate then.

    The same rule as `candidates`, for many cutoffs at once.
    """
    first = first_days(days).rename(since="order_date")
    customers = first.filter(first.scope == "all").select("customer_id", "since")
    kept = bought.join(customers, "customer_id").filter(lambda t: t.since <= t.cutoff).drop("since")
    if mode == "all":
        return kept
    owners = first.filter(first.scope != "all").select("customer_id", "division", "since")
    return kept.anti_join(
        owners,
        [
            kept.customer_id == owners.customer_id,
            kept.division == owners.division,
            owners.since <= kept.cutoff,
        ],
    )


def _buyers(days: ir.Table, cutoff: date) -> ir.Table:
    """Customers with a purchase of anything by the cutoff."""
    whole = days.filter(days.scope == "all", days.order_date <= cutoff)
    return whole.select("customer_id").distinct()
