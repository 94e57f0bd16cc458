"""Why a score is what it is: the three things that move it most, in the catalogue's words."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.features.catalog import NEVER, Feature, feature

REASONS = 3
LEAST = 0.02  # log odds; what moves a score less is no reason
COUNTED = {"orders", "lines", "days", "months", "product lines", "products"}


def top_reasons(
    matrix: pl.DataFrame, contributions: NDArray[np.float64], inputs: Sequence[str]
) -> pl.DataFrame:
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
    stories = _stories(inputs)
    if not stories:
        return pl.DataFrame({f"reason_{n}": [None] * matrix.height for n in (1, 2, 3)}).cast(
            pl.String
        )
    totals = np.column_stack([contributions[:, columns].sum(axis=1) for columns in stories])
    tellers = np.column_stack(
        [
            np.asarray(columns)[
                np.argmax(contributions[:, columns] * np.sign(total)[:, None], axis=1)
            ]
            for columns, total in zip(stories, totals.T, strict=True)
        ]
    )
    # Rounded, so that a tie is decided by the order of the stories and not by the last bit.
    order = np.argsort(-np.round(np.abs(totals), 6), axis=1, kind="stable")[:, :REASONS]
    rows = np.arange(matrix.height)
    columns = []
    for place in range(REASONS):
        if place >= len(stories):
            columns.append(pl.Series(f"reason_{place + 1}", [None] * len(rows), dtype=pl.String))
            continue
        story = order[:, place]
        told = _told(matrix, tellers[rows, story], totals[rows, story], inputs)
        columns.append(told.alias(f"reason_{place + 1}"))
    return pl.DataFrame(columns)


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


def _told(
    matrix: pl.DataFrame,
    tellers: NDArray[np.int64],
    totals: NDArray[np.float64],
    inputs: Sequence[str],
) -> pl.Series:
    keyed = pl.DataFrame({"teller": tellers, "total": totals}).with_row_index("row")
    told = []
    for (position,), part in sorted(
        keyed.filter(pl.col("total").abs() >= LEAST).group_by("teller"), key=lambda pair: pair[0]
    ):
        name = inputs[int(str(position))]
        values = matrix.select("division", value=pl.col(name))[part["row"]]
        told.append(
            values.hstack(part).select(
                "row",
                reason=pl.concat_str(
                    phrase(feature(name), pl.col("value").cast(pl.Float64)),
                    pl.when(pl.col("total") > 0)
                    .then(pl.lit(": raises"))
                    .otherwise(pl.lit(": lowers")),
                ),
            )
        )
    if not told:
        return pl.Series("reason", [None] * matrix.height, dtype=pl.String)
    return keyed.select("row").join(pl.concat(told), on="row", how="left", maintain_order="left")[
        "reason"
    ]


def _whole(value: pl.Expr) -> pl.Expr:
    return value.round(0).cast(pl.Int64).cast(pl.String)


def _number(value: pl.Expr) -> pl.Expr:
    """Whole above ten, else two decimals."""
    return pl.when(value.abs() >= 10).then(_whole(value)).otherwise(value.round(2).cast(pl.String))
