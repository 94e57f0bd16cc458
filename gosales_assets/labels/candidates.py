"""Candidates: who could be offered what at a cutoff, and who of them owns it already."""

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir


def candidates(days: ir.Table, targets: Sequence[str], cutoff: date) -> ir.Table:
    """Pair every customer who bought anything by the cutoff with every target.

    Parameters
    ----------
    days
        ``star.customer_day``: days with a purchase, overall and per division or SKU set.
    targets
        Keys of the divisions and SKU sets that are predicted.
    cutoff
        Last day that is seen, inclusive.

    Returns
    -------
    ir.Table
        One row per customer and target: cutoff, division, customer_id, cohort (``repeat``: bought
        the target by the cutoff; else ``expansion``).
    """
    seen = days.filter(days.order_date <= cutoff)
    buyers = seen.filter(seen.scope == "all").select("customer_id").distinct()
    owners = (
        seen.filter(seen.scope != "all", seen.division.isin(list(targets)))
        .select("customer_id", "division")
        .distinct()
        .mutate(owns=True)
    )
    pairs = buyers.mutate(division=ibis.array(list(targets)).unnest())
    joined = pairs.left_join(owners, ["customer_id", "division"])
    return joined.select(
        cutoff=ibis.literal(cutoff),
        division=pairs.division,
        customer_id=pairs.customer_id,
        cohort=ibis.ifelse(owners.owns.notnull(), "repeat", "expansion"),
    )
