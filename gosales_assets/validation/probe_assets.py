"""Assets of the leakage battery: what the probes about models found, and the report of all 13."""

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach, remarks
from gosales_assets.contracts import contract_check, dep, table_asset, table_check
from gosales_assets.leakage import PROBES
from gosales_assets.partitions import KEYS
from gosales_assets.settings import Settings
from gosales_assets.storing import store
from gosales_assets.validation import probes
from gosales_assets.validation.contract import BACKTESTS, LEAKAGE_PROBES, LEAKAGE_REPORT
from gosales_assets.validation.probing import Prober
from gosales_assets.validation.report import page, report
from gosales_assets.warehouse import Warehouse

_CHECKS = {
    probes.SHUFFLED: ("shuffled_labels", dg.AssetCheckSeverity.WARN),
    probes.PLANTED: ("canary", dg.AssetCheckSeverity.ERROR),
    probes.SHIFTED: ("shift_14_days", dg.AssetCheckSeverity.WARN),
    probes.SLICES: ("later_slices", dg.AssetCheckSeverity.ERROR),
    probes.SIDES: ("one_side_only", dg.AssetCheckSeverity.ERROR),
}


@table_asset(LEAKAGE_PROBES, deps=[dep(BACKTESTS)], kinds={"polars", "scikitlearn", "lightgbm"})
def leakage_probes(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Run the probes about models on the newest closed cutoffs and on every model's slices."""
    prober = Prober(warehouse, settings, KEYS.cutoffs, KEYS.divisions)
    frame = pl.DataFrame(probes.as_rows(list(prober.findings())), schema=LEAKAGE_PROBES.types)
    about = {"suspicions": int((~frame["passed"]).sum())}
    store(context, warehouse, LEAKAGE_PROBES, frame, about)


@table_asset(LEAKAGE_REPORT, deps=[dep(LEAKAGE_PROBES)], kinds={"polars"})
def leakage_report(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Say of all 13 probes what each proves, how it is checked, and what came of it."""
    frame = report(warehouse.read(LEAKAGE_PROBES), latest_checks(context.instance))
    text = dg.MetadataValue.md(page(frame))
    store(context, warehouse, LEAKAGE_REPORT, frame, {"report": text})


def latest_checks(instance: dg.DagsterInstance) -> dict[tuple[str, str], bool]:
    """(table, check) of the battery -> whether it passed when it last ran."""
    keys = {
        (table, name): dg.AssetCheckKey(dg.AssetKey(table.split(".")), name)
        for probe in PROBES
        for table, name in probe.checks
    }
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys.values()))
    evaluations = {known: found[key].evaluation for known, key in keys.items() if key in found}
    # The last record of a check that was killed says only that it was planned.
    return {
        known: evaluation.passed
        for known, evaluation in evaluations.items()
        if isinstance(evaluation, dg.AssetCheckEvaluation)
    }


def _check(probe: int) -> dg.AssetChecksDefinition:
    name, severity = _CHECKS[probe]
    (about,) = [p for p in PROBES if p.number == probe]
    return table_check(
        LEAKAGE_PROBES,
        name,
        lambda warehouse, _: suspicions(warehouse.read(LEAKAGE_PROBES), probe),
        f"Probe {probe}. {about.proves}",
        severity=severity,
    )


def suspicions(findings: pl.DataFrame, probe: int) -> list[Breach]:
    """What a probe found, in words."""
    failed = findings.filter((pl.col("probe") == probe) & ~pl.col("passed"))
    return remarks(
        f"{row['division'] or 'all divisions'}, {row['cutoff'] or 'all cutoffs'}: {row['detail']}"
        for row in failed.iter_rows(named=True)
    )


ASSETS = [leakage_probes, leakage_report]
CHECKS = [
    *(contract_check(table) for table in (LEAKAGE_PROBES, LEAKAGE_REPORT)),
    *(_check(probe) for probe in _CHECKS),
]
