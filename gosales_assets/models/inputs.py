"""What the models see of a row: its features, where it stands in them, and its division.

Each feature comes twice: as it is, and as a normal score of its rank among the candidates of the
same cutoff and division. Ranks mean the same whatever the season, the length of the history or
the size of a division, so what was learned at one cutoff holds at the next; the values themselves
keep the level. On three logs both together ranked better than either alone (docs/models.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.metrics import log_odds

KEYS = ("cutoff", "division", "customer_id", "cohort")
SCORE = "rank of "
DIVISION = "division code"
BASE_RATE = "division base rate"
GROUP = ("cutoff", "division")
TAIL = 0.001

Numbers = NDArray[np.float32]


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

    def numbers(self, matrix: pl.DataFrame) -> Numbers:
        """Turn rows of feature matrices into numbers, shape (rows, len(columns)); NaN: missing.

        Parameters
        ----------
        matrix
            Candidates of whole divisions and cutoffs (or a fair sample of them): ranks are taken
            among the rows given.

        Raises
        ------
        ModelMismatch
            When the feature columns are not those of training, or a division is unknown.
        """
        self.check(matrix)
        codes = {division: float(code) for code, division in enumerate(self.divisions)}
        rates = {division: log_odds(rate) for division, rate in self.base_rates.items()}
        frame = matrix.select(
            *(pl.col(name).cast(pl.Float32) for name in self.usable),
            *(_rank(name).alias(SCORE + name) for name in self.usable),
            pl.col("division").replace_strict(codes, return_dtype=pl.Float32).alias(DIVISION),
            pl.col("division").replace_strict(rates, return_dtype=pl.Float32).alias(BASE_RATE),
        )
        numbers = np.empty((frame.height, frame.width), dtype=np.float32)
        for position, name in enumerate(frame.columns):
            numbers[:, position] = frame[name].fill_null(float("nan")).to_numpy()
        ranks = slice(len(self.usable), 2 * len(self.usable))
        numbers[:, ranks] = _normal_scores(numbers[:, ranks])
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


def _rank(name: str) -> pl.Expr:
    """Share of the division's candidates below, equal ones counted half; null stays null."""
    value = pl.col(name).cast(pl.Float32)
    return ((value.rank("average") - 0.5) / value.count()).over(GROUP).cast(pl.Float32)


def _normal_scores(ranks: Numbers) -> Numbers:
    """Turn ranks into values of a normal distribution, within 3.1 standard deviations."""
    from scipy.special import ndtri

    scores: Numbers = ndtri(np.clip(ranks, TAIL, 1 - TAIL)).astype(np.float32)
    return scores


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
