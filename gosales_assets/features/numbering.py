"""Numbers for texts, days and months: what arrays are quick at."""

from datetime import date

import numpy as np
import polars as pl

from gosales_assets.features.ledger import Whole
from gosales_assets.features.staging import ordinal_of


def numbers_among(known: pl.Series, texts: pl.Series, *, strict: bool = True) -> Whole:
    """Place of each text among the known ones, of which it must be one; else, not strict, -1."""
    places = texts.cast(pl.Enum(known), strict=strict).to_physical().cast(pl.Int64)
    return places.fill_null(-1).to_numpy()


def numbers_of_runs(known: pl.Series, texts: pl.Series, *, strict: bool = True) -> Whole:
    """Do what `numbers_among` does, quicker where equal texts stand together: in order, say."""
    runs = texts.rle().struct.unnest()
    places = numbers_among(known, runs["value"], strict=strict)
    return np.repeat(places, runs["len"].to_numpy())


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - date(1970, 1, 1)).days


def month_number(days: Whole) -> Whole:
    """Number of the month (see `staging.ordinal_of`) of days since 1970."""
    first, last = int(days.min(initial=0)), int(days.max(initial=0))
    calendar = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]")
    return (calendar.astype(np.int64) + ordinal_of(1970, 1))[days - first]
