"""Customers: one row each, gathered from the log, the customers table and the industry matches.

A name is the latest in the log; attributes are those of the customers table that held on the last
day of the log. Joins never add a row: every table is brought to one row per customer first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.star.contract import OWN, TAKEN
from gosales_assets.star.dimensions import latest
from gosales_assets.star.industry_choice import taken
from gosales_assets.star.names import normalised_names

ATTRIBUTES = ("region", "territory", "segment", "size", "country", "postcode")
_NAMED = 5
_KEY = "customer_id"


def in_log(lines: ir.Table) -> ir.Table:
    """What the log says of its customers: one row per customer of ``raw.sales_lines``.

    Returns
    -------
    ir.Table
        customer_id, log_name, account_prefix, log_rep and branch (the latest; null: none), and
        first_order and last_order.
    """
    return lines.group_by(_KEY).aggregate(
        log_name=latest(lines, "customer_name"),
        account_prefix=latest(lines, "account_prefix"),
        log_rep=latest(lines, "rep"),
        branch=latest(lines, "branch"),
        first_order=lines.order_date.min(),
        last_order=lines.order_date.max(),
    )


def names_in_log(lines: ir.Table) -> ir.Table:
    """All names that customers ever had in the log, and since when each is known.

    Returns
    -------
    ir.Table
        One row per customer, name and prefix: customer_id, customer_name, account_prefix,
        name_source, name_known_from.
    """
    return (
        lines.filter(lines.customer_name.notnull())
        .group_by(_KEY, "customer_name", "account_prefix")
        .aggregate(name_known_from=lines.order_date.min())
        .mutate(name_source=ibis.literal("log"))
    )


def names_over_time(log: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Add the names of the customers table, for customers of the log.

    Parameters
    ----------
    log
        See `names_in_log`; customers without any name there are not in it.
    customers
        ``raw.customers``, less the customers that the log does not know.
    """
    side = customers.drop_nulls("customer_name").select(
        _KEY,
        "customer_name",
        account_prefix=pl.lit(None, pl.String),
        name_source=pl.lit("customers"),
        name_known_from="valid_from",
    )
    return pl.concat([log.select(side.columns), side])


@dataclass(frozen=True)
class Sources:
    """What is known of customers: the log, and the tables beside it.

    Parameters
    ----------
    log
        See `in_log`.
    customers
        Rows of ``raw.customers`` to show: at most one per customer.
    matches
        ``star.industry_matches``.
    installed
        customer_id of the customers that ``raw.installed_base`` lists.
    """

    log: pl.DataFrame
    customers: pl.DataFrame
    matches: pl.DataFrame
    installed: pl.DataFrame


def gather(sources: Sources) -> pl.DataFrame:
    """Gather ``star.dim_customer``: one row per customer of the log.

    The industry comes whole from one source: a sub-industry never stands beside an industry of the
    other. An account that is named as its own parent has none.
    """
    side = sources.customers.drop("valid_from").rename(lambda name: f"side_{name}")
    matched = taken(sources.matches).rename(lambda name: f"match_{name}")
    known, enriched = pl.col("side_industry"), pl.col("match_industry")
    parent = pl.col("side_parent_account")
    frame = (
        sources.log.join(side, left_on=_KEY, right_on=f"side_{_KEY}", how="left", validate="1:1")
        .join(matched, left_on=_KEY, right_on=f"match_{_KEY}", how="left", validate="1:1")
        .with_columns(
            customer_name=pl.coalesce("log_name", "side_customer_name", _KEY),
            parent_account=pl.when(parent != pl.col(_KEY)).then(parent),
            industry=pl.coalesce(known, enriched),
            sub_industry=pl.when(known.is_not_null())
            .then("side_sub_industry")
            .otherwise("match_sub_industry"),
            industry_source=pl.when(known.is_not_null())
            .then(pl.lit("customers"))
            .when(enriched.is_not_null())
            .then(pl.lit("enrichment")),
            rep=pl.coalesce("side_sales_rep", "log_rep"),
            **{name: pl.col(f"side_{name}") for name in ATTRIBUTES},
            **_flags(sources),
        )
        .drop("log_name", "log_rep")
        .drop(pl.selectors.starts_with("side_", "match_"))
    )
    names = normalised_names(frame["customer_name"].to_list(), frame["account_prefix"].to_list())
    return frame.with_columns(normalised_name=pl.Series(names, dtype=pl.String))


def customers_in_common(log: pl.DataFrame, sides: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Count, per side table, its customers and those of them that the log knows.

    Parameters
    ----------
    sides
        Table -> its customer_id.

    Returns
    -------
    pl.DataFrame
        One row per table: table, customers, in_log.
    """
    known = log.select(_KEY)
    counts = [
        (name, ids.n_unique(), ids.unique().join(known, on=_KEY, how="semi").height)
        for name, ids in ((name, frame.select(_KEY)) for name, frame in sides.items())
    ]
    schema = {"table": pl.String, "customers": pl.Int64, "in_log": pl.Int64}
    return pl.DataFrame(counts, schema=schema, orient="row")


def odd_parents(customers: pl.DataFrame, known: pl.DataFrame) -> list[Breach]:
    """Find parents that no table knows, that are the account itself, or that go in circles.

    Parameters
    ----------
    customers
        customer_id and parent_account: one row per customer of the customers table.
    known
        customer_id of all customers of the log and of the customers table.
    """
    pairs = customers.drop_nulls("parent_account").sort(_KEY)
    parent = pl.col("parent_account")
    itself = pairs.filter(parent == pl.col(_KEY))
    parents = {child: parent for child, parent in pairs.iter_rows() if child != parent}
    unknown = pairs.filter(parent != pl.col(_KEY)).join(
        known, left_on="parent_account", right_on=_KEY, how="anti"
    )
    circles = [_shown(circle) for circle in _circles(parents)]
    found = {
        "is not the account itself (taken as: no parent)": itself[_KEY].to_list(),
        "is an account that the log or the customers table knows": unknown["parent_account"]
        .unique()
        .sort()
        .to_list(),
        "never leads back to the account": circles,
    }
    return [
        Breach("parent_account", rule, len(names), tuple(names[:_NAMED]))
        for rule, names in found.items()
        if names
    ]


def _flags(sources: Sources) -> dict[str, pl.Expr]:
    """Which sources know each customer."""
    found = sources.matches.filter(pl.col("verdict").is_in([TAKEN, OWN]))
    known = {
        "in_customers": sources.customers,
        "in_enrichment": found,
        "in_installed_base": sources.installed,
    }
    return {"in_log": pl.lit(True)} | {
        name: pl.col(_KEY).is_in(frame[_KEY].unique().implode()) for name, frame in known.items()
    }


def _shown(circle: list[str]) -> str:
    between = circle if len(circle) <= _NAMED else [*circle[: _NAMED - 1], "...", circle[-1]]
    return " -> ".join((*between, circle[0]))


def _circles(parents: Mapping[str, str]) -> list[list[str]]:
    """Chains of parents that come back to where they began, each from its first by name."""
    found, done = [], set[str]()
    for start in sorted(parents):
        path: dict[str, None] = {}
        account: str | None = start
        while account is not None and account not in path and account not in done:
            path[account] = None
            account = parents.get(account)
        if account in path:
            chain = list(path)
            circle = chain[chain.index(account) :]
            first = circle.index(min(circle))
            found.append(circle[first:] + circle[:first])
        done.update(path)
    return found
