"""Read-only queries of the lists: cutoffs, choices, recommendations, what changed, capacity.

Every function takes the published database and returns a Polars frame, ordered totally. Values
are parameters; rows are filtered, ordered and paged by DuckDB; whose rows there are is decided by
the database's scope. All raise ``NotPublishedError`` when a table they need is not there.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from dashboards.database import Published
from gosales_assets.whitespace.money import symbol

ORDERS = {"rank": "Our ranking", "chance": "Chance of buying", "value": "Expected value"}
# Downloads are built in memory; whoever wants millions of rows takes the files of a run.
MOST_ROWS = 50_000


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

_CHOICES = """
select list_sort(list(distinct rep) filter (rep is not null)) as rep,
    list_sort(list(distinct territory) filter (territory is not null)) as territory,
    list_sort(list(distinct segment)) as segment,
    (select list(division order by division) from scorecard.divisions where cutoff = $cutoff)
        as division
from scorecard.accounts where cutoff = $cutoff
"""

_COUNT_RECOMMENDATIONS = f"select count(*) as rows from whitespace.whitespace w where {_NARROWED}"  # noqa: S608 - constant text

# A rank stands once in a cutoff: the page is found by few narrow columns, and then filled.
_RECOMMENDATIONS = f"""
with page as (
    select w.rank,
        case $order when 'chance' then -w.icp_score when 'value' then -w.expected_gp end as place
    from whitespace.whitespace w
    where {_NARROWED}
    order by place nulls last, w.rank
    limit $limit offset $offset
)
select w.rank, w.customer_id, w.customer_name, w.rep, w.territory, w.segment, w.division,
    w.icp_score, d.usual, w.icp_grade, w.window_months, w.expected_gp, w.nba_reason, w.trend,
    w.cutoff, w.run_id
from page p
join whitespace.whitespace w on w.cutoff = $cutoff and w.rank = p.rank
left join scorecard.divisions d on d.cutoff = $cutoff and d.division = w.division
order by p.place nulls last, p.rank
"""  # noqa: S608 - constant text

# Of each account its best row: this is how a list with a place for each account is filled.
_CAPACITY = """
with placed as (
    select best_chance, best_value,
        row_number() over (partition by rep order by best_rank, customer_id) as place
    from scorecard.accounts
    where cutoff = $cutoff and best_rank is not null
        and ($rep is null or rep = $rep)
        and ($territory is null or territory = $territory)
        and ($segment is null or segment = $segment)
), by_place as (
    select place, count(*) as accounts, sum(best_chance) as wins, sum(best_value) as value
    from placed where place <= $most group by place
)
select place as accounts_per_rep, sum(accounts) over upward as accounts,
    sum(wins) over upward as wins, sum(value) over upward as value
from by_place
window upward as (order by place)
order by place
"""

_CHANGED = """
from whitespace.whitespace_changes c
join scorecard.customers u on u.customer_id = c.customer_id
where c.cutoff = $cutoff
    and ($rep is null or u.rep = $rep)
    and ($territory is null or u.territory = $territory)
"""

_COUNT_CHANGES = f"select c.change, count(*) as rows {_CHANGED} group by c.change order by c.change"

_CHANGES = f"""
select c.change, c.customer_id, u.customer_name, u.rep, u.territory, c.division, c.rank_before,
    c.rank_now, c.state_before, c.state_now, c.moved_by, c.why, c.cutoff
{_CHANGED} and c.change = $change
order by coalesce(c.rank_now, c.rank_before) nulls last, c.customer_id, c.division
limit $limit offset $offset
"""


def list_cutoffs(db: Published) -> list[date]:
    """Cutoffs that have a ranked list, newest first."""
    frame = db.query("select distinct cutoff from scorecard.divisions order by cutoff desc")
    return frame["cutoff"].to_list()


def list_source(db: Published, cutoff: date) -> tuple[list[int], list[str]]:
    """Months that the list of a cutoff looks ahead, shortest first, and the runs that made it."""
    frame = db.query(
        "select distinct run_id, window_months from scorecard.divisions"
        " where cutoff = $cutoff order by run_id, window_months",
        {"cutoff": cutoff},
    )
    months = frame["window_months"].unique().sort().to_list()
    return months, frame["run_id"].unique(maintain_order=True).to_list()


def currency(db: Published) -> str:
    """Sign put before amounts, such as ``$``; empty where no run said its currency."""
    frame = db.query(
        "select currency from runs.run_manifest where currency is not null"
        " order by published_at desc, run_id limit 1"
    )
    return "" if frame.is_empty() else symbol(frame.item())


def choices(db: Published, cutoff: date) -> dict[str, list[str]]:
    """Values that a cutoff's list can be narrowed to: rep, territory, segment, division."""
    found = db.query(_CHOICES, {"cutoff": cutoff}).row(0, named=True)
    return {name: values or [] for name, values in found.items()}


def count_recommendations(db: Published, filters: Filters) -> int:
    """How many recommendations the filters leave."""
    return int(db.query(_COUNT_RECOMMENDATIONS, asdict(filters)).item())


def recommendations(
    db: Published,
    filters: Filters,
    *,
    order: str = "rank",
    limit: int = MOST_ROWS,
    offset: int = 0,
) -> pl.DataFrame:
    """One row per recommended account and division, best first.

    Parameters
    ----------
    order
        One of ``ORDERS``; ties are broken by rank.
    limit, offset
        The page wanted.
    """
    params = {**asdict(filters), "order": order, "limit": limit, "offset": offset}
    return db.query(_RECOMMENDATIONS, params)


def capacity(db: Published, filters: Filters, most: int) -> pl.DataFrame:
    """What calling more accounts would bring: one row per number of accounts for each rep.

    Each rep calls the accounts of the best rows, offering each what its best row says; accounts
    without a rep are one more list.

    Parameters
    ----------
    filters
        Cutoff, rep, territory and segment are used.
    most
        Largest number of accounts for each rep.

    Returns
    -------
    pl.DataFrame
        ``accounts_per_rep`` from 1, with ``accounts``, ``wins`` (sum of the chances) and ``value``
        (sum of the expected values) of all up to it.
    """
    used = {key: getattr(filters, key) for key in ("cutoff", "rep", "territory", "segment")}
    return db.query(_CAPACITY, {**used, "most": most})


def count_changes(db: Published, filters: Filters) -> dict[str, int]:
    """How many rows are new, gone, moved and stayed since the list before."""
    used = {key: getattr(filters, key) for key in ("cutoff", "rep", "territory")}
    return {str(change): int(rows) for change, rows in db.query(_COUNT_CHANGES, used).iter_rows()}


def changes(
    db: Published, filters: Filters, change: str, *, limit: int = MOST_ROWS, offset: int = 0
) -> pl.DataFrame:
    """Rows of one change, by their place now; cutoff, rep and territory of the filters are used."""
    used: dict[str, Any] = {key: getattr(filters, key) for key in ("cutoff", "rep", "territory")}
    return db.query(_CHANGES, {**used, "change": change, "limit": limit, "offset": offset})
