"""Market-basket rules between product lines: what buying x, or x and y, says about a target.

Set counts over the orders between 12 months and 60 days before the cutoff:
lift = P(target | holds the antecedents) / P(target). The 60 days leave room for the rule to be
news. Rules with two antecedents are found by mlxtend's apriori, pair by pair of what is frequent.
"""

import warnings
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.features.contract import AFFINITY_RULES
from gosales_assets.features.holdings import Array, Holdings
from gosales_assets.features.pull import Pull, places_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_LINES = 40
"""Lines that rules with two antecedents look at, the most bought first: the time they take grows
with the third power of the number of lines."""
_LONGEST = 3  # two antecedents and the target


def outsiders(holdings: Holdings, targets: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Items x targets: whether an item may speak for a target.

    Only divisions do, never the target itself, nor a division that a SKU set's products belong to:
    those are the target's own purchases.
    """
    may: npt.NDArray[np.bool_] = np.repeat(holdings.is_division[:, None], len(targets), axis=1)
    for position, target in enumerate(targets):
        own = {target, *holdings.own_divisions.get(target, [])}
        may[[i for i, item in enumerate(holdings.items) if item in own], position] = False
    return may


def learn_rules(
    holdings: Holdings, targets: Sequence[str], least_customers: int, cutoff: date
) -> pl.DataFrame:
    """Find every rule with enough support: features.affinity_rules, in its order.

    A rule with two antecedents is kept only where its lift exceeds those of both its pair rules.
    """
    bought = holdings.learned
    population = int((bought.sum(axis=1) > 0).sum())
    together = (bought.T @ bought).astype(np.int64)
    speaks = outsiders(holdings, targets)
    columns = holdings.columns(targets)
    counted = [
        *_pairs(together, speaks, columns, least_customers),
        *_longer(bought, together, speaks, columns, least_customers),
    ]
    rows = []
    for first, second, position, holders, both in counted:
        buyers = int(together[columns[position], columns[position]])
        rows.append(
            {
                "cutoff": cutoff,
                "antecedent": holdings.items[first],
                "second_antecedent": None if second is None else holdings.items[second],
                "division": targets[position],
                "antecedent_customers": holders,
                "support_customers": both,
                "confidence": both / holders,
                "base_rate": buyers / population,
                "lift": (both * population) / (holders * buyers),
                "fit_date": holdings.learned_until,
            }
        )
    if not rows:
        return AFFINITY_RULES.empty()
    frame = AFFINITY_RULES.typed(pl.DataFrame(rows, infer_schema_length=None))
    return frame.sort(AFFINITY_RULES.sort)


Counted = tuple[int, int | None, int, int, int]
"""Both antecedents (items), the target's position, customers of the antecedents, and of all."""


def _pairs(
    together: npt.NDArray[np.int64],
    speaks: npt.NDArray[np.bool_],
    columns: Sequence[int],
    least: int,
) -> list[Counted]:
    found = np.argwhere(speaks & (together[:, columns] >= least)).tolist()
    return [
        (x, None, target, int(together[x, x]), int(together[x, columns[target]]))
        for x, target in found
    ]


def _longer(
    bought: Array,
    together: npt.NDArray[np.int64],
    speaks: npt.NDArray[np.bool_],
    columns: Sequence[int],
    least: int,
) -> list[Counted]:
    """Rules with two antecedents that say more than either of them alone."""
    position = {column: target for target, column in enumerate(columns)}
    found: list[Counted] = []
    for items, three in _frequent_triples(bought, _most_bought(together, speaks, columns), least):
        for y in items:
            a, b = (x for x in items if x != y)
            target = position.get(y)
            if target is None or not (speaks[a, target] and speaks[b, target]):
                continue
            # confidence(a and b) > confidence(a), in whole numbers: exact
            more = all(three * together[x, x] > together[x, y] * together[a, b] for x in (a, b))
            if more:
                found.append((a, b, target, int(together[a, b]), three))
    return found


def _most_bought(
    together: npt.NDArray[np.int64], speaks: npt.NDArray[np.bool_], columns: Sequence[int]
) -> list[int]:
    """Items that longer rules are looked for among: the most bought, in item order."""
    matters = np.isin(np.arange(len(speaks)), columns) | speaks.any(axis=1)
    ranked = np.argsort(-np.where(matters, np.diag(together), 0), kind="stable")
    return sorted(int(item) for item in ranked[:MOST_LINES] if matters[item])


def _frequent_triples(
    bought: Array, items: Sequence[int], least: int
) -> list[tuple[tuple[int, ...], int]]:
    """Three items that enough customers hold together, and how many do; in item order.

    Measured on 200,000 customers and 25 items, 2 to 6 of them held: apriori in its low-memory form
    0.4 to 0.9 s and no memory to speak of, fpgrowth 6 to 32 s, apriori otherwise 4 to 7 s, 1.7 GB.
    """
    held = bought[:, items] > 0
    held = held[held.sum(axis=1) >= _LONGEST]
    if len(held) < least:
        return []
    import pandas as pd

    # On import, mlxtend would have every deprecation anywhere in the process shown, each time.
    with warnings.catch_warnings():
        from mlxtend.frequent_patterns import apriori

    # Half a customer less than the least: a share must not fall short by rounding.
    share = (least - 0.5) / len(held)
    frame = pd.DataFrame(held, columns=range(len(items)))
    sets = apriori(frame, min_support=share, max_len=_LONGEST, low_memory=True)
    counted = (
        (tuple(items[i] for i in sorted(members)), round(support * len(held)))
        for support, members in zip(sets["support"], sets["itemsets"], strict=True)
        if len(members) == _LONGEST
    )
    return sorted(counted)


def lines_pull(holdings: Holdings, rules: pl.DataFrame, targets: Sequence[str]) -> Pull:
    """Sum up the lifts of the rules that apply to the lines that each customer holds.

    Parameters
    ----------
    rules
        features.affinity_rules, in its order; `Pull.best` counts its rows.
    """
    antecedents = rules.select("antecedent", "second_antecedent").unique(maintain_order=True)
    places = places_of(rules, antecedents, targets)
    # Many customers hold the same lines: what holds of one of them holds of all.
    held = holdings.held > 0
    packed = np.packbits(held, axis=1)
    alike = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, some, kind = np.unique(alike, return_index=True, return_inverse=True)
    holders = _holders(held[some], [holdings.columns(_known(both)) for both in antecedents.rows()])
    return Pull(holders, places, rules["lift"].to_numpy(), kind)


def _known(antecedents: Sequence[str | None]) -> list[str]:
    return [name for name in antecedents if name is not None]


def _holders(held: npt.NDArray[np.bool_], antecedents: Sequence[Sequence[int]]) -> "csr_matrix":
    """Rows x antecedents: 1 where the one line is held, or both."""
    from scipy.sparse import csc_matrix

    rows = [np.flatnonzero(held[:, columns].all(axis=1)) for columns in antecedents]
    ends = np.cumsum([0, *(len(each) for each in rows)])
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    shape = (len(held), len(rows))
    return csc_matrix((np.ones(len(indices)), indices, ends), shape=shape).tocsr()
