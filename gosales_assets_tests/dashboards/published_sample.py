"""A small published database, made without a run: 64 accounts, 6 divisions, 4 cutoffs."""

import random
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from gosales_assets.calendar import add_months, cutoff_days, months_known
from gosales_assets.drift.contract import DRIFT_ALERTS
from gosales_assets.models.contract import CALIBRATION
from gosales_assets.runs.contract import CHECK_RESULTS, RUN_MANIFEST
from gosales_assets.runs.scorecard_tables import add_scorecard_tables
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE, QUARANTINE_REASONS
from gosales_assets.star.contract import CUSTOMER_MONTH, DIM_CUSTOMER, DIM_CUTOFF, DIM_DIVISION
from gosales_assets.tables import Table
from gosales_assets.validation.contract import BACKTESTS, GAINS, GATE, LEAKAGE_REPORT
from gosales_assets.whitespace.contract import WHITESPACE
from gosales_assets.whitespace.handout_contract import ACCOUNT_ROLLUP, CHANGES_TABLE

DIVISIONS = ["Simulation", "Data Management", "Scanning & Metrology", "3D Printing", "Training"]
DIVISIONS += ["Services"]
CUTOFFS = cutoff_days(date(2024, 3, 31), date(2024, 12, 31), 3)
NEWEST, DATA_END = CUTOFFS[-1], date(2024, 12, 31)
WINDOW = 6
RUN = "5f0c2a9e-41d7-4a55-9a0b-1c7e6f2d8b34"
REPS = ["Ada Moreau", "Ben Okafor", "Chiara Rossi", None]
TERRITORIES = ["North", "South", "West"]
FIRST = ["Alder", "Beacon", "Cobalt", "Dynamo", "Élan", "Fulcrum", "Granite", "Harbor"]
LAST = ["Aerospace", "Castings", "Dental", "Foods", "Instruments", "Motors", "Robotics", "Tooling"]
HOSTILE_ID, HOSTILE_NAME = "=1+1", "<img src=x onerror=alert(1)> *Acme* & Sons"


def customers() -> pl.DataFrame:
    """`star.dim_customer`: 63 readable names and one that tries to be code."""
    names = [(f"C{1000 + i}", f"{FIRST[i // 8]} {LAST[i % 8]}") for i in range(63)]
    rows = []
    for i, (customer_id, name) in enumerate([*names, (HOSTILE_ID, HOSTILE_NAME)]):
        rows.append(
            {
                "customer_id": customer_id,
                "customer_name": name,
                "normalised_name": name.lower().replace("é", "e"),
                "parent_account": FIRST[i // 8] + " Group" if i % 3 == 0 and i % 12 else None,
                "industry": LAST[i % 8],
                "territory": TERRITORIES[i % 3],
                "size": ["small", "medium", "large"][i % 3],
                "rep": REPS[i % 4],
                "first_order": date(2021, 1 + i % 12, 5),
                "last_order": date(2024, 1 + i % 12, 20),
            }
        )
    return _frame(DIM_CUSTOMER, rows)


def scores() -> pl.DataFrame:
    """`scores.icp_scores` for every cutoff, division and account."""
    draw = random.Random(7)  # noqa: S311 - a fixed sample
    people = customers()
    parts = []
    for cutoff in CUTOFFS:
        for division in DIVISIONS:
            drawn = [draw.betavariate(1.2, 5) for _ in range(people.height)]
            part = people.select("customer_id", "customer_name").with_columns(
                icp_score=pl.Series(drawn), cutoff=pl.lit(cutoff), division=pl.lit(division)
            )
            parts.append(part.with_columns(icp_percentile=pl.col("icp_score").rank() / pl.len()))
    i = pl.int_range(pl.len())
    percentile = pl.col("icp_percentile")
    frame = pl.concat(parts).with_columns(
        run_id=pl.lit(RUN),
        model_version=pl.lit("3"),
        window_months=WINDOW,
        icp_grade=pl.when(percentile >= 0.9)
        .then(pl.lit("A"))
        .when(percentile >= 0.7)
        .then(pl.lit("B"))
        .when(percentile >= 0.4)
        .then(pl.lit("C"))
        .when(percentile >= 0.2)
        .then(pl.lit("D"))
        .otherwise(pl.lit("F")),
        cohort=pl.when(i % 4 == 0).then(pl.lit("repeat")).otherwise(pl.lit("expansion")),
        segment=pl.when(i % 5 == 0).then(pl.lit("cold")).otherwise(pl.lit("warm")),
        expected_gp=pl.col("icp_score") * 42_000,
        trend=_cycle("up", "steady", "down", "new"),
        reason_1=pl.format("{} orders of anything in the last 12 months: more likely", i % 17),
        reason_2=pl.format("last order {} days ago: more likely", i % 90),
        reason_3=pl.when(i % 2 == 0).then(pl.lit("never bought Services: less likely")),
        calibration_method=pl.lit("platt"),
    )
    return ICP_SCORES.typed(frame.select(ICP_SCORES.types.keys()))


def whitespace() -> pl.DataFrame:
    """`whitespace.whitespace`: a quarter owned, some in each other state, the rest ranked."""
    i = pl.int_range(pl.len())
    state = (
        pl.when((i + i // 64) % 4 == 0)
        .then(pl.lit("owned"))
        .when(i % 23 == 1)
        .then(pl.lit("open_deal"))
        .when(i % 29 == 1)
        .then(pl.lit("blocked"))
        .when(i % 31 == 1)
        .then(pl.lit("cooling"))
        .otherwise(pl.lit("potential"))
    )
    potential = pl.col("state") == "potential"
    times = (pl.col("icp_score") / 0.194).round(1)
    money = (pl.col("expected_gp") / 1000).round(0).cast(pl.Int64)
    frame = (
        scores()
        .join(
            customers().select("customer_id", "rep", "territory", "parent_account"),
            on="customer_id",
        )
        .with_columns(
            state=state,
            rule=pl.lit("none"),
            score=pl.col("icp_score"),
            p_icp_pct=pl.col("icp_percentile"),
            lift_norm=pl.lit(0.5),
            als_norm=pl.lit(0.5),
            ev_norm=pl.lit(0.5),
            lift=pl.lit(2.1),
            lift_from=pl.lit("Training"),
            lift_kind=pl.lit("division"),
            account=pl.coalesce("parent_account", "customer_id"),
            region=pl.lit(None, pl.String),
            wallet_gp=pl.col("expected_gp") * 3,
            wording=pl.lit("likelier 1; amount"),
            surfaced=pl.lit(False),
            recency_days=i % 365,
            nba_reason=pl.format(
                "{}x more likely than usual to buy {} in 6 months; about {}k",
                times,
                "division",
                money,
            ),
        )
        .with_columns(
            state_reason=pl.when(~potential).then(
                pl.format("{} since May 2023", pl.col("state").str.replace("_", " "))
            ),
            nba_reason=pl.when(potential).then("nba_reason"),
            rank=pl.when(potential).then(
                pl.col("score").rank("ordinal", descending=True).over("cutoff", "state")
            ),
            division_rank=pl.when(potential).then(
                pl.col("score").rank("ordinal", descending=True).over("cutoff", "division", "state")
            ),
        )
        .with_columns(selected=pl.col("rank").fill_null(9_999) <= 90)
        .with_columns(rep_rank=pl.when("selected").then("rank"))
    )
    return WHITESPACE.typed(frame.select(WHITESPACE.types.keys()))


def changes() -> pl.DataFrame:
    """`whitespace.whitespace_changes`: a third of the shortlist each new, moved, gone."""
    listed = whitespace().filter("selected").sort("cutoff", "rank")
    rows = [
        {
            **{name: row[name] for name in ("cutoff", "division", "customer_id")},
            "change": ["new", "moved", "gone"][i % 3],
            "rank_before": row["rank"] + 5,
            "rank_now": row["rank"],
            "state_before": "potential",
            "state_now": "potential",
            "moved_by": "icp",
            "why": "chance rose from 11% to 14%",
        }
        for i, row in enumerate(listed.iter_rows(named=True))
    ]
    return _frame(CHANGES_TABLE, rows)


def rollup() -> pl.DataFrame:
    """`whitespace.account_rollup` of the list."""
    offered = whitespace().filter(state="potential").sort("rank")
    best = pl.first("division", "customer_id", "customer_name").name.prefix("best_")
    frame = offered.group_by("cutoff", "account").agg(
        pl.n_unique("customer_id").alias("customers"),
        pl.len().alias("rows"),
        pl.sum("selected", "expected_gp"),
        pl.first("rank").alias("best_rank"),
        pl.first("rep", "nba_reason"),
        best,
    )
    return ACCOUNT_ROLLUP.typed(frame.select(ACCOUNT_ROLLUP.types.keys())).sort("cutoff", "account")


def backtests() -> pl.DataFrame:
    """`validation.backtests` of the closed cutoffs; one division has too few repeat buyers."""
    draw = random.Random(11)  # noqa: S311 - a fixed sample
    levels = {"lift_10": (3.1, 2.2), "auc": (0.78, 0.71), "capture_10": (0.31, 0.22)}
    levels |= {"capture_5": (0.18, 0.12), "capture_20": (0.5, 0.36)}
    rows = []
    for cutoff in (c for c in CUTOFFS if add_months(c, WINDOW) <= DATA_END):
        for division in DIVISIONS:
            for cohort in ("all", "repeat", "expansion"):
                for metric, pair in levels.items():
                    for ranking, level in zip(("model", "naive"), pair, strict=True):
                        value = level * (1 + draw.uniform(-0.15, 0.15))
                        few = division == "Services" and cohort == "repeat"
                        rows.append(
                            {
                                "division": division,
                                "cutoff": cutoff,
                                "cohort": cohort,
                                "metric": metric,
                                "ranking": ranking,
                                "value": None if few else value,
                                "low": None if few else value * 0.85,
                                "high": None if few else value * 1.15,
                                "rows": 640,
                                "positives": 3 if few else 58,
                            }
                        )
    return _frame(BACKTESTS, rows)


def gains() -> pl.DataFrame:
    """`validation.gains` of the closed cutoffs."""
    buyers = [22, 12, 8, 5, 4, 3, 2, 1, 1, 0]
    rows = [
        {
            "division": division,
            "cutoff": cutoff,
            "decile": i + 1,
            "rows": 64,
            "positives": n,
            "mean_score": n / 64 * 0.95 + 0.004,
            "observed_rate": n / 64,
            "cumulative_capture": sum(buyers[: i + 1]) / sum(buyers),
        }
        for cutoff in backtests()["cutoff"].unique().sort()
        for division in DIVISIONS
        for i, n in enumerate(buyers)
    ]
    return _frame(GAINS, rows)


def alerts() -> pl.DataFrame:
    """`drift.drift_alerts`: one of each severity."""
    rows = [
        (NEWEST, "Training", "score_psi", "warn", 0.31, 0.25, "Scores moved", "Look at Training"),
        (NEWEST, None, "unknown_industry", "info", 0.12, 0.1, "12 % unknown", "Enrich"),
        (NEWEST, "Services", "prevalence_zero", "hard", 0.0, 0.01, "Nobody bought", "Retrain"),
    ]
    names = ("cutoff", "division", "alert", "severity", "figure", "threshold", "message", "action")
    return _frame(DRIFT_ALERTS, [dict(zip(names, row, strict=True)) for row in rows])


def customer_months() -> pl.DataFrame:
    """`star.customer_month`: each account buys each division it owns now and then."""
    draw = random.Random(3)  # noqa: S311 - a fixed sample
    rows = []
    for customer_id in customers()["customer_id"]:
        for division in draw.sample(DIVISIONS, 3):
            for month in sorted(draw.sample(range(36), 7)):
                value = draw.randint(-500, 20_000)
                rows.append(
                    {
                        "customer_id": customer_id,
                        "scope": "division",
                        "division": division,
                        "month": add_months(date(2022, 1, 31), month),
                        "orders": draw.randint(1, 4),
                        "lines": 5,
                        "value": value,
                    }
                )
    return _frame(CUSTOMER_MONTH, rows)


def tables() -> dict[str, pl.DataFrame]:
    """All the tables that the scorecard reads, but for the view over the lake."""
    divisions = [{"division": d, "scope": "division", "is_target": True} for d in DIVISIONS]
    cutoffs = [
        {
            "cutoff": c,
            "window_end": add_months(c, WINDOW),
            "is_closed": add_months(c, WINDOW) <= DATA_END,
            "months_known": months_known(c, DATA_END),
            "data_start": date(2021, 1, 5),
            "data_end": DATA_END,
        }
        for c in CUTOFFS
    ]
    load = {"source_file": "orders_2024.csv", "status": "loaded", "rows_read": 5210}
    load |= {"rows_loaded": 5200, "rows_quarantined": 3, "rows_duplicate": 7}
    bad = [
        {"source_file": "orders_2024.csv", "source_line": line, "reason": reason, "raw_text": "x"}
        for line, reason in ((17, "date cannot be read"), (40, "no SKU"), (8, "no SKU"))
    ]
    reasons = [
        {"source_file": "orders_2024.csv", "reason": reason, "rows": rows, "first_line": line}
        | {"first_example": example, "revenue": revenue}
        for reason, rows, line, example, revenue in (
            ("date cannot be read", 1, 17, "x", 12.5),
            ("no SKU", 2, 8, "x", None),
        )
    ]
    why = "better than the naive ranking"
    judged = [{"division": d, "verdict": "promoted", "why": why} for d in DIVISIONS]
    probes = [{"probe": i, "name": f"probe {i}", "result": "passed"} for i in (1, 2)]
    fitted = [
        {"cutoff": NEWEST, "division": d, "cohort": "all", "method": "platt"}
        | {"rows": 640, "positives": 58, "base_rate": 0.09}
        for d in DIVISIONS
    ]
    run = {"run_id": RUN, "published_at": datetime(2025, 1, 3, 8, 15), "name": "sample"}
    run |= {"currency": "USD"}
    checks = [
        {"table_name": "scores.icp_scores", "check_name": name, "passed": found is None}
        | {"severity": "warning", "found": found, "checked_at": run["published_at"], "run_id": RUN}
        for name, found in (("contract", None), ("calibrated_in_the_large", "40 % too many"))
    ]
    return {
        "star.dim_customer": customers(),
        "star.dim_division": _frame(DIM_DIVISION, divisions),
        "star.dim_cutoff": _frame(DIM_CUTOFF, cutoffs),
        "scores.icp_scores": scores(),
        "whitespace.whitespace": whitespace(),
        "whitespace.whitespace_changes": changes(),
        "whitespace.account_rollup": rollup(),
        "validation.backtests": backtests(),
        "validation.gains": gains(),
        "validation.gate": _frame(GATE, judged),
        "validation.leakage_report": _frame(LEAKAGE_REPORT, probes),
        "models.calibration": _frame(CALIBRATION, fitted),
        "drift.drift_alerts": alerts(),
        "raw.load_log": _frame(LOAD_LOG, [load]),
        "raw.quarantine": _frame(QUARANTINE, bad),
        "raw.quarantine_reasons": _frame(QUARANTINE_REASONS, reasons),
        "runs.run_manifest": _frame(RUN_MANIFEST, [run]),
        "runs.check_results": _frame(CHECK_RESULTS, checks),
    }


def publish(home: Path, *, leave_out: str = "", rows: bool = True) -> Path:
    """Write the database of `home` aside and move it into place, as a run does.

    Parameters
    ----------
    leave_out
        A table that is not published.
    rows
        False: every table is there and has no row, as before the first cutoff is scored.
    """
    home.mkdir(parents=True, exist_ok=True)
    scratch, target = home / ".new.duckdb", home / "gosales.duckdb"
    lake = home / "lake" / "star" / "customer_month" / "part.parquet"
    lake.parent.mkdir(parents=True, exist_ok=True)
    customer_months().write_parquet(lake)
    with duckdb.connect(str(scratch)) as connection:
        for name, frame in tables().items():
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            if name != leave_out:
                connection.register("frame", (frame if rows else frame.clear()).to_arrow())
                connection.execute(f"create table {name} as from frame")
                connection.unregister("frame")
        if leave_out not in ("star.dim_customer", "whitespace.whitespace"):
            add_scorecard_tables(connection)
        connection.execute(f"create view star.customer_month as from read_parquet('{lake}')")
    return scratch.replace(target)


def _frame(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Fill the columns that a test does not care about."""
    names = table.types
    filled = [{name: row.get(name) for name in names} for row in rows]
    return table.typed(pl.DataFrame(filled, schema_overrides=_drafts(table)))


def _drafts(table: Table) -> dict[str, Any]:
    return {name: kind for name, kind in table.types.items() if not isinstance(kind, pl.Decimal)}


def _cycle(*values: str) -> pl.Expr:
    chosen = pl.lit(values[-1])
    for i, value in enumerate(values[:-1]):
        chosen = (
            pl.when(pl.int_range(pl.len()) % len(values) == i).then(pl.lit(value)).otherwise(chosen)
        )
    return chosen
