"""Quarantine: why a record cannot be used. The first problem found is its reason.

Problems are looked for in a fixed order, from the record's shape to its money, so that counts by
reason mean the same in every log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

NO_CUSTOMER = "no customer"
NO_DATE = "no date"
BAD_DATE = "date not readable"
FUTURE = "date in the future"
NO_PRODUCT = "no product"
BAD_NUMBER = "number not readable"
NO_AMOUNT = "no amount"
UNKNOWN_PRODUCT = "unknown product"
NO_DIVISION = "no division"
ALIASES_DISAGREE = "alias columns disagree"
LINE_ID_USED = "line id used before"
NO_RATE = "no rate for currency"


@dataclass(frozen=True)
class Problem:
    """A rule that a usable record must not match: when, and which value shows it."""

    reason: str
    when: pl.Expr
    detail: pl.Expr


def with_problems(frame: pl.DataFrame, problems: Sequence[Problem]) -> pl.DataFrame:
    """Note the first problem of each record that has none yet in ``reason`` and ``detail``."""
    for problem in problems:
        hit = pl.col("reason").is_null() & problem.when.fill_null(False)
        frame = frame.with_columns(
            reason=pl.when(hit).then(pl.lit(problem.reason)).otherwise("reason"),
            detail=pl.when(hit).then(problem.detail).otherwise("detail"),
        )
    return frame


def shown(column: str, cell: pl.Expr) -> pl.Expr:
    """Show a value in a detail: its column and what stands there."""
    return pl.format("{}: {}", pl.lit(column), cell)
