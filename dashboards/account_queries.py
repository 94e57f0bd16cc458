"""Read-only queries about one account: finding it, its states, scores, orders, kin and parent.

As in ``queries``: parameters only, ordered totally, ``NotPublishedError`` when a table is missing.
An account outside the scope is not there.
"""

import unicodedata
from datetime import date
from typing import Any

import polars as pl

from dashboards.database import Published

MATCHES_SHOWN = 20
SIMILAR_SHOWN = 5

_FIND = """
select customer_id, customer_name, territory, rep, last_order
from scorecard.customers
where lower(customer_id) = lower($text)
    or len(list_filter($words, lambda word: not contains(typed, word))) = 0
order by lower(customer_id) <> lower($text), not starts_with(typed, $words[1]),
    last_order desc, customer_name, customer_id
limit $limit
"""

_SCORES = """
select division, icp_score, icp_percentile, icp_grade, cohort, segment, trend, expected_gp,
    window_months, reason_1, reason_2, reason_3, run_id, model_version, cutoff, customer_id,
    customer_name
from scores.icp_scores
where cutoff = $cutoff and customer_id = $account
order by icp_score desc, division
"""

_STATES = """
select w.division, w.customer_id, w.customer_name, w.state, w.state_reason, w.rank,
    w.division_rank, w.icp_score, d.usual, w.icp_grade, w.expected_gp, w.lift, w.lift_from,
    w.nba_reason, w.trend, w.selected, w.window_months, w.run_id
from whitespace.whitespace w
left join scorecard.divisions d on d.cutoff = $cutoff and d.division = w.division
where w.cutoff = $cutoff and w.customer_id = $account
    and ($division is null or w.division = $division)
order by w.rank nulls last, w.icp_score desc nulls last, w.division
"""

_TIMELINE = """
select month, division, orders, value
from star.customer_month
where customer_id = $account and scope = 'division'
order by month, division
"""

# Alike: of the same industry (of any, where it is not known), and owning the same divisions. What
# two own together over what either owns is Jaccard's measure.
_SIMILAR = """
with me as (select industry from scorecard.customers where customer_id = $account),
mine as (
    select holds from scorecard.accounts
    where cutoff = $cutoff and customer_id = $account and owned > 0
),
others as (
    select customer_id, customer_name, holds from scorecard.accounts
    where cutoff = $cutoff and owned > 0 and customer_id <> $account
        and customer_id in (
            select customer_id from scorecard.customers
            where (select industry from me) is null or industry = (select industry from me)
        )
)
select o.customer_id, o.customer_name, (select industry from me) as industry,
    list_filter(o.holds, lambda d: list_contains(m.holds, d)) as shared,
    list_filter(o.holds, lambda d: not list_contains(m.holds, d)) as more,
    len(shared) / (len(o.holds) + len(m.holds) - len(shared)) as likeness
from others o, mine m
where likeness > 0
order by likeness desc, len(shared) desc, o.customer_name, o.customer_id
limit $limit
"""

_FAMILY = """
select customer_id, customer_name, rep, owned, offers, expected_gp, best_rank
from scorecard.accounts
where cutoff = $cutoff and account = $parent
order by best_rank nulls last, customer_name, customer_id
limit $limit
"""


def find_accounts(db: Published, text: str, limit: int = MATCHES_SHOWN) -> pl.DataFrame:
    """Customers whose name or id contains every word of ``text``; exact ids and openings first."""
    words = [str(w) for w in _plain(text).split()]
    if not words:
        return db.query("select * from scorecard.customers limit 0")
    return db.query(_FIND, {"text": text.strip(), "words": words, "limit": limit})


def account(db: Published, customer_id: str) -> dict[str, Any] | None:
    """One customer's row of ``star.dim_customer``; None: no such customer."""
    frame = db.query(
        "select * from star.dim_customer where customer_id = $account", {"account": customer_id}
    )
    return None if frame.is_empty() else frame.row(0, named=True)


def account_scores(db: Published, customer_id: str, cutoff: date) -> pl.DataFrame:
    """One row per division that the account is scored for, highest chance first."""
    return db.query(_SCORES, {"account": customer_id, "cutoff": cutoff})


def account_states(
    db: Published, customer_id: str, cutoff: date, division: str | None = None
) -> pl.DataFrame:
    """One row per division with the account's state; what to offer comes first, by rank.

    Parameters
    ----------
    division
        Of one division only; None: of all.
    """
    return db.query(_STATES, {"account": customer_id, "cutoff": cutoff, "division": division})


def timeline(db: Published, customer_id: str) -> pl.DataFrame:
    """One row per month and division in which the account bought or returned something."""
    return db.query(_TIMELINE, {"account": customer_id})


def similar(
    db: Published, customer_id: str, cutoff: date, limit: int = SIMILAR_SHOWN
) -> pl.DataFrame:
    """Accounts of the same industry that own the same divisions, most alike first.

    Returns
    -------
    pl.DataFrame
        ``shared``: divisions that both own; ``more``: what the other owns besides; ``likeness``:
        divisions of both over divisions of either, 0 to 1; ``industry``: what both have in common,
        null: this account's is not known, and all industries were looked at.
    """
    return db.query(_SIMILAR, {"account": customer_id, "cutoff": cutoff, "limit": limit})


def parent(db: Published, cutoff: date, name: str) -> dict[str, Any] | None:
    """What there is to offer to all customers of a parent account; None: nothing, or not yours."""
    frame = db.query(
        "select * from whitespace.account_rollup where cutoff = $cutoff and account = $parent",
        {"cutoff": cutoff, "parent": name},
    )
    return None if frame.is_empty() else frame.row(0, named=True)


def family(db: Published, cutoff: date, name: str, limit: int = MATCHES_SHOWN) -> pl.DataFrame:
    """Customers of a parent account with what they own and could be offered, best first."""
    return db.query(_FAMILY, {"cutoff": cutoff, "parent": name, "limit": limit})


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
