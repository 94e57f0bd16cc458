"""SHAP values of small trees, exactly and for many rows: worked out once per tree, then looked up.

Rows of one kind (`gosales_assets.models.small_trees`) have the same SHAP values. They are worked
out for every kind by Shapley's formula (path-dependent: Lundberg et al., "Consistent Individualized
Feature Attribution for Tree Ensembles", 2018), the same as LightGBM's ``pred_contrib`` gives, and
each row then only needs its kind.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gosales_assets.models.pieces import by_pieces
from gosales_assets.models.small_trees import (
    Asker,
    Node,
    SmallTree,
    inner_nodes,
    is_leaf,
    small_trees,
)

if TYPE_CHECKING:
    import lightgbm as lgb

Floats = NDArray[np.float64]
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class _Explained:
    """A tree, the totals that its columns count toward, and what each kind of row adds to them.

    ``values`` has one row per total, and one number per kind of row.
    """

    tree: SmallTree
    totals: tuple[int, ...]
    values: Floats


@dataclass(frozen=True)
class Explainer:
    """SHAP values of a booster's trees, ready to be looked up."""

    trees: Sequence[_Explained]
    width: int

    @classmethod
    def of(cls, booster: "lgb.Booster", totals: Sequence[int | None] | None = None) -> "Explainer":
        """Work out the values of each tree.

        Parameters
        ----------
        totals
            For each column of the booster: the number of the total that it counts toward, None
            where nobody asks for it. Without it each column is its own.

        Raises
        ------
        NotSmall
            When a tree has more than 11 leaves, splits on categories, or takes zero for unknown.
        """
        own = totals if totals is not None else range(booster.num_feature())
        trees = [_explained(tree, own) for tree in small_trees(booster) if tree.questions]
        return cls(trees, 1 + max(total for total in own if total is not None))

    def contributions(self, numbers: Numbers, threads: int) -> Floats:
        """What each total adds to each row's log odds, shape (rows, totals).

        Rows are taken some at a time, trees in their order: any number of threads gives the same.
        """
        found = np.zeros((self.width, len(numbers)))

        def explain(piece: slice) -> None:
            asker, own = Asker(numbers[piece]), list(found[:, piece])
            for explained in self.trees:
                kinds = asker.kinds(explained.tree)
                for total, values in zip(explained.totals, explained.values, strict=True):
                    asker.add(values, kinds, own[total])

        by_pieces(explain, len(numbers), threads)
        return found.T


def _explained(tree: SmallTree, totals: Sequence[int | None]) -> _Explained:
    columns, values = _shap_values(tree)
    wanted = sorted({total for column in columns if (total := totals[column]) is not None})
    merged = np.zeros((len(wanted), tree.number_of_kinds))
    for column, own in zip(columns, values, strict=True):
        if (total := totals[column]) is not None:
            merged[wanted.index(total)] += own
    return _Explained(tree, tuple(wanted), merged)


def _shap_values(tree: SmallTree) -> tuple[list[int], Floats]:
    """Columns that a tree asks, and their SHAP values: a row per column, a number per kind."""
    nodes = inner_nodes(tree.root)
    columns = sorted({question.column for question in tree.questions})
    answers = dict(zip((int(node["split_index"]) for node in nodes), tree.answers(), strict=True))
    known = np.arange(2 ** len(columns))

    def expected(node: Node) -> Floats:
        """Mean of the leaves reached, by the set of columns known (rows) and the kind (columns)."""
        if is_leaf(node):
            return np.full((1, 1), float(node["leaf_value"]))
        yes, no = expected(node["left_child"]), expected(node["right_child"])
        share = _count(node["left_child"]) / _count(node)
        is_known = (known >> columns.index(int(node["split_feature"])) & 1).astype(bool)[:, None]
        answer = answers[int(node["split_index"])][None, :]
        return np.where(is_known, np.where(answer, yes, no), share * yes + (1 - share) * no)

    means = expected(tree.root)
    values = np.zeros((len(columns), tree.number_of_kinds))
    sizes = np.array([int(subset).bit_count() for subset in known])
    for position in range(len(columns)):
        for subset in known[(known >> position & 1) == 0]:
            weight = 1 / (len(columns) * math.comb(len(columns) - 1, int(sizes[subset])))
            values[position] += weight * (means[subset | 1 << position] - means[subset])
    return columns, values


def _count(node: Node) -> float:
    return float(node["leaf_count"] if is_leaf(node) else node["internal_count"])
