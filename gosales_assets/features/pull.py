"""What rules say of customers: how strongly their purchases pull toward each target, and which."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

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

    Each part is worked out when it is first asked for.

    Attributes
    ----------
    holders
        Customers x antecedents: 1 where a customer holds all that a rule asks for. Columns ascend
        within each row, which fixes the order of summation.
    places
        Antecedents x targets: the rule's row in the table of rules; -1: there is none.
    strengths
        Of the table's rules.
    kind
        Per customer: its row in ``holders``, where customers alike share one; None: its own.
    """

    holders: "csr_matrix"
    places: Positions
    strengths: Array
    kind: Positions | None = None

    def among(self, customers: Positions) -> "Pull":
        """The same of some of the customers only, by their places."""
        if self.kind is None:
            return replace(self, holders=self.holders[customers])
        return replace(self, kind=self.kind[customers])

    @cached_property
    def strongest(self) -> Array:
        """Greatest strength of the rules that apply; NaN: none applies."""
        return self._of_customers(np.where(self._count > 0, self._greatest, np.nan))

    @cached_property
    def mean(self) -> Array:
        """Mean strength, likewise."""
        return self._of_customers(self._total / np.maximum(self._count, 1))

    @cached_property
    def total(self) -> Array:
        """Sum of the strengths, likewise."""
        return self._of_customers(self._total)

    @cached_property
    def best(self) -> Positions:
        """Row of the strongest rule in the table of rules (of equals the first); -1: none."""
        found = np.full(self._greatest.shape, NO_RULE, dtype=np.int64)
        some, sizes, owner = self._owners
        for target, pull in self._offers():
            at_best = np.flatnonzero(pull == np.repeat(self._greatest[some, target], sizes))[::-1]
            # Written backwards: of equals the first one stays.
            found[owner[at_best], target] = self.places[self.holders.indices[at_best], target]
        return self._of_customers(found)

    @cached_property
    def _greatest(self) -> Array:
        """Greatest strength that each row is offered; minus infinity: none."""
        greatest = np.full((self.holders.shape[0], self.places.shape[1]), -np.inf)
        some = self._owners[0]
        if some.size:
            for target, pull in self._offers():
                greatest[some, target] = np.maximum.reduceat(pull, self.holders.indptr[some])
        return greatest

    @cached_property
    def _owners(self) -> tuple[Positions, Positions, Positions]:
        """Rows that hold anything, how much each of them does, and the row of each thing held."""
        sizes = np.diff(self.holders.indptr)
        some = np.flatnonzero(sizes)
        return some, sizes[some], np.repeat(some, sizes[some])

    def _offers(self) -> Iterator[tuple[int, Array]]:
        """By target: how strong a rule each thing held offers; minus infinity: none."""
        offered = np.where(self._known, self._values, -np.inf)
        for target, column in enumerate(offered.T):
            yield target, np.ascontiguousarray(column)[self.holders.indices]

    @cached_property
    def _known(self) -> npt.NDArray[np.bool_]:
        return self.places != NO_RULE

    @cached_property
    def _values(self) -> Array:
        values = np.zeros(self.places.shape)
        values[self._known] = self.strengths[self.places[self._known]]
        return values

    @cached_property
    def _count(self) -> Array:
        return np.asarray(self.holders @ self._known.astype(np.float64))

    @cached_property
    def _total(self) -> Array:
        return np.where(self._count > 0, np.asarray(self.holders @ self._values), np.nan)

    def _of_customers(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return rows if self.kind is None else rows[self.kind]


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
    open_to_products = np.flatnonzero((rule == NO_RULE).any(axis=1))
    product = np.full_like(rule, NO_RULE)
    product[open_to_products] = _speaking(
        of_products.among(open_to_products).best, product_rules["lift"]
    )
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
