"""``gosales gate``: hold the gate, or move champions back, and say on the terminal what came of it.

The gate runs as the same assets that the Dagster UI shows, in the same instance.
"""

from collections.abc import Sequence

import dagster as dg
import polars as pl
from rich.console import Console

from gosales_assets.automation.refresh import QUIET
from gosales_assets.contracts import asset_key
from gosales_assets.definitions import build_resources, defs
from gosales_assets.occupancy import at_work
from gosales_assets.partitions import KEYS
from gosales_assets.runs.publish import publish
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.settings import SettingsError, current_settings, environment
from gosales_assets.tracking import Tracking
from gosales_assets.validation.contract import GATE, GATE_HISTORY, PROMOTED_SCORES
from gosales_assets.validation.gate_assets import now, refusals, whoever
from gosales_assets.validation.history import NothingToRollBack, added, next_step, roll_back
from gosales_assets.validation.promotion import read_history
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse


def hold(console: Console) -> bool:
    """Hold the gate over all divisions; False where a division with evidence was refused.

    Raises
    ------
    SettingsError
        When nothing was scored yet, or the gate could not be held.
    """
    warehouse, _ = _resources()
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            run_config=QUIET,
            instance=instance,
            asset_selection=[asset_key(table) for table in (GATE, GATE_HISTORY, PROMOTED_SCORES)],
            raise_on_error=False,
        )
    if not result.success:
        raise SettingsError(
            f"the gate could not be held (Dagster run {result.run_id}): run `gosales run` first"
        )
    judged = warehouse.read(GATE)
    _print(console, judged)
    publish(warehouse, ALL_TABLES, KEYS)
    return not refusals(judged)


def undo(console: Console, divisions: Sequence[str]) -> None:
    """Move the champions of the newest step back, in one audited step.

    Raises
    ------
    SettingsError
        When there is nothing to move back.
    """
    warehouse, registry = _resources()
    with at_work(warehouse.home_path), warehouse.alone(GATE_HISTORY):
        before = read_history(warehouse)
        step = next_step(before, now(), whoever(), "")
        try:
            entries = roll_back(before, registry, step, divisions)
        except NothingToRollBack as problem:
            raise SettingsError(str(problem)) from problem
        warehouse.write(GATE_HISTORY, added(before, entries))
    for entry in entries:
        to = f"version {entry['to_version']}" if entry["to_version"] else "no champion"
        line = f"{entry['division']}: version {entry['from_version']} -> {to} ({entry['why']})"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    publish(warehouse, ALL_TABLES, KEYS)


def _resources() -> tuple[Warehouse, MlflowRegistry]:
    made = build_resources(current_settings(), environment())
    warehouse, tracking = made["warehouse"], made["tracking"]
    if not isinstance(warehouse, Warehouse) or not isinstance(tracking, Tracking):
        raise TypeError("definitions.py must provide the resources 'warehouse' and 'tracking'")
    return warehouse, MlflowRegistry(tracking)


def _print(console: Console, judged: pl.DataFrame) -> None:
    for row in judged.sort("division").iter_rows(named=True):
        line = f"{row['division']}: {row['verdict']}. {row['why']}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
