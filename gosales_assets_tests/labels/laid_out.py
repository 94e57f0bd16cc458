"""Candidates and labels of all targets in one table, where tests look at them together."""

from collections.abc import Mapping, Sequence
from datetime import date

import ibis.expr.types as ir
import polars as pl

from gosales_assets.labels.candidates import Mode, candidates, first_purchases
from gosales_assets.labels.outcomes import judged, labels, outcomes
from gosales_assets.star.activity import by_day
from gosales_assets.star.scopes import target_lines
from gosales_assets_tests.star.order_lines import tables


def all_candidates(
    days: ir.Table, targets: Sequence[str], cutoff: date, mode: Mode = "all"
) -> pl.DataFrame:
    """Candidates of all targets."""
    first = first_purchases(days, targets)
    return pl.concat(candidates(first, target, cutoff, mode) for target in targets)


def candidates_of(days: pl.DataFrame, targets: Sequence[str], cutoff: date) -> pl.DataFrame:
    """Candidates of all targets by rows of star.customer_day."""
    with tables(days) as (given,):
        return all_candidates(given, targets, cutoff)


def in_windows(people: pl.DataFrame, windows: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    """Labels of these people in all windows, by what was bought in them."""
    return pl.concat(
        labels(
            people.filter(cutoff=cutoff, division=target),
            months,
            bought.filter(cutoff=cutoff, division=target, window_months=months),
        )
        for cutoff, target, months, _ in windows.iter_rows()
    )


def labelled_lines(
    facts: pl.DataFrame,
    sets: Mapping[str, Sequence[str]],
    windows: pl.DataFrame,
    denylist: Sequence[str] = (),
    threshold: float = 0.0,
    mode: Mode = "all",
) -> pl.DataFrame:
    """Labels of one cutoff's windows by rows of star.fact_transactions."""
    cutoff, targets = windows["cutoff"][0], windows["division"].to_list()
    with tables(facts, windows) as (lines, spans):
        people = all_candidates(by_day(lines, sets), targets, cutoff, mode)
        bought = outcomes(target_lines(lines, targets, sets), spans, denylist)
        return in_windows(people, windows, judged(bought, threshold).to_polars())
