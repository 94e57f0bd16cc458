"""A whole refresh in this process: every missing partition of every asset, step by step.

The same runs could be launched from the Dagster UI; they are recorded in the same instance.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from gosales_assets.automation.choice import EVERYTHING, Choice, wanted_partitions
from gosales_assets.automation.cut_short import Unfinished
from gosales_assets.automation.killed_runs import HOME_TAG
from gosales_assets.automation.plan import missing_partitions, plan_steps, range_tags
from gosales_assets.contracts import asset_key, broken_rule
from gosales_assets.partitions import Keys
from gosales_assets.provenance import SESSION_TAG
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.settings import SettingsError
from gosales_assets.storage_problems import StorageProblem, in_words
from gosales_assets.warehouse import Warehouse

# Dagster's own console lines would bury the progress bar; they stay in the UI's log.
STORAGE = StorageProblem.__name__  # says it better than what it came from
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed: its table, its name, its partition, what it found."""

    table: str
    check: str
    partition: str | None
    detail: str

    def in_words(self) -> str:
        """Say it in one line."""
        where = f" [{self.partition}]" if self.partition else ""
        return f"{self.table}{where}: check {self.check!r}: {self.detail}"


@dataclass
class Refresh:
    """What a refresh did: seconds per step, what was up to date, what failed, whether it stopped.

    A blocking check that fails for some divisions only does not stop it: they are left out.
    """

    session: str
    durations: dict[str, float] = field(default_factory=dict)
    up_to_date: list[str] = field(default_factory=list)
    failed_checks: list[FailedCheck] = field(default_factory=list)
    check_warnings: list[FailedCheck] = field(default_factory=list)
    error: str | None = None
    stopped: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether every step ran to its end, for every division."""
        return not self.failed_checks and self.error is None


class Watcher:
    """What a refresh reports to while it goes: silent, unless a front end overrides it."""

    def begin(self, total: int) -> None:
        """Tell how many assets and checks there are."""

    def step(self, title: str) -> None:
        """Tell which step begins."""

    def advance(self, count: int = 1) -> None:
        """Tell that ``count`` assets or checks are done."""


def refresh(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    keys: Keys,
    watcher: Watcher | None = None,
    choice: Choice = EVERYTHING,
    session: str = "",
) -> Refresh:
    """Materialize what is missing; stop at a failed blocking check.

    Parameters
    ----------
    choice
        What is wanted; what that needs is made, too.
    session
        Name that the runs share; empty: a new one.

    Raises
    ------
    SettingsError
        When an asset finds that a setting cannot be used with these data.
    """
    watcher = watcher or Watcher()
    tables = {asset_key(table): table for table in ALL_TABLES}
    graph = defs.resolve_asset_graph()
    wanted = None if choice == EVERYTHING else wanted_partitions(graph, keys, choice)
    steps = plan_steps(defs.resolve_all_asset_specs(), wanted)
    checked = [key.asset_key for key in graph.asset_check_keys]
    sizes = [sum(1 + checked.count(key) for key in step.assets) for step in steps]
    watcher.begin(sum(sizes))
    done = Refresh(session=session or uuid.uuid4().hex[:12])
    unfinished = Unfinished(warehouse.home_path)
    for step, size in zip(steps, sizes, strict=True):
        watcher.step(step.title)
        missing = missing_partitions(step, tables, warehouse, keys, unfinished)
        if not missing:
            done.up_to_date.extend(step.names)
            watcher.advance(size)
            continue
        began = time.monotonic()
        ticks = _Ticks(watcher, size)
        ours = {SESSION_TAG: done.session, HOME_TAG: str(warehouse.home_path)}
        unfinished.begin(step.names, missing)
        for tags in range_tags(step, missing, keys):
            result = _run(defs, instance, step.assets, tags | ours, ticks.tick)
            _take_note(done, result, warehouse.home_path)
            if done.stopped:
                break
        unfinished.end(step.names, missing)
        ticks.finish()
        seconds = time.monotonic() - began
        done.durations[step.title] = round(done.durations.get(step.title, 0.0) + seconds, 2)
        if done.stopped:
            break
    return done


class _Ticks:
    """Ticks of one step; tables that are made together tick once, so the rest follow at its end."""

    def __init__(self, watcher: Watcher, expected: int) -> None:
        self._watcher = watcher
        self._left = expected

    def tick(self) -> None:
        if self._left > 0:
            self._left -= 1
            self._watcher.advance()

    def finish(self) -> None:
        self._watcher.advance(self._left)
        self._left = 0


def _run(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    assets: Sequence[dg.AssetKey],
    tags: dict[str, str],
    advance: Callable[[], None],
) -> dg.ExecuteInProcessResult:
    run_id = str(uuid.uuid4())

    def on_entry(entry: dg.EventLogEntry) -> None:
        if entry.dagster_event_type == dg.DagsterEventType.STEP_SUCCESS:
            advance()

    instance.add_event_listener(run_id, on_entry)
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config=QUIET,
        instance=instance,
        asset_selection=list(assets),
        tags=tags,
        run_id=run_id,
        raise_on_error=False,
    )


def _take_note(done: Refresh, result: dg.ExecuteInProcessResult, home: Path) -> None:
    evaluations = result.get_asset_check_evaluations()
    done.check_warnings += failed_checks(evaluations, blocking=False)
    # A division that failed is told of, too; the others went on without it.
    done.failed_checks += failed_checks(evaluations, blocking=True)
    if not result.success:
        done.error = _first_error(result, home)
        if not done.error and not done.failed_checks:
            done.error = f"a run failed: see run {result.run_id} in the Dagster UI"
        done.stopped = True


def failed_checks(
    evaluations: Sequence[dg.AssetCheckEvaluation], *, blocking: bool
) -> list[FailedCheck]:
    """Checks that failed: those that block for each partition, warnings once over all of them."""
    failed = [e for e in evaluations if not e.passed and bool(e.blocking) == blocking]
    wanted = [e for e in failed if (e.partition is not None) == blocking]
    told = {(e.asset_key, e.check_name) for e in wanted}
    return [
        FailedCheck(
            table=".".join(e.asset_key.path),
            check=e.check_name,
            partition=e.partition,
            detail=broken_rule(e),
        )
        for e in [*wanted, *(e for e in failed if (e.asset_key, e.check_name) not in told)]
    ]


def _first_error(result: dg.ExecuteInProcessResult, home: Path) -> str | None:
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        error = event.step_failure_data.error
        while error is not None and error.cause is not None and error.cls_name != STORAGE:
            error = error.cause
        if error is None or error.cls_name == "DagsterAssetCheckFailedError":
            continue
        message = error.message.strip()
        if error.cls_name == "SettingsError":
            raise SettingsError(message.partition(": ")[2])
        known = error.cls_name != STORAGE
        told = in_words(home, error.cls_name or "", message) if known else None
        return f"{event.step_key}: {told or message.splitlines()[0]}"
    return None
