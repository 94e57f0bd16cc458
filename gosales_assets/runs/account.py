"""The account of a run: what came in, how good the ranking was, whom to call, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from gosales_assets.drift.contract import DRIFT_ALERTS
from gosales_assets.partitions import Keys
from gosales_assets.runs.contract import LAKE_INVENTORY, RUN_MANIFEST
from gosales_assets.runs.intake import by_file, counted, files_in_words, reasons_in_words
from gosales_assets.runs.inventory import current_partitions, per_table
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE_REASONS
from gosales_assets.star.contract import DIM_CUSTOMER, DIM_CUTOFF
from gosales_assets.tables import Table
from gosales_assets.validation.contract import BACKTESTS
from gosales_assets.validation.summary import Summary, summarise
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.contract import WHITESPACE

BEST = 10


@dataclass
class Account:
    """What a run shows: everything in it is read from finished tables."""

    run_id: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    customers: int = 0
    first_day: str | None = None
    last_day: str | None = None
    past: list[Summary] = field(default_factory=list)
    newest_cutoff: str | None = None
    window_months: int = 0
    best: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, dict[str, int | str]] = field(default_factory=dict)


def account_of(warehouse: Warehouse, settings: Settings, keys: Keys) -> Account:
    """Read the account from the lake; what a failed run did not reach stays empty."""
    account = Account(window_months=settings.window_months)
    log = _read(warehouse, LOAD_LOG, keys)
    account.rows = {
        name: int(log[f"rows_{name}"].sum())
        for name in ("read", "loaded", "quarantined", "duplicate", "skipped")
    }
    reasons = _read(warehouse, QUARANTINE_REASONS, keys)
    account.quarantined = counted(reasons)
    account.reasons = reasons.with_columns(pl.selectors.decimal().cast(pl.Float64)).to_dicts()
    account.files = by_file(log, reasons)
    account.notes = _notes(settings, log)
    account.customers = _read(warehouse, DIM_CUSTOMER, keys).height
    cutoffs = _read(warehouse, DIM_CUTOFF, keys)
    if not cutoffs.is_empty():
        account.first_day = str(cutoffs["data_start"].min())
        account.last_day = str(cutoffs["data_end"].max())
    backtests = _read(warehouse, BACKTESTS, keys)
    account.past = [] if backtests.is_empty() else summarise(backtests)
    _add_newest_list(account, warehouse, keys)
    account.alerts = (
        _read(warehouse, DRIFT_ALERTS, keys)
        .with_columns(pl.col("cutoff").cast(pl.String))
        .to_dicts()
    )
    inventory = _read(warehouse, LAKE_INVENTORY, keys)
    account.tables = per_table(inventory)
    manifest = _read(warehouse, RUN_MANIFEST, keys)
    account.run_id = None if manifest.is_empty() else str(manifest["run_id"][-1])
    return account


def in_words(account: Account) -> list[str]:
    """Say the account in lines to print."""
    return [
        *_what_came_in(account),
        *_how_good(account),
        *_whom_to_call(account),
        *_what_drifts(account),
        "",
        f"Run {account.run_id}: see runs.run_manifest and runs.run_registry of the database.",
        "To look around: make dev",
        "  Dagster UI  http://localhost:3000",
        "  Scorecard   http://localhost:8501",
    ]


def _read(warehouse: Warehouse, table: Table, keys: Keys) -> pl.DataFrame:
    return warehouse.read_many(table, current_partitions(warehouse, table, keys))


def _notes(settings: Settings, log: pl.DataFrame) -> list[str]:
    """What was left out or is switched off, for want of a file or a column."""
    missing = [
        f"no file {table.file} for {name}, so what needs it is switched off"
        for name, table in settings.side_tables.items()
        if not settings.path(table.file).is_file()
    ]
    about_files = [
        f"{file}: {note}" for file, note in log.select("source_file", "notes").iter_rows() if note
    ]
    return [*missing, *about_files]


def _add_newest_list(account: Account, warehouse: Warehouse, keys: Keys) -> None:
    lists = current_partitions(warehouse, WHITESPACE, keys)
    if not lists:
        return
    account.newest_cutoff = lists[-1]["cutoff"]
    ranked = warehouse.read(WHITESPACE, cutoff=account.newest_cutoff)
    account.best = (
        ranked.filter(pl.col("rank") <= BEST)
        .sort("rank")
        .select(
            *("rank", "customer_id", "customer_name", "division", "icp_score", "window_months"),
            "nba_reason",
        )
        .to_dicts()
    )


def _what_came_in(account: Account) -> list[str]:
    rows = account.rows
    empty = f"; {rows['skipped']:,} lines hold no data (titles, totals)" if rows["skipped"] else ""
    lines = [
        "",
        "What came in",
        f"  {rows['read']:,} records read: {rows['loaded']:,} loaded, "
        f"{rows['quarantined']:,} quarantined, {rows['duplicate']:,} exact repeats{empty}.",
        f"  {account.customers:,} customers, orders from {account.first_day} to "
        f"{account.last_day}.",
    ]
    if account.reasons:
        why = reasons_in_words(account.reasons, rows["read"])
        lines += ["  Quarantined because:", *(f"    {reason}." for reason in why)]
    if len(account.files) > 1:
        lines += ["  By file:", *(f"    {file}." for file in files_in_words(account.files))]
    return [*lines, *(f"  Note: {note}." for note in account.notes)]


def _how_good(account: Account) -> list[str]:
    lines = ["", "How good the ranking was on the past"]
    if not account.past:
        return [*lines, "  No cutoff is closed and scored yet, so nothing could be proved."]
    return [*lines, *(f"  {summary.in_words()}" for summary in account.past)]


def _whom_to_call(account: Account) -> list[str]:
    if not account.best:
        return ["", "No recommendations yet: no cutoff could be scored."]
    rows = [_recommendation(row) for row in account.best]
    return ["", f"The ten best recommendations as of {account.newest_cutoff}", *rows]


def _recommendation(row: dict[str, Any]) -> str:
    return (
        f"  {row['rank']:>2}. {row['customer_name']}: {row['division']} "
        f"({row['icp_score']:.0%} in {row['window_months']} months). {row['nba_reason']}"
    )


def _what_drifts(account: Account) -> list[str]:
    newest = [a for a in account.alerts if a["cutoff"] == account.newest_cutoff]
    counts: dict[str, int] = {}
    for alert in newest:
        counts[alert["severity"]] = counts.get(alert["severity"], 0) + 1
    if not counts:
        return ["", "Drift: no alerts for the newest cutoff."]
    counted = ", ".join(f"{counts[s]} {s}" for s in ("hard", "warn", "info") if s in counts)
    shown: Sequence[dict[str, Any]] = [a for a in newest if a["severity"] == "hard"][:5]
    return [
        "",
        f"Drift alerts for the newest cutoff: {counted}.",
        *(f"  {alert['message']} {alert['action']}" for alert in shown),
    ]
