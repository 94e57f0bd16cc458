"""Read-only queries of the pages for analysts: backtests, gains, loads, alerts, runs.

As in ``queries``: parameters only, ordered totally, ``NotPublishedError`` when a table is missing.
"""

from datetime import date
from typing import Any

import polars as pl

from dashboards.database import Published


def tested_cutoffs(db: Published) -> list[date]:
    """Cutoffs whose outcome is known and was compared with the scores, newest first."""
    frame = db.query("select distinct cutoff from validation.backtests order by cutoff desc")
    return frame["cutoff"].to_list()


def tested_divisions(db: Published) -> list[str]:
    """Divisions with at least one backtest."""
    frame = db.query("select distinct division from validation.backtests order by division")
    return frame["division"].to_list()


def glance(db: Published, cutoff: date, metric: str) -> pl.DataFrame:
    """One row per division and cohort at one cutoff: model and naive with their intervals."""
    return db.query(
        """
        select m.division, m.cohort, m.value as model, m.low as model_low, m.high as model_high,
            n.value as naive, n.low as naive_low, n.high as naive_high, m.rows, m.positives
        from validation.backtests m
        left join validation.backtests n
            on n.division = m.division and n.cutoff = m.cutoff and n.cohort = m.cohort
            and n.metric = m.metric and n.ranking = 'naive'
        where m.ranking = 'model' and m.cutoff = $cutoff and m.metric = $metric
        order by m.division, m.cohort
        """,
        {"cutoff": cutoff, "metric": metric},
    )


def backtests(db: Published, division: str, metric: str) -> pl.DataFrame:
    """One row per cutoff, cohort and ranking of one division's metric, oldest cutoff first."""
    return db.query(
        """
        select cutoff, cohort, ranking, value, low, high, rows, positives
        from validation.backtests
        where division = $division and metric = $metric
        order by cutoff, cohort, ranking
        """,
        {"division": division, "metric": metric},
    )


def gains(db: Published, division: str, cutoff: date) -> pl.DataFrame:
    """One row per tenth of the accounts, highest scores first."""
    return db.query(
        """
        select decile, rows, positives, mean_score, observed_rate, cumulative_capture
        from validation.gains
        where division = $division and cutoff = $cutoff
        order by decile
        """,
        {"division": division, "cutoff": cutoff},
    )


def reached(db: Published, division: str, cutoff: date) -> pl.DataFrame:
    """Share of buyers among the best 5, 10 and 20 %, model and naive, with 95 % intervals."""
    return db.query(
        """
        select ranking, cast(regexp_extract(metric, '[0-9]+') as double) / 100 as called,
            value, low, high
        from validation.backtests
        where division = $division and cutoff = $cutoff and cohort = 'all'
            and metric in ('capture_5', 'capture_10', 'capture_20')
            and ranking in ('model', 'naive') and value is not null
        order by ranking, called
        """,
        {"division": division, "cutoff": cutoff},
    )


def verdict(db: Published, division: str) -> dict[str, Any] | None:
    """What the gate decided about a division's newest model; None: it has not been judged."""
    frame = db.query(
        "select * from validation.gate where division = $division", {"division": division}
    )
    return None if frame.is_empty() else frame.row(0, named=True)


def calibration(db: Published, division: str) -> dict[str, Any] | None:
    """How the newest scores of a division became probabilities; None: they did not."""
    frame = db.query(
        """
        select * from models.calibration where division = $division
        order by cutoff desc, cohort <> 'all', cohort limit 1
        """,
        {"division": division},
    )
    return None if frame.is_empty() else frame.row(0, named=True)


def proof(db: Published) -> pl.DataFrame:
    """One row per leakage probe with what came of it on these data."""
    return db.query("select * from validation.leakage_report order by probe")


def check_results(db: Published) -> pl.DataFrame:
    """One row per check as it was last run: what failed first, errors before warnings."""
    return db.query(
        "select * from runs.check_results order by passed, severity, table_name, check_name"
    )


def looked_at(db: Published) -> pl.Series:
    """All cutoffs, oldest first."""
    return db.query("select cutoff from star.dim_cutoff order by cutoff")["cutoff"]


def newest_cutoff(db: Published) -> dict[str, Any] | None:
    """The newest cutoff's row of ``star.dim_cutoff``; None: there is no cutoff."""
    frame = db.query("select * from star.dim_cutoff order by cutoff desc limit 1")
    return None if frame.is_empty() else frame.row(0, named=True)


def load_log(db: Published) -> pl.DataFrame:
    """One row per file of the sales log."""
    return db.query("select * from raw.load_log order by source_file")


def quarantine_reasons(db: Published) -> pl.DataFrame:
    """One row per file and reason: records set aside, what they stand for, and the first one."""
    return db.query("select * from raw.quarantine_reasons order by rows desc, source_file, reason")


def quarantine(db: Published) -> pl.DataFrame:
    """All records set aside, as they stand in the files."""
    return db.query("select * from raw.quarantine order by source_file, source_line, reason")


def alerts(db: Published) -> pl.DataFrame:
    """One row per drift alert, newest cutoff and gravest first."""
    return db.query(
        """
        select cutoff, severity, alert, division, figure, threshold, message, action
        from drift.drift_alerts
        order by cutoff desc, list_position(['hard', 'warn', 'info'], severity), alert,
            division nulls first, message
        """
    )


def run_records(db: Published) -> pl.DataFrame:
    """One row per run that published, newest first."""
    return db.query("select * from runs.run_manifest order by published_at desc, run_id")
