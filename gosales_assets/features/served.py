"""Who serves each customer: branch and rep of its newest day with a line that names one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gosales_assets.features.ledger import Ledger, Whole, layout, ledgers_of
from gosales_assets.features.measures import DAY
from gosales_assets.features.numbering import numbers_among

if TYPE_CHECKING:
    import ibis

COLUMNS = ("branch", "rep")


@dataclass(frozen=True)
class Named:
    """The days whose lines name a branch (or a rep), and all that are named, sorted."""

    names: pl.Series
    days: Ledger

    def as_of(self, day: int, customers: Whole) -> pl.Series:
        """Name of each customer's newest such day up to a day; null: none is named.

        Parameters
        ----------
        customers
            Whose, by ascending number (see `Star.numbers`); they are the rows.
        """
        seen = self.days.as_of(day)
        places = layout(seen.customers, customers)(seen.newest("place"))
        return self.names.gather(pl.Series(places).fill_nan(None).cast(pl.Int64))


def served_days(facts: "ibis.Table") -> "ibis.Table":
    """Branch and rep of each customer and day with a line: of several the first by name."""
    days = facts.group_by("customer_id", "order_date")
    return days.aggregate(**{column: facts[column].min() for column in COLUMNS})


def served_of(days: pl.DataFrame, customers: pl.Series) -> Mapping[str, Named]:
    """Put what `served_days` tells in order: by column.

    Parameters
    ----------
    customers
        All customers, sorted.
    """
    buyers = pl.Series("customer", numbers_among(customers, days["customer_id"]))
    numbered = days.select("order_date", *COLUMNS).with_columns(buyers)
    return {column: _named(numbered.drop_nulls(column), column) for column in COLUMNS}


def _named(days: pl.DataFrame, column: str) -> Named:
    names = days[column].unique().sort()
    placed = days.select("order_date", place=numbers_among(names, days[column]))
    customers = days["customer"].to_numpy()
    all_in_one = np.zeros(days.height, dtype=np.int64)
    [ledger] = ledgers_of(placed, all_in_one, customers, DAY, {"place": pl.col("place")}, 1)
    return Named(names, ledger)
