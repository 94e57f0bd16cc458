"""What the models see of a row: its features, where it stands in them, and its division.

Each feature comes twice: as it is, and as a normal score of its rank among the candidates of the
same cutoff and division. Ranks mean the same whatever the season, the length of the history or
the size of a division, so what was learned at one cutoff holds at the next; the values themselves
keep the level. On three logs both together ranked better than either alone (docs/models.md).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.metrics import log_odds
from gosales_assets.models.normal_scores import normal_scores, same_values

KEYS = ("cutoff", "division", "customer_id", "cohort")
SCORE = "rank of "
DIVISION = "division code"
BASE_RATE = "division base rate"
GROUP = ("cutoff", "division")

Numbers = NDArray[np.float32]
Positions = NDArray[np.intp]


class ModelMismatch(Exception):
    """A model and the rows it is to score do not belong together; the message names how."""


@dataclass(frozen=True)
class Inputs:
    """How rows become numbers; learned from training rows only.

    Parameters
    ----------
    features
        All feature columns of the matrix, in order: what a matrix must have to be scored.
    usable
        Those with at least two different values in training; the rest say nothing.
    divisions
        Divisions that the model knows, sorted.
    base_rates
        Division -> share of buyers in training, (buyers + 1/2) / (rows + 1).
    """

    features: tuple[str, ...]
    usable: tuple[str, ...]
    divisions: tuple[str, ...]
    base_rates: Mapping[str, float]

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the normal scores, in the order of ``usable``."""
        return tuple(SCORE + name for name in self.usable)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers, in order: features, normal scores, division code, base rate."""
        return (*self.usable, *self.scores, DIVISION, BASE_RATE)

    @property
    def relative(self) -> slice:
        """Where the columns are that do not depend on the level of a feature: all but the first."""
        return slice(len(self.usable), len(self.columns))

    def numbers(
        self, matrix: pl.DataFrame, threads: int = 1, alike: Numbers | None = None
    ) -> Numbers:
        """Turn rows of feature matrices into numbers, shape (rows, len(columns)); NaN: missing.

        Each column lies together in memory: whoever reads them goes column by column.

        Parameters
        ----------
        matrix
            Candidates of whole divisions and cutoffs (or a fair sample of them): ranks are taken
            among the rows given.
        threads
            How many features are ranked at a time.
        alike
            Numbers of another division's candidates: what is the same there, such as the features
            of customers as a whole, is not ranked again.

        Raises
        ------
        ModelMismatch
            When the feature columns are not those of training, or a division is unknown.
        """
        self.check(matrix)
        numbers = np.empty((matrix.height, len(self.columns)), dtype=np.float32, order="F")
        groups, count = _groups(matrix), len(self.usable)

        def fill(position: int) -> None:
            values = _floats(matrix[self.usable[position]])
            numbers[:, position] = values
            known = None if alike is None else (alike[:, position], alike[:, count + position])
            _rank(values, groups, known, numbers[:, count + position])

        with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
            list(pool.map(fill, range(count)))
        codes = {division: float(code) for code, division in enumerate(self.divisions)}
        rates = {division: log_odds(rate) for division, rate in self.base_rates.items()}
        for position, told in ((2 * count, codes), (2 * count + 1, rates)):
            numbers[:, position] = matrix["division"].replace_strict(told, return_dtype=pl.Float32)
        return numbers

    def check(self, matrix: pl.DataFrame) -> None:
        """Refuse rows that this model was not made for."""
        self.check_features(feature_columns(matrix))
        strangers = sorted(set(matrix["division"].unique()) - set(self.divisions))
        if strangers:
            raise ModelMismatch(f"the model does not know the division {', '.join(strangers)}")

    def check_features(self, found: Sequence[str]) -> None:
        """Refuse a feature list that is not that of training."""
        missing = [name for name in self.features if name not in found]
        unknown = [name for name in found if name not in self.features]
        if missing or unknown:
            raise ModelMismatch(
                f"feature list mismatch: the model was trained with {len(self.features)} features; "
                f"missing {missing or 'none'}, unknown {unknown or 'none'}"
            )


def _groups(matrix: pl.DataFrame) -> list[slice | Positions]:
    """Rows of each cutoff and division, in their order; a slice where they lie together."""
    groups = matrix.select(GROUP).with_row_index("row").group_by(GROUP).agg(pl.col("row").sort())
    found = []
    for rows in groups.sort(GROUP)["row"]:
        first, last = rows[0], rows[-1]
        together = last - first + 1 == len(rows)
        found.append(slice(first, last + 1) if together else rows.to_numpy().astype(np.intp))
    return found


def _floats(column: pl.Series) -> Numbers:
    values: Numbers = column.cast(pl.Float32).fill_null(float("nan")).to_numpy()
    return values


def _rank(
    values: Numbers,
    groups: Sequence[slice | Positions],
    known: tuple[Numbers, Numbers] | None,
    scores: Numbers,
) -> None:
    """Write the normal scores of a column, group by group.

    Parameters
    ----------
    known
        Values whose scores are known, and these; a group like it, or like the group before it, is
        not ranked again.
    scores
        Where to write to.
    """
    for rows in groups:
        own = values[rows]
        if known is None or not same_values(own, known[0]):
            known = own, normal_scores(own)
        scores[rows] = known[1]


def feature_columns(matrix: pl.DataFrame) -> list[str]:
    """Feature columns of a matrix, in order."""
    return [name for name in matrix.columns if "__" in name]


def learn_inputs(training: pl.DataFrame, divisions: Sequence[str]) -> Inputs:
    """Choose the usable features and the base rates from training rows (with ``label``)."""
    features = feature_columns(training)
    spans = training.select(
        pl.col(name).min().cast(pl.Float64) < pl.col(name).max().cast(pl.Float64)
        for name in features
    )
    varies = spans.row(0) if features else ()
    counts = {
        division: (label, rows)
        for division, label, rows in training.group_by("division")
        .agg(pl.col("label").sum(), pl.len())
        .iter_rows()
    }
    return Inputs(
        features=tuple(features),
        usable=tuple(name for name, varied in zip(features, varies, strict=True) if varied),
        divisions=tuple(sorted(divisions)),
        base_rates={
            division: (counts.get(division, (0, 0))[0] + 0.5)
            / (counts.get(division, (0, 0))[1] + 1.0)
            for division in sorted(divisions)
        },
    )
