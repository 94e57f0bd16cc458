"""What each family of features brings: the platform's own model, trained with and without it.

Run: ``python -m gosales_assets_tests.benchmarks.bench_families [folder]``. Features and labels of
three logs are built in the folder (default: a temporary one), once; then, per log and cutoff, one
pooled model is trained on all families and one on all but each, on the same rows with the same
seeds. Writes ``docs/family_gains.json``, from which ``docs/features.md`` is rendered.

A gain is the figure with the family less the figure without it: the mean over divisions and
cutoffs of the AUC, or of the lift in the best tenth. Its interval is a paired bootstrap over
customers. The placebo has all families in another order, so that the boosters draw other columns:
its "gain" is what their luck alone does, and smaller ones say nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from gosales_assets.features.document import GAINS, PLACEBO, TOGETHER, brings_nothing
from gosales_assets_tests.paths import EXAMPLES, REPOSITORY

Floats = NDArray[np.float64]

LOGS = {
    "UK two years": ("2011-03-31", "2011-05-31"),
    "AdventureWorks": ("2024-06-30", "2024-09-30"),
    "sample": ("2024-03-31", "2024-06-30"),
}
EXAMPLE = {"UK two years": "online_retail_uk2y.yaml", "AdventureWorks": "adventureworks_b2b.yaml"}
TRAINING_ROWS = 40_000  # a sixth of the platform's, so that two cores take minutes
BOOSTERS = 3
REPLICATES = 300
ENOUGH_BUYERS = 10  # fewer in a division say nothing about a ranking
COHORTS = ("all", "expansion")


@dataclass(frozen=True)
class Fold:
    """Rows of one cutoff: to learn from, to stop and blend on, and to be ranked."""

    cutoff: date
    windows: dict[str, int]
    training: pl.DataFrame
    selection: pl.DataFrame
    ranked: pl.DataFrame


def main(folder: Path) -> None:
    """Measure each family, then those that bring nothing all together, and write."""
    configs = {name: _config(name, folder / name.replace(" ", "_")) for name in LOGS}
    found = _measured(configs)
    off = _left_out_together(configs, found, brings_nothing(found))
    GAINS.write_text(json.dumps({"off": off, "logs": found}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {GAINS}")


def _left_out_together(
    configs: dict[str, Path], found: dict[str, Any], off: list[str]
) -> list[str]:
    """Leave all of them out at once; while that costs something, keep the one that is missed most.

    The gains of those that remain are added to what was found.
    """
    while off:
        together = ",".join(off)
        gains = {
            name: measured["gains"][together]
            for name, measured in _measured(configs, together).items()
        }
        if all(low <= 0 for figures in gains.values() for _, low, _ in figures.values()):
            for name, figures in gains.items():
                found[name]["gains"][TOGETHER] = figures
            return off
        off = sorted(set(off) - {max(off, key=lambda family: _largest_gain(found, family))})
    return off


def _largest_gain(found: dict[str, Any], family: str) -> float:
    """Largest gain of AUC that a family alone has on any log."""
    of_logs = [of_log["gains"].get(family, {}) for of_log in found.values()]
    return max(f[0] for of_log in of_logs for key, f in of_log.items() if key.endswith("auc"))


def _measured(configs: dict[str, Path], *families: str) -> dict[str, Any]:
    """Measure the logs at the same time, each in a process of its own, as partitions belong to one.

    Parameters
    ----------
    families
        What to leave out, one after the other: a family, or several with commas. None: each one.
    """
    running = []
    for name, config in configs.items():
        report = config.parent / "gains.json"
        command = [sys.executable, "-m", __spec__.name, "--measure", name, str(report), *families]
        settings = {"GOSALES_HOME": str(config.parent / "home"), "GOSALES_CONFIG": str(config)}
        process = subprocess.Popen(command, env=os.environ | settings, cwd=REPOSITORY)
        running.append((name, report, process))
    failed = [name for name, _, process in running if process.wait()]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")
    return {name: json.loads(report.read_text(encoding="utf-8")) for name, report, _ in running}


def _config(name: str, home: Path) -> Path:
    """Settings of a log with every family on, its paths made absolute."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "every_family.yaml"
    if name in EXAMPLE:
        given = EXAMPLES / EXAMPLE[name]
    else:
        from gosales_assets.sources.sample import SampleSpec, generate

        given = generate(home, SampleSpec()).config
    content = yaml.safe_load(given.read_text(encoding="utf-8"))
    log, tables = content["sales_log"], content.get("side_tables", {}).values()
    log["files"] = [str((given.parent / file).resolve()) for file in log["files"]]
    for table in tables:
        table["file"] = str((given.parent / table["file"]).resolve())
    content.setdefault("features", {})["families_off"] = []
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    return config


def measure(name: str, report: Path, chosen: list[str]) -> None:
    """Build features and labels of the log that the environment names; measure its families."""
    began = time.monotonic()
    warehouse = _built()
    print(f"{name}: built in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    folds = [_fold(warehouse, date.fromisoformat(cutoff)) for cutoff in LOGS[name]]
    families = sorted({name.split("__")[0] for name in _usable(folds)})
    weights = _weights(folds)
    everything = _figures(folds, weights)
    gains = {}
    for left_out in chosen or (PLACEBO, *families):
        gains[left_out] = _gains(everything, _figures(folds, weights, left_out))
        print(f"{name}: {left_out:<12} {gains[left_out]}", flush=True)
    found = {
        "cutoffs": list(LOGS[name]),
        "divisions": folds[0].ranked["division"].n_unique(),
        "customers": folds[-1].ranked["customer_id"].n_unique(),
        "rows": TRAINING_ROWS,
        "boosters": BOOSTERS,
        "replicates": REPLICATES,
        "seconds": round(time.monotonic() - began),
        "everything": {key: round(float(figure[0]), 4) for key, figure in everything.items()},
        "gains": gains,
    }
    report.write_text(json.dumps(found), encoding="utf-8")


def _built() -> Any:
    """Materialize all rooms up to the feature matrix, and hand out the warehouse."""
    import dagster as dg

    from gosales_assets import definitions
    from gosales_assets.automation.refresh import refresh
    from gosales_assets.partitions import KEYS

    rooms = definitions.ROOMS[: definitions.ROOMS.index(definitions.features) + 1]
    defs = dg.Definitions(
        assets=[asset for room in rooms for asset in room.ASSETS],
        asset_checks=[check for room in rooms for check in room.CHECKS],
        resources=definitions.defs.resources,
        executor=dg.in_process_executor,
    )
    warehouse = (definitions.defs.resources or {})["warehouse"]
    with dg.DagsterInstance.ephemeral() as instance:
        done = refresh(defs, instance, warehouse, KEYS)
    if not done.succeeded:
        sys.exit(f"{done.error}; {done.failed_checks}")
    return warehouse


def _fold(warehouse: Any, cutoff: date) -> Fold:
    from gosales_assets.labels.reading import windows_of
    from gosales_assets.models.slices import slices_by_division
    from gosales_assets.models.training_rows import labelled_rows, slice_rows
    from gosales_assets.partitions import KEYS, day
    from gosales_assets.settings import current_settings

    settings = current_settings()
    windows = windows_of(warehouse, KEYS.divisions)
    days = [day(key) for key in KEYS.cutoffs]
    slices = slices_by_division(days, cutoff, windows, settings.models.training_cutoffs)
    training, selection = slice_rows(warehouse, slices, windows, TRAINING_ROWS, settings.seed)
    cells = [(cutoff, division) for division in slices]
    ranked = labelled_rows(warehouse, cells, windows, sys.maxsize, settings.seed)
    return Fold(cutoff, windows, training, selection, ranked)


def _usable(folds: list[Fold]) -> set[str]:
    """Features that vary in some training; those of absent signals do not."""
    from gosales_assets.models.inputs import learn_inputs

    return {name for fold in folds for name in learn_inputs(fold.training, []).usable}


def _weights(folds: list[Fold]) -> tuple[dict[str, int], NDArray[np.float32]]:
    """Number the customers of all cutoffs; how often each is drawn, (customers, replicates)."""
    from gosales_assets.settings import current_settings
    from gosales_assets.validation.tallies import draws

    customers = pl.concat([fold.ranked["customer_id"] for fold in folds]).unique().sort()
    numbers = {customer: number for number, customer in enumerate(customers)}
    rng = np.random.default_rng(current_settings().seed)
    return numbers, np.concatenate(list(draws(len(numbers), REPLICATES, rng)), axis=1)


def _figures(
    folds: list[Fold], weights: tuple[dict[str, int], NDArray[np.float32]], without: str = ""
) -> dict[str, Floats]:
    """Train and rank: "cohort metric" -> the mean figure, followed by those of the resamples."""
    cells: dict[str, list[Floats]] = {}
    for fold in folds:
        rows = fold.ranked.with_columns(logit=pl.Series(_logits(fold, without)))
        for _, division in sorted(rows.group_by("division"), key=lambda pair: pair[0]):
            for key, figure in _cells(division, *weights):
                cells.setdefault(key, []).append(figure)
    return {key: np.nanmean(np.stack(figures), axis=0) for key, figures in cells.items()}


def _logits(fold: Fold, without: str) -> Floats:
    """Log odds of the ranked rows, by a model that was trained without a family."""
    from gosales_assets.models.pooled import fit_pooled
    from gosales_assets.settings import current_settings

    settings = current_settings()
    left_out = without.split(",")
    keep = [c for c in fold.training.columns if c.split("__")[0] not in left_out]
    keep = keep[::-1] if without == PLACEBO else keep
    model, _ = fit_pooled(
        fold.training.select(keep),
        fold.selection.select(keep),
        cutoff=fold.cutoff,
        windows=fold.windows,
        seeds=BOOSTERS,
        seed=settings.seed,
        threads=1,
    )
    return model.logits(fold.ranked.select(keep), 1)


def _cells(
    rows: pl.DataFrame, numbers: dict[str, int], weights: NDArray[np.float32]
) -> Iterator[tuple[str, Floats]]:
    """AUC and lift of one division's ranking, per cohort: as it is, then resampled."""
    from gosales_assets.validation.metrics import RANKING_METRICS
    from gosales_assets.validation.tallies import Ranking, exact, resampled

    for cohort in COHORTS:
        own = rows if cohort == "all" else rows.filter(pl.col("cohort") == cohort)
        if not ENOUGH_BUYERS <= int(own["label"].sum()) < own.height:
            continue
        ranking = Ranking(
            np.array([numbers[c] for c in own["customer_id"]]),
            own["logit"].to_numpy(),
            own["label"].to_numpy() == 1,
            np.zeros(own.height),
        )
        tallies = exact(ranking), resampled(ranking, weights)
        for metric in ("auc", "lift_10"):
            figures = [RANKING_METRICS[metric](tally) for tally in tallies]
            yield f"{cohort} {metric}", np.concatenate(figures)


def _gains(everything: dict[str, Floats], without: dict[str, Floats]) -> dict[str, list[float]]:
    """Gain, and the low and high end of its 95 % interval, per cohort and metric."""
    found = {}
    for key, figures in everything.items():
        gain = figures - without[key]
        low, high = np.nanquantile(gain[1:], (0.025, 0.975))
        found[key] = [round(float(value), 4) for value in (gain[0], low, high)]
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    elif len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory(prefix="gosales-families-") as temporary:
            main(Path(temporary))
