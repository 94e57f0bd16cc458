"""Whose accounts a person may see, enforced where queries run.

A scoped query does not see the published tables but views of the same names over them, which hold
the rep's own accounts and nothing else. A table that is not named here does not exist for it, so
that nothing is shown because somebody forgot to hide it.
"""

from dataclasses import dataclass

import duckdb

SOURCE = "published"  # name under which the published database is attached
_REP = "scope_rep"

_OWN_CUSTOMERS = (
    f"select customer_id from {SOURCE}.star.dim_customer where rep = getvariable('{_REP}')"  # noqa: S608 - constant text
)
_OWN = f"customer_id in ({_OWN_CUSTOMERS})"
_EVERYBODY = "true"
# A parent's totals are told only to whom all its customers belong: they hold everybody's.
_OWN_PARENT = f"""account not in (
    select coalesce(parent_account, customer_id) from {SOURCE}.star.dim_customer
    where rep is distinct from getvariable('{_REP}')
)"""  # noqa: S608 - constant text

# What a rep may see of each table; figures that name no account are for everybody.
RULES = {
    "star.dim_customer": f"rep = getvariable('{_REP}')",
    "scorecard.customers": f"rep = getvariable('{_REP}')",
    "scorecard.accounts": _OWN,
    "whitespace.whitespace": _OWN,
    "whitespace.whitespace_changes": _OWN,
    "whitespace.account_rollup": _OWN_PARENT,
    "scores.icp_scores": _OWN,
    "star.customer_month": _OWN,
    "scorecard.divisions": _EVERYBODY,
    "star.dim_cutoff": _EVERYBODY,
    "models.calibration": _EVERYBODY,
    "validation.backtests": _EVERYBODY,
    "validation.gains": _EVERYBODY,
    "validation.gate": _EVERYBODY,
    "runs.run_manifest": _EVERYBODY,
}


@dataclass(frozen=True)
class Scope:
    """What a person may see.

    Parameters
    ----------
    rep
        The rep whose accounts may be seen; None: everybody's.
    """

    rep: str | None = None

    @property
    def everything(self) -> bool:
        """Whether all accounts may be seen."""
        return self.rep is None


EVERYTHING = Scope()


def restrict(connection: duckdb.DuckDBPyConnection, scope: Scope, sql: str) -> None:
    """Let a connection see, under the names of the attached database, what the scope allows.

    Parameters
    ----------
    connection
        Of an empty database in memory, with the published one attached as ``published``.
    sql
        The query that is to be run: of the tables that have a rule, only those that it names are
        made visible, since each costs some milliseconds.
    """
    if scope.everything:
        connection.execute(f"use {SOURCE}")
        return
    connection.execute(f"set variable {_REP} = $rep", {"rep": scope.rep})
    for name, rule in RULES.items():
        if name in sql:
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(
                f"create view {name} as select * from {SOURCE}.{name} where {rule}"  # noqa: S608 - constant text
            )
