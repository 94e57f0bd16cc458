"""Why a score is what it is: the three things that move it most, in the catalogue's words."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.features.catalog import NEVER, Feature, feature

REASONS = 3
LEAST = 0.02  # log odds; what moves a score less is no reason
COUNTED = {"orders", "lines", "days", "months", "product lines", "products"}

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


def top_reasons(matrix: pl.DataFrame, contributions: Floats, inputs: Sequence[str]) -> pl.DataFrame:
    """Say the three strongest reasons of each row.

    Features that tell the same story (one family and scope, such as the days, the log days and
    the freshness of the last order) are added up and count as one reason, told by the strongest
    of them. What is the same for all customers of a division is no reason.

    Parameters
    ----------
    matrix
        Rows with ``division`` and the features.
    contributions
        What each input adds to the row's log odds, shape (rows, inputs).
    inputs
        Names of the contributions' columns.

    Returns
    -------
    pl.DataFrame
        ``reason_1, reason_2, reason_3``, aligned with the rows; null where nothing (more) counts.
    """
    return in_words(matrix, *strongest(contributions, inputs), inputs)


def strongest(contributions: Floats, inputs: Sequence[str]) -> tuple[Positions, Floats]:
    """Find the strongest stories of each row; parameters as for `top_reasons`.

    Returns
    -------
    tuple[Positions, Floats]
        Which input tells the story, and what all of the story adds to the log odds: both of shape
        (3, rows), the strongest first. Where there are fewer stories it adds nothing.
    """
    stories, rows = _stories(inputs), len(contributions)
    by_input = contributions.T
    totals = np.zeros((max(len(stories), REASONS), rows))
    tellers = np.zeros(totals.shape, dtype=np.intp)
    for number, columns in enumerate(stories):
        own = by_input[columns]
        totals[number] = own.sum(axis=0)
        own *= np.sign(totals[number])
        tellers[number] = np.asarray(columns)[np.argmax(own, axis=0)]
    # Rounded, so that a tie is decided by the order of the stories and not by the last bit.
    strength, at = np.round(np.abs(totals), 6), np.arange(rows)
    chosen = np.empty((REASONS, rows), dtype=np.intp)
    for place in range(REASONS):
        chosen[place] = np.argmax(strength, axis=0)
        strength[chosen[place], at] = -1
    return tellers[chosen, at], totals[chosen, at]


def in_words(
    matrix: pl.DataFrame,
    tellers: Positions,
    totals: Floats,
    inputs: Sequence[str],
    threads: int = 1,
) -> pl.DataFrame:
    """Say the strongest stories as ``reason_1, reason_2, reason_3``: see `top_reasons`.

    Input by input, ``threads`` of them at a time.
    """
    by_place, moves = tellers.ravel(), totals.ravel()
    told = np.flatnonzero(np.abs(moves) >= LEAST)
    told = told[np.argsort(by_place[told].astype(np.int16), kind="stable")]
    numbers, starts = np.unique(by_place[told], return_index=True)
    parts = np.split(told, starts[1:]) if len(told) else []

    def say(number: int, part: Positions) -> pl.Series:
        return _told(matrix, part % matrix.height, moves[part], inputs[number])

    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        texts = list(pool.map(say, numbers, parts))
    reasons = pl.concat([*texts, pl.Series([None], dtype=pl.String)])
    at = np.full(len(moves), len(told), dtype=np.uint32)  # where nothing is told: the last, null
    at[told] = np.arange(len(told))
    return pl.DataFrame(
        {
            f"reason_{place + 1}": reasons.gather(pl.Series(own))
            for place, own in enumerate(at.reshape(REASONS, matrix.height))
        }
    )


def phrase(about: Feature, value: pl.Expr) -> pl.Expr:
    """Say a feature with its value: "3 orders of Bikes in the last 12 months"."""
    meaning = _with_division(about.meaning)
    if about.unit == "0 or 1":
        opposite = _with_division(about.meaning.replace("has ", "has not ", 1))
        said = pl.when(value > 0).then(meaning).otherwise(opposite)
    elif about.unit in COUNTED and about.meaning.startswith(about.unit):
        said = pl.concat_str(_whole(value), pl.lit(" "), meaning)
    else:
        said = pl.concat_str(meaning, pl.lit(" ("), _number(value), pl.lit(")"))
    absent = about.null_means if about.null_means != NEVER else "unknown"
    return (
        pl.when(value.is_null())
        .then(pl.concat_str(meaning, pl.lit(f" ({absent})")))
        .otherwise(said)
    )


def _with_division(meaning: str) -> pl.Expr:
    pieces: list[pl.Expr] = []
    for index, part in enumerate(meaning.split("{division}")):
        pieces += [pl.col("division")] if index else []
        pieces += [pl.lit(part)] if part else []
    return pl.concat_str(pieces)


def _stories(inputs: Sequence[str]) -> list[list[int]]:
    """Columns of each family and scope of customer features, in order of first appearance."""
    found: dict[tuple[str, str], list[int]] = {}
    for position, name in enumerate(inputs):
        if "__" in name:
            about = feature(name)
            if about.scope != "mkt":
                found.setdefault((about.family, about.scope), []).append(position)
    return list(found.values())


def _told(matrix: pl.DataFrame, rows: Positions, totals: Floats, name: str) -> pl.Series:
    """Say one input's value in some rows, and where it moves the score."""
    value = pl.col(name).cast(pl.Float64).alias("value")
    direction = np.where(totals > 0, ": raises", ": lowers")
    said = matrix.select("division", value)[rows].select(
        pl.concat_str(phrase(feature(name), pl.col("value")), pl.Series(direction))
    )
    return said.to_series()


def _whole(value: pl.Expr) -> pl.Expr:
    return value.round(0).cast(pl.Int64).cast(pl.String)


def _number(value: pl.Expr) -> pl.Expr:
    """Whole above ten, else two decimals."""
    return pl.when(value.abs() >= 10).then(_whole(value)).otherwise(value.round(2).cast(pl.String))
