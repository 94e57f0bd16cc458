"""Dimensions: one row per customer, product and division, gathered from the log and side tables.

Where a name or attribute changed over time, the latest one in the log stands. Ties within a day
go to the first in alphabetical order, so that the order of the file's rows never matters.
"""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.settings import SettingsError
from gosales_assets.star.scopes import DIVISION, SKU_SET, scoped_lines

ATTRIBUTES = ("region", "territory", "segment", "size", "country", "postcode", "parent_account")


def customer_names(lines: ir.Table, side: ir.Table) -> ir.Table:
    """Name every customer of the log.

    Returns
    -------
    ir.Table
        One row per customer of ``raw.sales_lines``: customer_id, customer_name (latest in the log,
        else the side table's, else the id), account_prefix (latest; null: none).
    """
    log = lines.group_by("customer_id").aggregate(
        log_name=_latest(lines, "customer_name"), account_prefix=_latest(lines, "account_prefix")
    )
    joined = log.left_join(side, "customer_id")
    return joined.select(
        customer_id=log.customer_id,
        customer_name=ibis.coalesce(log.log_name, side.customer_name, log.customer_id),
        account_prefix=log.account_prefix,
    )


def without_industry(names: ir.Table, side: ir.Table) -> ir.Table:
    """Customers whose industry the side table does not know: those worth matching elsewhere."""
    known = side.filter(side.industry.notnull())
    return names.anti_join(known, "customer_id")


def customers(lines: ir.Table, side: ir.Table, matches: ir.Table) -> ir.Table:
    """Gather ``star.dim_customer`` (less the normalised name): one row per customer of the log.

    Parameters
    ----------
    lines
        ``raw.sales_lines``.
    side
        ``raw.customers``: one row per customer of the side table, possibly none.
    matches
        ``star.industry_matches``: at most one row per customer.
    """
    names = customer_names(lines, side)
    activity = lines.group_by("customer_id").aggregate(
        log_rep=_latest(lines, "rep"),
        branch=_latest(lines, "branch"),
        first_order=lines.order_date.min(),
        last_order=lines.order_date.max(),
    )
    # Prefixed, because every one of these tables names the same columns.
    joined = (
        names.inner_join(activity, "customer_id")
        .left_join(side.rename("side_{name}"), [("customer_id", "side_customer_id")])
        .left_join(matches.rename("match_{name}"), [("customer_id", "match_customer_id")])
    )
    known, matched = joined.side_industry.notnull(), joined.match_industry.notnull()
    return joined.select(
        "customer_id",
        "customer_name",
        "account_prefix",
        "branch",
        "first_order",
        "last_order",
        industry=ibis.coalesce(joined.side_industry, joined.match_industry),
        sub_industry=ibis.ifelse(known, joined.side_sub_industry, joined.match_sub_industry),
        industry_source=ibis.cases((known, "customers"), (matched, "enrichment")),
        rep=ibis.coalesce(joined.side_sales_rep, joined.log_rep),
        **{name: joined[f"side_{name}"] for name in ATTRIBUTES},
    )


def products(lines: ir.Table) -> ir.Table:
    """One row per SKU of the log: latest name and division, first and last day sold."""
    return lines.group_by("sku").aggregate(
        product_name=_latest(lines, "product_name"),
        division=_latest(lines, "division"),
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
    sold: pl.DataFrame, targets: Sequence[str], sets: Sequence[str], window_months: int
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
            window_months=pl.lit(window_months, pl.Int64),
        )
        .join(sold, on=["scope", "division"], how="left", maintain_order="left")
    )


def _latest(lines: ir.Table, column: str) -> ir.Value:
    order = [ibis.desc(lines.order_date), lines[column]]
    return lines[column].first(order_by=order, include_null=False)
