"""Market-basket rules between product lines: what buying x says about buying the target.

Pair rules as set counts over the orders between 12 months and 60 days before the cutoff:
lift = P(target | holds x) / P(target). The 60 days leave room for the rule to be news.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from gosales_assets.features.contract import AFFINITY_EVIDENCE, AFFINITY_RULES
from gosales_assets.features.holdings import Array, Holdings


def learn_rules(
    holdings: Holdings, targets: Sequence[str], least_customers: int, cutoff: date
) -> pl.DataFrame:
    """Find every pair rule with enough support, one row per antecedent division and target.

    A target is never its own antecedent, nor is a division that a SKU set's products belong to.
    """
    bought = holdings.learned
    population = int((bought.sum(axis=1) > 0).sum())
    both = bought.T @ bought
    rows = []
    for target in targets:
        column = holdings.column(target)
        own = {target, *holdings.own_divisions.get(target, [])}
        for x, antecedent in enumerate(holdings.items):
            together = int(both[x, column])
            if antecedent in own or not holdings.is_division[x] or together < least_customers:
                continue
            holders, buyers = int(both[x, x]), int(both[column, column])
            rows.append(
                {
                    "cutoff": cutoff,
                    "antecedent": antecedent,
                    "division": target,
                    "antecedent_customers": holders,
                    "support_customers": together,
                    "confidence": together / holders,
                    "base_rate": buyers / population,
                    "lift": (together * population) / (holders * buyers),
                    "fit_date": holdings.learned_until,
                }
            )
    return AFFINITY_RULES.typed(pl.DataFrame(rows)) if rows else AFFINITY_RULES.empty()


def lift_table(rules: pl.DataFrame, items: Sequence[str], targets: Sequence[str]) -> Array:
    """Lay the rules' lifts out as items x targets; NaN where there is no rule."""
    table = np.full((len(items), len(targets)), np.nan)
    for antecedent, target, lift in rules.select("antecedent", "division", "lift").iter_rows():
        table[items.index(antecedent), targets.index(target)] = lift
    return table


def lift_scores(holdings: Holdings, lifts: Array) -> dict[str, Array]:
    """Sum up, per customer and target, the lifts of the rules that apply to what they hold.

    Returns
    -------
    ``max_lift``, ``mean_lift`` and ``sum_lift``, customers x targets; NaN where no rule applies.
    """
    held = holdings.held
    known = np.isfinite(lifts)
    filled = np.where(known, lifts, 0.0)
    count, total = held @ known, np.zeros((held.shape[0], lifts.shape[1]))
    best = np.zeros_like(total)
    for item in range(held.shape[1]):  # one after the other: a fixed order of summation
        pull = held[:, item, None] * filled[item]
        total += pull
        np.maximum(best, pull, out=best)
    applies = count > 0
    scores = {"max_lift": best, "mean_lift": total / np.maximum(count, 1), "sum_lift": total}
    return {name: np.where(applies, score, np.nan) for name, score in scores.items()}


def best_evidence(
    holdings: Holdings, lifts: Array, targets: Sequence[str], cutoff: date
) -> pl.DataFrame:
    """Name, per customer and target, the held product line with the greatest lift above 1.

    Equal lifts are settled by the name's order.
    """
    frames = []
    held = holdings.held > 0
    for position, target in enumerate(targets):
        pull = np.where(held & (lifts[:, position] > 1), lifts[:, position], 0.0)
        best = pull.argmax(axis=1)
        speaks = np.flatnonzero(pull[np.arange(len(best)), best] > 1)
        frames.append(
            pl.DataFrame(
                {
                    "cutoff": [cutoff] * len(speaks),
                    "customer_id": [holdings.customers[i] for i in speaks],
                    "division": [target] * len(speaks),
                    "antecedent": [holdings.items[i] for i in best[speaks]],
                    "lift": pull[speaks, best[speaks]],
                },
                schema=AFFINITY_EVIDENCE.types,
            )
        )
    return pl.concat(frames)
