"""Candidates: who could be offered what at a cutoff, and who of them owns it already."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.labels.contract import NEW_LOGO

Mode = Literal["all", "expansion"]


def first_purchases(days: ir.Table, targets: Sequence[str]) -> pl.DataFrame:
    """Lay out the first days side by side: all that candidates of any cutoff depend on.

    Parameters
    ----------
    days
        ``star.customer_day``.
    targets
        Keys of the divisions and SKU sets that are predicted.

    Returns
    -------
    pl.DataFrame
        One row per customer with any purchase, sorted: customer_id, the first day of anything,
        and the first day of each target (null: never bought), in columns that `candidates` knows.
    """
    whole = {_since(): days.order_date.min(where=days.scope == "all")}
    each = {_since(name): days.order_date.min(where=days.division == name) for name in targets}
    first = days.group_by("customer_id").aggregate(**whole, **each)
    return first.to_polars().sort("customer_id")


def candidates(first: pl.DataFrame, target: str, cutoff: date, mode: Mode = "all") -> pl.DataFrame:
    """Pair every customer who bought anything by the cutoff with a target.

    Parameters
    ----------
    first
        What `first_purchases` gives for this target, and maybe others.
    cutoff
        Last day that is seen, inclusive.
    mode
        ``expansion`` leaves out who owns the target.

    Returns
    -------
    pl.DataFrame
        One row per customer, sorted: cutoff, division, customer_id, cohort (``repeat``: bought
        the target by the cutoff; else ``expansion``).
    """
    owns = (pl.col(_since(target)) <= cutoff).fill_null(value=False)
    known = pl.col(_since()) <= cutoff
    return first.filter(known & ~owns if mode == "expansion" else known).select(
        pl.lit(cutoff).alias("cutoff"),
        pl.lit(target).alias("division"),
        "customer_id",
        pl.when(owns).then(pl.lit("repeat")).otherwise(pl.lit("expansion")).alias("cohort"),
    )


def prospects(
    companies: ir.Table, days: ir.Table, targets: Sequence[str], cutoff: date
) -> ir.Table:
    """Pair every company known by the cutoff that had bought nothing by then with every target.

    Parameters
    ----------
    companies
        ``raw.prospects``. Rows without ``valid_from`` are known of no cutoff.
    days
        ``star.customer_day``.
    targets, cutoff
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
    keys = ["customer_id", "scope", "division"]
    first = days.group_by(keys).aggregate(since=days.order_date.min())
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


def _since(target: str = "") -> str:
    """Column of the first day of a target, or of anything; no other column is called like it."""
    return f"first day of {target}"
