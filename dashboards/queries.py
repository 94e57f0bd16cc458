"""Read-only queries of the pages for sales: recommendations, accounts, the score grid.

Every function takes the published database and returns a Polars frame, ordered totally. Values
are parameters; rows are filtered, ordered and paged by DuckDB. All raise ``NotPublishedError``
when a table they need is not there.
"""

import unicodedata
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from dashboards.database import Published

ORDERS = {"rank": "Our ranking", "chance": "Chance of buying", "value": "Expected value"}
MATCHES_SHOWN = 20


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; None means all."""

    cutoff: date
    rep: str | None = None
    territory: str | None = None
    segment: str | None = None
    grade: str | None = None
    division: str | None = None
    shortlist: bool = False


_NARROWED = """
    w.cutoff = $cutoff
    and ($rep is null or w.rep = $rep)
    and ($territory is null or w.territory = $territory)
    and ($segment is null or w.segment = $segment)
    and ($grade is null or w.icp_grade = $grade)
    and ($division is null or w.division = $division)
    and w.state = 'potential'
    and (not $shortlist or w.selected)
"""

# Usual in a division is the mean chance of all that could be offered it; the reasons say the same.
_USUAL = """
    select division, avg(icp_score) as usual
    from whitespace.whitespace
    where cutoff = $cutoff and state = 'potential'
    group by division
"""

_COUNT_RECOMMENDATIONS = f"select count(*) as rows from whitespace.whitespace w where {_NARROWED}"  # noqa: S608 - constant text

_RECOMMENDATIONS = f"""
with usual as ({_USUAL}),
page as (
    select w.*,
        case $order when 'chance' then -w.icp_score when 'value' then -w.expected_gp end as place
    from whitespace.whitespace w
    where {_NARROWED}
    order by place nulls last, w.rank nulls last, w.customer_id, w.division
    limit $limit offset $offset
)
select p.rank, p.customer_id, p.customer_name, p.rep, p.territory, p.segment, p.division,
    p.icp_score, u.usual, p.icp_grade, p.window_months, p.expected_gp, p.nba_reason, s.trend,
    p.cutoff, p.run_id
from page p
left join usual u on u.division = p.division
left join scores.icp_scores s
    on s.cutoff = $cutoff and s.division = p.division and s.customer_id = p.customer_id
order by p.place nulls last, p.rank nulls last, p.customer_id, p.division
"""  # noqa: S608 - constant text

_FIND = """
select customer_id, customer_name, territory, rep, last_order
from star.dim_customer
where lower(customer_id) = lower($text)
    or len(list_filter($words, lambda word: not contains(
        strip_accents(lower(customer_name || ' ' || customer_id || ' ' || normalised_name)), word
    ))) = 0
order by lower(customer_id) <> lower($text),
    not starts_with(strip_accents(lower(customer_name)), $words[1]),
    last_order desc, customer_name, customer_id
limit $limit
"""

_ACCOUNT_SCORES = """
select division, icp_score, icp_percentile, icp_grade, cohort, segment, trend, expected_gp,
    window_months, reason_1, reason_2, reason_3, run_id, model_version, cutoff, customer_id,
    customer_name
from scores.icp_scores
where cutoff = $cutoff and customer_id = $account
order by icp_score desc, division
"""

_ACCOUNT_WHITESPACE = f"""
with usual as ({_USUAL})
select w.division, w.state, w.state_reason, w.rank, w.division_rank, w.icp_score, u.usual,
    w.icp_grade, w.expected_gp, w.lift, w.lift_from, w.nba_reason, w.selected, w.window_months,
    w.run_id
from whitespace.whitespace w
left join usual u on u.division = w.division
where w.cutoff = $cutoff and w.customer_id = $account
order by w.rank nulls last, w.icp_score desc nulls last, w.division
"""  # noqa: S608 - constant text

_TIMELINE = """
select month, division, orders, value
from star.customer_month
where customer_id = $account and scope = 'division'
order by month, division
"""

_GRID_ACCOUNTS = """
    select w.customer_id, any_value(w.customer_name) as customer_name, min(w.rank) as best_rank
    from whitespace.whitespace w
    where w.cutoff = $cutoff
        and ($rep is null or w.rep = $rep)
        and ($territory is null or w.territory = $territory)
        and ($segment is null or w.segment = $segment)
        and contains(
            strip_accents(lower(w.customer_name || ' ' || w.customer_id)),
            strip_accents(lower($name))
        )
    group by w.customer_id
    having $state is null or count(*) filter (w.state = $state) > 0
"""

_COUNT_GRID = f"select count(*) as rows from ({_GRID_ACCOUNTS})"  # noqa: S608 - constant text

_GRID = f"""
with accounts as (
    {_GRID_ACCOUNTS}
    order by best_rank nulls last, customer_id
    limit $limit offset $offset
)
select a.customer_id, a.customer_name, a.best_rank, w.division, w.state, w.state_reason,
    coalesce(s.icp_score, w.icp_score) as icp_score, s.icp_percentile, w.icp_grade,
    coalesce(w.nba_reason, s.reason_1) as reason, w.window_months, w.cutoff, w.run_id
from accounts a
join whitespace.whitespace w on w.cutoff = $cutoff and w.customer_id = a.customer_id
left join scores.icp_scores s
    on s.cutoff = $cutoff and s.customer_id = a.customer_id and s.division = w.division
order by a.best_rank nulls last, a.customer_id, w.division
"""  # noqa: S608 - constant text


def whitespace_cutoffs(db: Published) -> list[date]:
    """Cutoffs that have a ranked list, newest first."""
    frame = db.query("select distinct cutoff from whitespace.whitespace order by cutoff desc")
    return frame["cutoff"].to_list()


def score_cutoffs(db: Published) -> list[date]:
    """Cutoffs that have scores, newest first."""
    frame = db.query("select distinct cutoff from scores.icp_scores order by cutoff desc")
    return frame["cutoff"].to_list()


def whitespace_source(db: Published, cutoff: date) -> tuple[list[int], list[str]]:
    """Months that the list of a cutoff looks ahead, shortest first, and the runs that made it."""
    frame = db.query(
        "select distinct run_id, window_months from whitespace.whitespace"
        " where cutoff = $cutoff order by run_id, window_months",
        {"cutoff": cutoff},
    )
    return _source(frame)


def score_source(db: Published, cutoff: date) -> tuple[list[int], list[str]]:
    """Months that the scores of a cutoff look ahead, shortest first, and the runs behind them."""
    frame = db.query(
        "select distinct run_id, window_months from scores.icp_scores"
        " where cutoff = $cutoff order by run_id, window_months",
        {"cutoff": cutoff},
    )
    return _source(frame)


def choices(db: Published, cutoff: date) -> dict[str, list[str]]:
    """Values that a cutoff's list can be narrowed to: rep, territory, segment, grade, division."""
    frame = db.query(
        """
        select
            list_sort(list(distinct rep) filter (rep is not null)) as rep,
            list_sort(list(distinct territory) filter (territory is not null)) as territory,
            list_sort(list(distinct segment) filter (segment is not null)) as segment,
            list_sort(list(distinct icp_grade) filter (icp_grade is not null)) as grade,
            list_sort(list(distinct division)) as division
        from whitespace.whitespace where cutoff = $cutoff
        """,
        {"cutoff": cutoff},
    )
    return {name: values or [] for name, values in frame.row(0, named=True).items()}


def count_recommendations(db: Published, filters: Filters) -> int:
    """How many recommendations the filters leave."""
    return int(db.query(_COUNT_RECOMMENDATIONS, asdict(filters)).item())


def recommendations(
    db: Published,
    filters: Filters,
    *,
    order: str = "rank",
    limit: int | None = None,
    offset: int = 0,
) -> pl.DataFrame:
    """One row per recommended account and division, best first.

    Parameters
    ----------
    order
        One of ``ORDERS``; ties are broken by rank, customer and division.
    limit, offset
        The page wanted; without a limit all rows.
    """
    params = {**asdict(filters), "order": order, "limit": limit, "offset": offset}
    return db.query(_RECOMMENDATIONS, params)


def find_accounts(db: Published, text: str, limit: int = MATCHES_SHOWN) -> pl.DataFrame:
    """Customers whose name or id contains every word of ``text``; exact ids and openings first."""
    words = [str(w) for w in _plain(text).split()]
    if not words:
        return db.query("select * from star.dim_customer limit 0")
    return db.query(_FIND, {"text": text.strip(), "words": words, "limit": limit})


def account(db: Published, customer_id: str) -> dict[str, Any] | None:
    """One customer's row of ``star.dim_customer``; None: no such customer."""
    frame = db.query(
        "select * from star.dim_customer where customer_id = $account", {"account": customer_id}
    )
    return None if frame.is_empty() else frame.row(0, named=True)


def account_scores(db: Published, customer_id: str, cutoff: date) -> pl.DataFrame:
    """One row per division that the account is scored for, highest chance first."""
    return db.query(_ACCOUNT_SCORES, {"account": customer_id, "cutoff": cutoff})


def account_whitespace(db: Published, customer_id: str, cutoff: date) -> pl.DataFrame:
    """One row per division with the account's state; what to offer comes first, by rank."""
    return db.query(_ACCOUNT_WHITESPACE, {"account": customer_id, "cutoff": cutoff})


def timeline(db: Published, customer_id: str) -> pl.DataFrame:
    """One row per month and division in which the account bought or returned something."""
    return db.query(_TIMELINE, {"account": customer_id})


def count_grid_accounts(
    db: Published, filters: Filters, *, name: str = "", state: str | None = None
) -> int:
    """How many accounts the grid has under these filters."""
    return int(db.query(_COUNT_GRID, _grid_params(filters, name, state)).item())


def grid(
    db: Published,
    filters: Filters,
    *,
    name: str = "",
    state: str | None = None,
    limit: int | None = None,
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
    return db.query(_GRID, {**_grid_params(filters, name, state), **page})


def _grid_params(filters: Filters, name: str, state: str | None) -> dict[str, Any]:
    used = {key: getattr(filters, key) for key in ("cutoff", "rep", "territory", "segment")}
    return {**used, "name": name.strip(), "state": state}


def _source(frame: pl.DataFrame) -> tuple[list[int], list[str]]:
    months = frame["window_months"].unique().sort().to_list()
    return months, frame["run_id"].unique(maintain_order=True).to_list()


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
