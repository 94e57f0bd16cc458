"""Jobs to launch from the UI, a sensor or a schedule: each brings some rooms up to date.

A job of assets cannot mix partition sets, and the rooms do. So each job has one op that runs the
steps of `refresh` in its own process: the same runs that ``gosales run`` makes. A run's process
loads the code location anew, so cutoffs and divisions are those of the files that lie there now,
whatever the code server knew when it was started. What is read from a database may bring new ones,
too: there, each op has a process of its own, and the second loads what the first has read.
"""

from collections.abc import Sequence

import dagster as dg

from gosales_assets.automation.choice import Choice, choose
from gosales_assets.automation.killed_runs import end_killed_runs
from gosales_assets.automation.refresh import Refresh, Watcher, refresh
from gosales_assets.occupancy import only_run
from gosales_assets.partitions import KEYS
from gosales_assets.provenance import SESSION_TAG
from gosales_assets.settings import Settings, SettingsError, current_settings
from gosales_assets.sources.outline import check_sources
from gosales_assets.warehouse import Warehouse

# Runs of these jobs: a limit on this tag keeps two of them from doing the same work at once.
CHAIN_TAG = "gosales/chain"
CHAIN = {CHAIN_TAG: "refresh"}


class Wanted(dg.Config):
    """Cutoffs and divisions that a job makes, with what these need; empty: all."""

    cutoffs: str = ""
    divisions: str = ""


class _Log(Watcher):
    """Tells the log of a run what is being worked on."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log

    def step(self, title: str) -> None:
        """Name the rooms that are being worked in."""
        self._log.info(f"rooms: {title}")


@dg.op(description="Reads what is new in the database, where one is configured.")
def read_database(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Read the database's tables as files of the sales log, before partitions are made of them."""
    from gosales_assets.sources.database import extract

    done = extract(settings, context.log.info)
    for remark in done.remarks:
        context.log.info(remark)
    for warning in done.warnings:
        context.log.warning(warning)


def _job(name: str, rooms: Sequence[str] | None, description: str) -> dg.JobDefinition:
    @dg.op(
        name=f"bring_up_to_date__{name}",
        description=description,
        ins={"start": dg.In(dg.Nothing)},
    )
    def bring_up_to_date(
        context: dg.OpExecutionContext,
        config: Wanted,
        warehouse: Warehouse,
        settings: dg.ResourceParam[Settings],
    ) -> None:
        try:
            choice = choose(KEYS, config.cutoffs, config.divisions, rooms)
            check_sources(settings)
            _refresh(context, warehouse, choice)
        except SettingsError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    @dg.job(name=name, description=description, tags=CHAIN, executor_def=_executor())
    def job() -> None:
        bring_up_to_date(start=read_database())

    return job


def _executor() -> dg.ExecutorDefinition:
    reads_database = bool(current_settings().sales_log.database.tables)
    return dg.multiprocess_executor if reads_database else dg.in_process_executor


def _refresh(context: dg.OpExecutionContext, warehouse: Warehouse, choice: Choice) -> None:
    from gosales_assets.definitions import defs  # which this module is a part of

    session = context.run_id[:12]
    # One failure is told of once: the runs of a session belong together.
    context.instance.add_run_tags(context.run_id, {SESSION_TAG: session})
    with only_run(warehouse.home_path, context.log.info):
        end_killed_runs(context.instance, warehouse.home_path)
        done = refresh(defs, context.instance, warehouse, KEYS, _Log(context.log), choice, session)
    context.log.info(f"up to date before: {len(done.up_to_date)} assets")
    for check in done.check_warnings:
        context.log.warning(check.in_words())
    if not done.succeeded:
        raise dg.Failure(_problems(done), allow_retries=False)


def _problems(done: Refresh) -> str:
    told = [check.in_words() for check in done.failed_checks]
    return "\n".join([*told, *([done.error] if done.error else [])])


_NEEDED = "What that needs and is out of date is made first; what is up to date is skipped."

refresh_facts = _job(
    "refresh_facts",
    ["raw", "star"],
    "Reads the sales log and its side tables, and brings facts and dimensions up to date. What is "
    "up to date is skipped.",
)
backfill_features = _job(
    "backfill_features",
    ["labels", "features"],
    "Brings labels and features up to date, for all cutoffs and divisions or those of the "
    f"configuration. {_NEEDED}",
)
train = _job(
    "train",
    ["models"],
    f"Trains and calibrates the models of cutoffs that have none, or an old one. {_NEEDED}",
)
score_and_rank = _job(
    "score_and_rank",
    ["scores", "whitespace", "runs"],
    "Scores every customer, ranks the lists, exports and publishes them. Answers of reps that were "
    f"recorded since are taken into account. {_NEEDED}",
)
validate = _job(
    "validate",
    ["validation", "drift", "runs"],
    "Backtests every cutoff whose outcome is known, holds the promotion gate, looks for leaks and "
    f"drift, and publishes. {_NEEDED}",
)
everything = _job(
    "everything",
    None,
    "Brings every room up to date, from the files to the published database: what `gosales run` "
    "does. What is up to date is skipped.",
)

JOBS = [refresh_facts, backfill_features, train, score_and_rank, validate, everything]
