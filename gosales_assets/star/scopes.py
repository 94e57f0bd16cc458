"""Scopes: order lines seen as a whole, per division, and per named set of products.

A division and a SKU set are both "what somebody may buy", so everything that counts purchases
counts them alike: one line belongs to its customer's total, to its division, and to every SKU set
that names its product.
"""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from gosales_assets.division_names import division_key
from gosales_assets.settings import Settings

ALL, DIVISION, SKU_SET = "all", "division", "sku_set"


def sku_sets(settings: Settings) -> dict[str, list[str]]:
    """Key of each SKU-set target -> its SKUs, both sorted."""
    sets = settings.targets.sku_sets
    return {division_key(name): sorted(set(sets[name])) for name in sorted(sets)}


def scoped_lines(facts: ir.Table, sets: Mapping[str, Sequence[str]]) -> dict[str, ir.Table]:
    """Order lines by scope, with columns ``scope`` and ``division`` saying what they count for.

    Returns
    -------
    dict
        Scope -> lines. ``all``: every line, division ''; ``division``: every line under its own
        division; ``sku_set``: a line once per set that names its SKU (absent without sets).
    """
    scoped = {
        ALL: facts.mutate(scope=ibis.literal(ALL), division=ibis.literal("")),
        DIVISION: facts.mutate(scope=ibis.literal(DIVISION)),
    }
    members = [
        facts.filter(facts.sku.isin(list(skus))).mutate(
            scope=ibis.literal(SKU_SET), division=ibis.literal(name)
        )
        for name, skus in sets.items()
    ]
    if members:
        scoped[SKU_SET] = _stack(members)
    return scoped


def target_lines(
    facts: ir.Table, targets: Sequence[str], sets: Mapping[str, Sequence[str]]
) -> ir.Table:
    """Order lines of the targets: one row per line and target it counts for.

    Parameters
    ----------
    facts
        ``star.fact_transactions``, or a part of it.
    targets
        Keys of divisions and SKU sets.
    sets
        SKUs of every SKU set, see `sku_sets`.
    """
    wanted = {name: skus for name, skus in sets.items() if name in targets}
    scoped = scoped_lines(facts.filter(facts.division.isin(list(targets))), {})
    members = scoped_lines(facts, wanted).get(SKU_SET)
    return scoped[DIVISION] if members is None else _stack([scoped[DIVISION], members])


def _stack(tables: Sequence[ir.Table]) -> ir.Table:
    columns = list(tables[0].columns)
    return ibis.union(*(table.select(columns) for table in tables), distinct=False)
