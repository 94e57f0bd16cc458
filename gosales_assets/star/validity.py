"""Validity: which row of a table with a history holds on a day.

A row holds from its ``valid_from`` until a newer row of the same key does. A row without one is a
snapshot of today: nobody knows since when it holds.
"""

from collections.abc import Collection
from datetime import date

import polars as pl

SINCE, UNTIL, FIRST = "valid_from", "superseded_on", "is_first"


def with_end(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Add when each row of a history ends, and whether it is the first of its key.

    Returns
    -------
    pl.DataFrame
        The rows, sorted by key and day, with ``superseded_on`` (first day on which a newer row
        holds; null: none) and ``is_first``. A row without ``valid_from`` is the first of its key.
    """
    ordered = rows.sort(key, SINCE, nulls_last=False, maintain_order=True)
    same_key = pl.col(key) == pl.col(key).shift(1)
    begins = ~(same_key & pl.col(SINCE).eq_missing(pl.col(SINCE).shift(1))).fill_null(False)
    span = ordered.select(begins.cum_sum() - 1).to_series()
    spans = ordered.filter(begins).select(
        pl.when(pl.col(key) == pl.col(key).shift(-1)).then(pl.col(SINCE).shift(-1)).alias(UNTIL),
        (~same_key).fill_null(True).alias(FIRST),
    )
    return ordered.hstack(spans[span])


def held_by(day: date) -> pl.Expr:
    """Rows that held on the evening of ``day`` for all that was known then; snapshots never."""
    return (pl.col(SINCE) <= day) & _not_ended(day)


def snapshot_by(day: date) -> pl.Expr:
    """Snapshots that no row known on the evening of ``day`` contradicts."""
    return pl.col(SINCE).is_null() & _not_ended(day)


def shown_on(day: date) -> pl.Expr:
    """Rows to show for ``day``: those that hold then; before its first row, a key shows that."""
    return ((pl.col(SINCE) <= day) | pl.col(FIRST)) & _not_ended(day)


def known_by(rows: pl.DataFrame, key: str, day: date, stable: Collection[str]) -> pl.DataFrame:
    """What a table said of each key on the evening of ``day``: at most one row per key.

    Parameters
    ----------
    rows
        Attributes per ``key`` and ``valid_from``.
    stable
        Columns that do not change over time: the only ones that a snapshot tells; its others are
        null.

    Returns
    -------
    pl.DataFrame
        The newest row by then, else the snapshot; columns of ``rows`` less ``valid_from``.
    """
    told = [
        pl.col(column) if column in stable else pl.lit(None, kind).alias(column)
        for column, kind in rows.schema.items()
        if column not in (key, SINCE)
    ]
    ends = with_end(rows, key)
    held = ends.filter(held_by(day)).select(rows.columns).drop(SINCE)
    snapshot = ends.filter(snapshot_by(day)).select(key, *told)
    return pl.concat([held, snapshot.select(held.columns)])


def shown(rows: pl.DataFrame, key: str, day: date) -> pl.DataFrame:
    """One row per key to show for ``day``; columns of ``rows``."""
    return with_end(rows, key).filter(shown_on(day)).select(rows.columns)


def _not_ended(day: date) -> pl.Expr:
    return pl.col(UNTIL).is_null() | (pl.col(UNTIL) > day)
