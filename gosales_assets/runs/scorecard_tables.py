"""Small tables of the published database that the scorecard pages through.

They hold nothing that is not in the big tables: one row per account instead of one per account and
division, in the order in which pages are turned, so that a page reads a few rows of millions.
"""

import duckdb

SCHEMA = "scorecard"
NEEDED = frozenset({"star.dim_customer", "whitespace.whitespace"})
# Name -> what it is, what one row is, and the query that makes it.
TABLES = {
    "customers": (
        "Customers with their names as people type them. Grain: one row per customer.",
        """
        select customer_id, customer_name, rep, territory, industry, parent_account, last_order,
            strip_accents(lower(concat_ws(' ', customer_name, customer_id, normalised_name)))
                as typed
        from star.dim_customer
        order by customer_id
        """,
    ),
    "accounts": (
        "Each list by account: its best row, and the states of the others. Grain: one row per "
        "cutoff and customer of the list, best first.",
        """
        select cutoff, customer_id, any_value(customer_name) as customer_name,
            any_value(account) as account, any_value(rep) as rep,
            any_value(territory) as territory, any_value(segment) as segment,
            list_sort(list(distinct state)) as states,
            count(*) filter (state = 'potential') as offers,
            count(*) filter (state = 'owned') as owned,
            list_sort(list(division) filter (state = 'owned')) as holds,
            sum(expected_gp) filter (state = 'potential') as expected_gp,
            min(rank) as best_rank, arg_min(icp_score, rank) as best_chance,
            arg_min(expected_gp, rank) as best_value
        from whitespace.whitespace
        group by cutoff, customer_id
        order by cutoff, best_rank nulls last, customer_id
        """,
    ),
    "divisions": (
        "Each list by division: how likely and how valuable what could be offered is as a rule, "
        "and which run made it. Grain: one row per cutoff and division of the list.",
        """
        select cutoff, division, any_value(window_months) as window_months,
            any_value(run_id) as run_id, count(*) as rows,
            avg(icp_score) filter (state = 'potential') as usual,
            quantile_cont(expected_gp, 0.999) filter (state = 'potential') as high_value
        from whitespace.whitespace
        group by cutoff, division
        order by cutoff, division
        """,
    ),
}


def add_scorecard_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of the schema ``scorecard`` in a database that has the others."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    for name, (about, query) in TABLES.items():
        connection.execute(f"create or replace table {SCHEMA}.{name} as {query}")
        connection.execute(f"comment on table {SCHEMA}.{name} is '{about}'")
