"""Dimensions: one row per product and division, gathered from the log and the SKU map.

Where a name changed over time, the latest one in the log stands. Ties within a day go to the first
in alphabetical order, so that the order of the file's rows never matters.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.settings import SettingsError
from gosales_assets.star.scopes import DIVISION, SKU_SET, scoped_lines


def products(lines: ir.Table) -> ir.Table:
    """One row per SKU of the log: latest name and division, first and last day sold."""
    return lines.group_by("sku").aggregate(
        product_name=latest(lines, "product_name"),
        division=latest(lines, "division"),
        first_sold=lines.order_date.min(),
        last_sold=lines.order_date.max(),
    )


def division_families(entries: pl.DataFrame) -> pl.DataFrame:
    """Family of each division that has just one: columns division, family.

    Parameters
    ----------
    entries
        Rows of the SKU map: division, family (nullable).
    """
    return (
        entries.drop_nulls("family")
        .group_by("division")
        .agg(pl.col("family").min(), one=pl.col("family").n_unique() == 1)
        .filter(pl.col("one"))
        .select("division", "family")
    )


def first_sales(facts: ir.Table, sets: Mapping[str, Sequence[str]]) -> ir.Table:
    """One row per division or SKU set that has a line: scope, division, first_sold."""
    scoped = scoped_lines(facts, sets)
    parts = [
        scoped[scope]
        .group_by("scope", "division")
        .aggregate(first_sold=lambda lines: lines.order_date.min())
        for scope in (DIVISION, SKU_SET)
        if scope in scoped
    ]
    return ibis.union(*parts, distinct=False)


def divisions(
    sold: pl.DataFrame,
    targets: Sequence[str],
    sets: Sequence[str],
    window_months: int,
    own_windows: Mapping[str, int],
) -> pl.DataFrame:
    """List every division and SKU set, sold or not: one row each.

    Parameters
    ----------
    sold
        See `first_sales`.
    targets
        Keys of everything that is predicted.
    sets
        Keys of the SKU sets.
    window_months, own_windows
        Months to predict, and target -> months where the settings say otherwise.

    Raises
    ------
    SettingsError
        When a SKU set is called like a division, which would make the two one target.
    """
    in_log = sold.filter(pl.col("scope") == DIVISION)["division"].to_list()
    doubled = sorted(set(in_log) & set(sets))
    if doubled:
        raise SettingsError(
            f"targets.sku_sets: {doubled[0]!r} is also a division of the log; rename the set"
        )
    keys = sorted({*in_log, *targets, *sets})
    return (
        pl.DataFrame({"division": keys}, schema={"division": pl.String})
        .with_columns(
            scope=pl.when(pl.col("division").is_in(list(sets)))
            .then(pl.lit(SKU_SET))
            .otherwise(pl.lit(DIVISION)),
            is_target=pl.col("division").is_in(list(targets)),
            window_months=pl.col("division").replace_strict(
                own_windows, default=window_months, return_dtype=pl.Int64
            ),
        )
        .join(sold, on=["scope", "division"], how="left", maintain_order="left")
    )


def latest(lines: ir.Table, column: str) -> ir.Value:
    """Latest value of a column that is given, per group; the first by name among equals."""
    # One key of age and name, since not every engine can put the rows of an aggregate in order.
    age = ibis.literal(date.max).delta(lines.order_date, unit="day")
    order = ibis.struct({"age": age, "name": lines[column]})
    return lines[column].argmin(order, where=lines[column].notnull())
