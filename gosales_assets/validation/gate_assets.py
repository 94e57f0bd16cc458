"""The gate as an asset: judge every division's newest model, and move the champions that won."""

import getpass
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach, remarks
from gosales_assets.contracts import asset_key, asset_spec, contract_check, dep, table_check
from gosales_assets.partitions import KEYS
from gosales_assets.settings import Settings, SettingsError
from gosales_assets.storing import note
from gosales_assets.tracking import Tracking
from gosales_assets.validation.contract import BACKTESTS, GATE, GATE_HISTORY, PROMOTED_SCORES
from gosales_assets.validation.history import next_step
from gosales_assets.validation.promotion import Gatekeeper, hold_gate, read_history
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse

_DEPS = [dep(BACKTESTS)]  # after them: they show the champion that was live before the decision
_TABLES = (GATE, GATE_HISTORY, PROMOTED_SCORES)


@dg.multi_asset(
    specs=[asset_spec(table, _DEPS, {"mlflow", "numpy"}) for table in _TABLES],
    name="validation__gate",
)
def gate(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    tracking: Tracking,
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.MaterializeResult]:
    """Judge all divisions; where the gate is passed, the alias ``champion`` moves.

    The only place that moves it, beside ``gosales gate --rollback``.
    """
    _divisions_exist(settings)
    keeper = Gatekeeper(warehouse, MlflowRegistry(tracking), settings, KEYS.cutoffs)
    with warehouse.alone(GATE_HISTORY):
        before = read_history(warehouse)
        step = next_step(before, now(), whoever(), context.run.run_id)
        judgements = hold_gate(keeper, KEYS.divisions, step, before)
    for remark in keeper.remarks:
        context.log.warning(remark)
    verdicts = [
        dg.TableRecord({"division": j.division, "verdict": j.verdict, "why": j.why})
        for j in judgements
    ]
    shown = {"verdicts": dg.MetadataValue.table(verdicts)} if verdicts else {}
    for table in _TABLES:
        note(context, table, warehouse.written(table), shown if table is GATE else {})
        yield dg.MaterializeResult(asset_key=asset_key(table))


def refusals(judged: pl.DataFrame) -> list[Breach]:
    """Divisions that the gate refused, each with its figure."""
    refused = judged.filter(pl.col("verdict") == "refused").sort("division")
    return remarks(
        f"{division}: {why}" for division, why in refused.select("division", "why").iter_rows()
    )


promotion_gate = table_check(
    GATE,
    "promotion_gate",
    lambda warehouse, _: refusals(warehouse.read(GATE)),
    "Every division with enough evidence passes the gate: its newest model reaches the floors, "
    "beats the naive ranking, and is not worse than the champion. Each refusal is named with its "
    "figure. Stops nothing: where it fails, the champion stays.",
    severity=dg.AssetCheckSeverity.ERROR,
)


def _divisions_exist(settings: Settings) -> None:
    unknown = sorted(set(settings.gates.divisions) - set(KEYS.divisions))
    if unknown:
        known = ", ".join(KEYS.divisions)
        raise SettingsError(f"gates.divisions: {unknown[0]!r} is no target; targets are {known}")


def now() -> datetime:
    """The moment, in UTC, as the history keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def whoever() -> str:
    """Name of the user who runs this; "unknown" where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without an entry
        return "unknown"


ASSETS = [gate]
CHECKS = [*(contract_check(table) for table in _TABLES), promotion_gate]
