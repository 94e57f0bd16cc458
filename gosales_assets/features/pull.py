"""What rules say of customers: how strongly their purchases pull toward each target, and which."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.features.contract import AFFINITY_EVIDENCE
from gosales_assets.features.holdings import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Positions = npt.NDArray[np.int64]
NO_RULE = -1


@dataclass(frozen=True)
class Pull:
    """What the rules that apply say of each customer (rows) and target (columns).

    Attributes
    ----------
    strongest, mean, total
        Of the strengths of these rules; NaN: none applies.
    best
        Row of the strongest one in the table of rules (of equals the first); -1: none applies.
    """

    strongest: Array
    mean: Array
    total: Array
    best: Positions


def places_of(rules: pl.DataFrame, antecedents: pl.DataFrame, targets: Sequence[str]) -> Positions:
    """Lay rules out as antecedents x targets: each rule's row, -1 where there is none.

    Parameters
    ----------
    antecedents
        All that rules may ask for, one row each, in the columns that ``rules`` has for it.
    """
    columns = pl.DataFrame({"division": targets}, {"division": pl.String})
    known = (
        rules.select(*antecedents.columns, "division")
        .with_row_index("rule")
        .join(antecedents.with_row_index("row"), on=antecedents.columns, nulls_equal=True)
        .join(columns.with_row_index("column"), on="division")
    )
    places = np.full((antecedents.height, len(targets)), NO_RULE, dtype=np.int64)
    places[known["row"].to_numpy(), known["column"].to_numpy()] = known["rule"].to_numpy()
    return places


def pull_of(holders: "csr_matrix", places: Positions, strengths: Array) -> Pull:
    """Sum up the rules that apply to each customer.

    Parameters
    ----------
    holders
        Customers x antecedents: 1 where a customer holds all that a rule asks for. Columns ascend
        within each row, which fixes the order of summation.
    places
        Antecedents x targets: the rule's row in the table of rules; -1: there is none.
    strengths
        Of the table's rules.
    """
    known = places != NO_RULE
    values = np.zeros(known.shape)
    values[known] = strengths[places[known]]
    count = np.asarray(holders @ known.astype(np.float64))
    total = np.where(count > 0, np.asarray(holders @ values), np.nan)
    strongest, best = _strongest(holders, places, values)
    return Pull(
        strongest=np.where(count > 0, strongest, np.nan),
        mean=total / np.maximum(count, 1),
        total=total,
        best=best,
    )


def _strongest(holders: "csr_matrix", places: Positions, values: Array) -> tuple[Array, Positions]:
    shape = (holders.shape[0], values.shape[1])
    strongest, best = np.full(shape, -np.inf), np.full(shape, NO_RULE, dtype=np.int64)
    sizes = np.diff(holders.indptr)
    some = np.flatnonzero(sizes)
    if not some.size:
        return strongest, best
    starts, owner = holders.indptr[some], np.repeat(some, sizes[some])
    offered = np.where(places == NO_RULE, -np.inf, values)
    for target in range(shape[1]):
        pull = np.ascontiguousarray(offered[:, target])[holders.indices]
        top = np.maximum.reduceat(pull, starts)
        strongest[some, target] = top
        at_best = np.flatnonzero(pull == np.repeat(top, sizes[some]))[::-1]
        # Written backwards: of equals the first one stays.
        best[owner[at_best], target] = places[holders.indices[at_best], target]
    return strongest, best


def best_evidence(
    customers: Sequence[str],
    targets: Sequence[str],
    lines: tuple[Pull, pl.DataFrame],
    products: tuple[Pull, pl.DataFrame],
    cutoff: date,
) -> pl.DataFrame:
    """Name the purchase that speaks most for each target: features.affinity_evidence.

    Parameters
    ----------
    customers
        In order of their ids; so are the rows.
    lines, products
        What features.affinity_rules and features.product_rules say, and these rules. A product is
        named only where no line speaks.
    """
    (of_lines, rules), (of_products, product_rules) = lines, products
    both = pl.format("{} and {}", "antecedent", "second_antecedent")
    stacked = pl.concat(
        [
            rules.select(pl.lit("division").alias("kind"), pl.coalesce(both, "antecedent"), "lift"),
            product_rules.select(
                pl.lit("product").alias("kind"), pl.col("sku").alias("antecedent"), "lift"
            ),
        ]
    )
    rule = _speaking(of_lines.best, rules["lift"])
    product = _speaking(of_products.best, product_rules["lift"])
    below = np.where(product == NO_RULE, NO_RULE, product + rules.height)
    in_order = sorted(range(len(targets)), key=lambda column: targets[column])
    chosen = np.where(rule == NO_RULE, below, rule)[:, in_order]
    rows, columns = np.nonzero(chosen != NO_RULE)
    names = pl.Series([targets[column] for column in in_order], dtype=pl.String)
    evidence = stacked[chosen[rows, columns]].with_columns(
        pl.lit(cutoff).alias("cutoff"),
        pl.Series("customer_id", customers, pl.String).gather(rows),
        names.gather(columns).alias("division"),
    )
    return AFFINITY_EVIDENCE.typed(evidence)


def _speaking(best: Positions, lifts: pl.Series) -> Positions:
    """Drop rules that do not speak for their target: whose lift is not above 1."""
    padded = np.append(lifts.to_numpy(), 0.0)  # the last one stands for no rule
    return np.where(padded[best] > 1, best, NO_RULE)
