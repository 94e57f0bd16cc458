"""Candidates of all targets in one table, where tests look at them together."""

from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.labels.candidates import candidates
from gosales_assets_tests.star.order_lines import tables


def in_one_table(found: Mapping[str, pl.DataFrame]) -> ir.Table:
    """What `candidates` gives, as one table of any engine."""
    return ibis.memtable(pl.concat(found.values()))


def candidates_of(days: pl.DataFrame, targets: Sequence[str], cutoff: date) -> pl.DataFrame:
    """Candidates of all targets by rows of star.customer_day."""
    with tables(days) as (given,):
        return pl.concat(candidates(given, targets, cutoff).values())
