"""A big published database, made by SQL: customers x 12 divisions, two cutoffs, years of months."""

from datetime import date
from pathlib import Path

import duckdb

from gosales_assets.runs.scorecard_tables import add_scorecard_tables
from gosales_assets.star.contract import CUSTOMER_MONTH
from gosales_assets_tests.dashboards import published_sample as sample

DIVISIONS = 12
CUTOFFS = [date(2024, 9, 30), date(2024, 12, 31)]
REPS = 400

_CUSTOMERS = f"""
insert into star.dim_customer by name
select format('C{{:07d}}', i) as customer_id,
    format('{{}} {{}} {{}}', ['Alder', 'Beacon', 'Cobalt', 'Dynamo', 'Élan', 'Fulcrum'][1 + i % 6],
        ['Castings', 'Dental', 'Foods', 'Motors', 'Robotics'][1 + i // 6 % 5], i) as customer_name,
    strip_accents(lower(customer_name)) as normalised_name,
    case when i % 3 = 0 then format('Group {{}}', i // 9) end as parent_account,
    format('Industry {{}}', i % 20) as industry, format('Territory {{}}', i % 40) as territory,
    'medium' as size, format('Rep {{:03d}}', i % {REPS}) as rep,
    date '2018-01-01' + cast(i % 700 as integer) as first_order,
    date '2024-12-31' - cast(i % 900 as integer) as last_order
from range($customers) people(i)
"""

# One row per customer and division: chances skewed, a fifth owned, ranks over the whole cutoff.
_ROWS = f"""
create or replace temp table drawn as
select c.customer_id, c.customer_name, c.rep, c.territory, c.parent_account,
    format('Division {{:02d}}', d) as division,
    hash(c.customer_id, d, $cutoff) % 1000000 / 1e6 as u,
    hash(c.customer_id, d) % 100 as fate
from star.dim_customer c, range({DIVISIONS}) divisions(d)
"""

_LIST = """
insert into whitespace.whitespace by name
with told as (
    select *, power(u, 3) * 0.6 as icp_score, power(u, 3) * 0.6 * (1000 + 90 * fate) as expected_gp,
        case when fate < 20 then 'owned' when fate = 20 then 'blocked' when fate = 21 then 'cooling'
            when fate = 22 then 'open_deal' else 'potential' end as state
    from drawn
), ranked as (
    select *, case when state = 'potential' then
        row_number() over (partition by state = 'potential' order by icp_score desc, customer_id,
            division) end as rank
    from told
)
select cast($cutoff as date) as cutoff, division, customer_id, customer_name,
    coalesce(parent_account, customer_id) as account, rep, territory,
    case when fate % 3 = 0 then 'cold' else 'warm' end as segment, state,
    case when state <> 'potential' then 'known since May 2023' end as state_reason, rank,
    rank as division_rank, icp_score as score, icp_score,
    ['A', 'B', 'C', 'D', 'F'][1 + cast(fate % 5 as integer)] as icp_grade, 'steady' as trend,
    expected_gp, expected_gp * 3 as wallet_gp, 2.1 as lift, 'Division 01' as lift_from,
    'division' as lift_kind, fate as recency_days, 6 as window_months,
    case when state = 'potential' then format('{:.1f}x more likely than usual to buy {} in 6 months'
        '; owners of Division 01 adopt it 2.1x more; about ${}k', icp_score / 0.15, division,
        cast(1 + fate / 11 as integer)) end as nba_reason,
    false as surfaced, coalesce(rank <= 40000, false) as selected, $run as run_id
from ranked order by division, customer_id
"""

_SCORES = """
insert into scores.icp_scores by name
select run_id, '3' as model_version, division, cutoff, window_months, customer_id, customer_name,
    icp_score, 1 - rank / 2.4e6 as icp_percentile, icp_grade, 'expansion' as cohort, segment,
    expected_gp, trend, '5 orders of anything in the last 12 months: more likely' as reason_1,
    'last order 40 days ago: more likely' as reason_2, 'calibrated' as calibration_method
from whitespace.whitespace where cutoff = $cutoff order by division, customer_id
"""

_SMALL = """
insert into whitespace.whitespace_changes by name
select cutoff, division, customer_id, ['new', 'gone', 'moved', 'moved'][1 + rank % 4] as change,
    rank + rank % 90 as rank_before, rank as rank_now, 'potential' as state_before,
    'potential' as state_now, 'icp' as moved_by, 'chance rose from 11% to 14%' as why
from whitespace.whitespace where selected order by cutoff, division, customer_id;
insert into whitespace.account_rollup by name
select cutoff, account, count(distinct customer_id) as customers, count(*) as rows,
    count(*) filter (selected) as selected, min(rank) as best_rank,
    arg_min(division, rank) as best_division, arg_min(customer_id, rank) as best_customer_id,
    arg_min(customer_name, rank) as best_customer_name, arg_min(rep, rank) as rep,
    arg_min(nba_reason, rank) as nba_reason, sum(expected_gp) as expected_gp
from whitespace.whitespace where state = 'potential' group by cutoff, account
order by cutoff, account;
"""

# Months are kept a file each, as the star room keeps them.
_MONTHS = """
copy (
    select customer_id, 'division' as scope, format('Division {:02d}', d) as division,
        last_day(date '2021-01-15' + to_months(cast(m as integer))) as month, 2 as orders,
        3 as lines, 1000 + m as value
    from star.dim_customer, range($divisions) divisions(d), range($months) months(m)
    where hash(customer_id, d, m) % 100 < 6 order by all
) to '{folder}' (format parquet, partition_by (month), write_partition_columns true)
"""


def build(home: Path, customers: int) -> Path:
    """Make the published database of a home folder; returns its path."""
    path = sample.publish(home)
    (home / "lake" / "star" / "customer_month" / "part.parquet").unlink()
    months = home / "lake" / "star" / "customer_month" / "months"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set enable_progress_bar = false")
        for name in ("star.dim_customer", "scores.icp_scores", *_whitespace_tables()):
            connection.execute(f"truncate {name}")
        connection.execute(_CUSTOMERS, {"customers": customers})
        for cutoff in CUTOFFS:
            connection.execute(_ROWS, {"cutoff": cutoff})
            connection.execute(_LIST, {"cutoff": cutoff, "run": sample.RUN})
            connection.execute(_SCORES, {"cutoff": cutoff})
        connection.execute(_SMALL)
        connection.execute(
            _MONTHS.replace("{folder}", str(months)), {"divisions": DIVISIONS, "months": 48}
        )
        connection.execute("drop view star.customer_month")
        connection.execute(
            f"create view star.customer_month as from read_parquet('{months}/*/*.parquet')"
        )
        kept = set(connection.sql("describe star.customer_month").pl()["column_name"])
        assert kept <= set(CUSTOMER_MONTH.types), kept
        add_scorecard_tables(connection)
        connection.execute("checkpoint")
    return path


def _whitespace_tables() -> list[str]:
    names = ["whitespace", "whitespace_changes", "account_rollup"]
    return [f"whitespace.{name}" for name in names]
