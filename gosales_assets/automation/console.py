"""The refresh on a terminal: a progress bar while it goes, and a summary at the end."""

from dataclasses import asdict
from typing import Any

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gosales_assets.automation.choice import choose
from gosales_assets.automation.killed_runs import end_killed_runs
from gosales_assets.automation.refresh import Refresh, Watcher, refresh
from gosales_assets.partitions import KEYS, Keys
from gosales_assets.runs.account import Account, account_of, in_words
from gosales_assets.settings import Settings, current_settings
from gosales_assets.sources.outline import check_sources
from gosales_assets.warehouse import Warehouse


class Bar(Watcher):
    """A progress bar: one tick per asset or check."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("loading the graph", total=None)

    def begin(self, total: int) -> None:
        """Set the number of assets and checks."""
        self._progress.update(self._task, total=total)

    def step(self, title: str) -> None:
        """Name the rooms that are being worked in."""
        self._progress.update(self._task, description=title)

    def advance(self, count: int = 1) -> None:
        """Move on by ``count`` assets or checks."""
        self._progress.advance(self._task, count)


def run_with_progress(
    console: Console, cutoffs: str = "", divisions: str = ""
) -> tuple[dict[str, Any], str]:
    """Refresh what is missing; return the summary, and the account in plain words.

    Parameters
    ----------
    cutoffs, divisions
        What is wanted, as people type it (see `choose`); empty: all.

    Raises
    ------
    SettingsError
        When a setting cannot be used, alone or with these data.
    """
    settings = current_settings()
    check_sources(settings)
    choice = choose(KEYS, cutoffs, divisions)
    from gosales_assets.definitions import defs

    warehouse = defs.resources["warehouse"] if defs.resources else None
    if not isinstance(warehouse, Warehouse):
        raise TypeError("definitions.py must provide the resource 'warehouse'")
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with dg.DagsterInstance.get() as instance, Progress(*columns, console=console) as progress:
        end_killed_runs(instance, warehouse.home_path)
        done = refresh(defs, instance, warehouse, KEYS, Bar(progress), choice)
    account = account_of(warehouse, settings, KEYS)
    return _summary(done, account, warehouse, settings, KEYS), _account_text(done, account)


def _summary(
    done: Refresh, account: Account, warehouse: Warehouse, settings: Settings, keys: Keys
) -> dict[str, Any]:
    return {
        "succeeded": done.succeeded,
        "session": done.session,
        "name": settings.name,
        "config_hash": settings.config_hash,
        "code_version": warehouse.code_version,
        "cutoffs": keys.cutoffs,
        "divisions": keys.divisions,
        "durations": done.durations,
        "up_to_date": done.up_to_date,
        "failed_checks": [asdict(check) for check in done.failed_checks],
        "check_warnings": [asdict(check) for check in done.check_warnings],
        "error": done.error,
        "paths": {
            "database": str(warehouse.published_database),
            "lake": str(warehouse.lake),
            "exports": str(warehouse.exports),
        },
        **asdict(account),
    }


def _account_text(done: Refresh, account: Account) -> str:
    problems = [f"FAILED: {check.in_words()}" for check in done.failed_checks]
    if done.error:
        problems.append(f"FAILED: {done.error}")
    warnings = [f"  {c.table}, check {c.check!r}: {c.detail}" for c in done.check_warnings]
    if warnings:
        warnings = ["", "Checks that warn; what they found is in the Dagster UI", *warnings]
    return "\n".join([*problems, *([] if done.stopped else in_words(account)), *warnings])
