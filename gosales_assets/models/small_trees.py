"""Small trees as lookups: each question is asked of many rows, and what the answers mean looked up.

A tree of 8 leaves asks a row seven questions, so it tells at most 128 kinds of rows apart. A row's
kind are its answers as bits; what the tree says of each kind (its leaf's log odds, or what each
column has to do with it: `gosales_assets.models.tree_shap`) is worked out once. Comparing whole
columns and looking up takes a tenth of the time of walking down each tree for each row, and gives
the same numbers as LightGBM to the last bit: the same leaves, added in the same order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gosales_assets.models.pieces import by_pieces

if TYPE_CHECKING:
    import lightgbm as lgb

MOST_QUESTIONS = 10  # 1,024 kinds; trees of more leaves are LightGBM's own business

# What is nearer to zero than this, LightGBM reads as zero (kZeroThreshold).
NEAR_ZERO = np.float32(1e-35)

Floats = NDArray[np.float64]
Numbers = NDArray[np.float32]
Kinds = NDArray[np.intp]
Node = Mapping[str, Any]


class NotSmall(ValueError):
    """A booster has trees that cannot be looked up; the message says why."""


@dataclass(frozen=True)
class Question:
    """What an inner node asks: is this column at most the threshold? Unknown counts as told."""

    column: int
    threshold: np.float32
    unknown_is_yes: bool

    def ask(self, values: Numbers, bits: NDArray[np.bool_]) -> None:
        """Write a bit per value; NaN is always 0, so that one comparison does."""
        compare = np.greater if self.unknown_is_yes else np.less_equal
        compare(values, self.threshold, out=bits)

    def is_yes(self, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What such bits mean."""
        return bits != self.unknown_is_yes


@dataclass(frozen=True)
class SmallTree:
    """A tree with the questions that its inner nodes ask; the first is a kind's lowest bit."""

    root: Node = field(repr=False)
    questions: tuple[Question, ...]

    @property
    def number_of_kinds(self) -> int:
        """Ways in which the questions can be answered."""
        return 1 << len(self.questions)

    def answers(self) -> Iterator[NDArray[np.bool_]]:
        """For each question, whether a row of each kind says yes."""
        kinds = np.arange(self.number_of_kinds)
        for position, question in enumerate(self.questions):
            yield question.is_yes((kinds >> position & 1).astype(np.bool_))

    def leaf_values(self) -> Floats:
        """Value of the leaf that a row of each kind comes to."""
        answers = iter(self.answers())

        def value(node: Node) -> Floats:
            if is_leaf(node):
                return np.full(self.number_of_kinds, float(node["leaf_value"]))
            yes = next(answers)  # nodes are visited in the order of `inner_nodes`
            return np.where(yes, value(node["left_child"]), value(node["right_child"]))

        return value(self.root)


class Asker:
    """Asks trees' questions of one piece of rows; what it needs to write on is made once."""

    def __init__(self, rows: Numbers) -> None:
        lie_together = rows.strides[0] == rows.itemsize
        self._columns = list((rows if lie_together else np.asfortranarray(rows)).T)
        self._bits = np.empty(len(rows), dtype=np.bool_)
        self._few = np.empty(len(rows), dtype=np.uint8)
        self._many = np.empty(len(rows), dtype=np.uint16)
        self._kinds: Kinds = np.empty(len(rows), dtype=np.intp)
        self._found = np.empty(len(rows))

    def kinds(self, tree: SmallTree) -> Kinds:
        """Kind of each row; valid until the next tree."""
        few = tree.number_of_kinds <= np.iinfo(np.uint8).max + 1
        kinds, bit = self._few if few else self._many, self._bits.view(np.uint8)
        kinds[:] = 0
        for question in reversed(tree.questions):
            question.ask(self._columns[question.column], self._bits)
            np.add(kinds, kinds, out=kinds)
            np.bitwise_or(kinds, bit, out=kinds)
        np.copyto(self._kinds, kinds)
        return self._kinds

    def add(self, values: Floats, kinds: Kinds, to: Floats) -> None:
        """Add what is said of each row's kind."""
        # Kinds are in bounds; "clip" only spares the check of each.
        np.take(values, kinds, out=self._found, mode="clip")
        np.add(to, self._found, out=to)


@dataclass(frozen=True)
class Forest:
    """A booster's trees, in order, with their leaves' values by kind of row."""

    trees: Sequence[SmallTree]
    values: Sequence[Floats]

    @classmethod
    def of(cls, booster: "lgb.Booster") -> "Forest":
        """Work out the values.

        Raises
        ------
        NotSmall
            When a tree has more than 11 leaves, splits on categories, or takes zero for unknown.
        """
        trees = small_trees(booster)
        return cls(trees, [tree.leaf_values() for tree in trees])

    def add(self, asker: Asker, to: Floats) -> None:
        """Add the log odds of a piece of rows, tree by tree as LightGBM does."""
        for tree, values in zip(self.trees, self.values, strict=True):
            asker.add(values, asker.kinds(tree), to)


def mean_log_odds(forests: Sequence[Forest], numbers: Numbers, threads: int) -> Floats:
    """Mean of the forests' log odds for each row; any number of threads gives the same."""
    found = np.zeros(len(numbers))

    def judge(piece: slice) -> None:
        asker = Asker(numbers[piece])
        for forest in forests:
            own = np.zeros(len(found[piece]))
            forest.add(asker, own)
            found[piece] += own

    by_pieces(judge, len(numbers), threads)
    return found / len(forests)


def small_trees(booster: "lgb.Booster") -> list[SmallTree]:
    """Turn a booster's trees into questions.

    Raises
    ------
    NotSmall
        As in `Forest.of`.
    """
    roots = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    return [_small(root) for root in roots]


def is_leaf(node: Node) -> bool:
    """Whether a node of LightGBM's dump asks nothing."""
    return "split_index" not in node


def inner_nodes(node: Node) -> list[Node]:
    """Nodes that ask, each before those under it, yes before no."""
    if is_leaf(node):
        return []
    return [node, *inner_nodes(node["left_child"]), *inner_nodes(node["right_child"])]


def _small(root: Node) -> SmallTree:
    nodes = inner_nodes(root)
    if len(nodes) > MOST_QUESTIONS:
        raise NotSmall(f"a tree has more than {MOST_QUESTIONS + 1} leaves")
    if any(node["decision_type"] != "<=" for node in nodes):
        raise NotSmall("a tree splits on categories")
    if any(node["missing_type"] == "Zero" for node in nodes):
        raise NotSmall("a tree takes zero for unknown")
    return SmallTree(root, tuple(question(node) for node in nodes))


def question(node: Node) -> Question:
    """Read an inner node; its threshold is cut to the next lower number that a row can hold."""
    exact, largest = float(node["threshold"]), float(np.finfo(np.float32).max)
    near = np.float32(min(max(exact, -largest), largest))  # 1e300: whatever is known
    threshold = near if float(near) <= exact else np.nextafter(near, np.float32(-np.inf))
    if 0 <= threshold < NEAR_ZERO:
        threshold = NEAR_ZERO
    elif -NEAR_ZERO <= threshold < 0:
        threshold = np.nextafter(-NEAR_ZERO, np.float32(-np.inf))
    # LightGBM takes an unknown value for zero where training had none in this column.
    by_zero = node["missing_type"] == "None"
    return Question(
        int(node["split_feature"]),
        threshold,
        exact >= 0 if by_zero else bool(node["default_left"]),
    )
