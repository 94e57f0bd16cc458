"""Read-only queries of the whitespace matrix: accounts by divisions, a page of accounts at a time.

As in ``queries``: parameters only, ordered totally, ``NotPublishedError`` when a table is missing.
"""

from typing import Any

import polars as pl

from dashboards.database import Published
from dashboards.queries import Filters

# Accounts of one download: each has a row for every division.
MOST_ACCOUNTS = 4_000

_ACCOUNTS = """
    from scorecard.accounts a
    where a.cutoff = $cutoff
        and ($rep is null or a.rep = $rep)
        and ($territory is null or a.territory = $territory)
        and ($segment is null or a.segment = $segment)
        and ($state is null or list_contains(a.states, $state))
        and ($name = '' or a.customer_id in (
            select customer_id from scorecard.customers
            where contains(typed, strip_accents(lower($name)))
        ))
"""

_MATRIX = f"""
with page as (
    select a.customer_id, a.customer_name, a.best_rank, a.owned, a.offers {_ACCOUNTS}
    order by a.best_rank nulls last, a.customer_id
    limit $limit offset $offset
)
select p.customer_id, p.customer_name, p.best_rank, p.owned, p.offers, w.division, w.state,
    w.state_reason, w.rank, w.icp_score, w.icp_grade, w.expected_gp, w.nba_reason,
    w.window_months, w.cutoff, w.run_id,
    (select max(high_value) from scorecard.divisions where cutoff = $cutoff) as high_value
from page p
join whitespace.whitespace w on w.cutoff = $cutoff and w.customer_id = p.customer_id
order by p.best_rank nulls last, p.customer_id, w.division
"""  # noqa: S608 - constant text


def count_accounts(
    db: Published, filters: Filters, *, name: str = "", state: str | None = None
) -> int:
    """How many accounts the matrix has under these filters."""
    sql = f"select count(*) as rows {_ACCOUNTS}"
    return int(db.query(sql, _params(filters, name, state)).item())


def matrix(
    db: Published,
    filters: Filters,
    *,
    name: str = "",
    state: str | None = None,
    limit: int = MOST_ACCOUNTS,
    offset: int = 0,
) -> pl.DataFrame:
    """One row per account and division, for one page of accounts; best-ranked accounts first.

    Parameters
    ----------
    filters
        Cutoff, rep, territory and segment are used.
    name
        Part of the account's name or id.
    state
        Only accounts with at least one division in this state.
    """
    page = {"limit": limit, "offset": offset}
    return db.query(_MATRIX, {**_params(filters, name, state), **page})


def _params(filters: Filters, name: str, state: str | None) -> dict[str, Any]:
    used = {key: getattr(filters, key) for key in ("cutoff", "rep", "territory", "segment")}
    return {**used, "name": name.strip(), "state": state}
