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
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from gosales_assets.features.document import GAINS, PLACEBO, TOGETHER, brings_nothing
from gosales_assets_tests.benchmarks.logs import (
    LOGS,
    REPLICATES,
    TRAINING_ROWS,
    Floats,
    Fold,
    build,
    config_of,
    figures_of,
    fold_of,
    gains_of,
    weights_of,
)
from gosales_assets_tests.paths import REPOSITORY

BOOSTERS = 3


def main(folder: Path) -> None:
    """Measure each family, then those that bring nothing all together, and write."""
    configs = {name: config_of(name, folder / name.replace(" ", "_")) for name in LOGS}
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


def measure(name: str, report: Path, chosen: list[str]) -> None:
    """Build features and labels of the log that the environment names; measure its families."""
    began = time.monotonic()
    warehouse = build()
    print(f"{name}: built in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    folds = [fold_of(warehouse, date.fromisoformat(cutoff)) for cutoff in LOGS[name]]
    families = sorted({name.split("__")[0] for name in _usable(folds)})
    weights = weights_of(folds)
    everything = figures_of(folds, weights, _without())
    gains = {}
    for left_out in chosen or (PLACEBO, *families):
        gains[left_out] = gains_of(everything, figures_of(folds, weights, _without(left_out)))
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


def _usable(folds: list[Fold]) -> set[str]:
    """Features that vary in some training; those of absent signals do not."""
    from gosales_assets.models.inputs import learn_inputs

    return {name for fold in folds for name in learn_inputs(fold.training, []).usable}


def _without(families: str = "") -> Callable[[Fold], Floats]:
    """Log odds of the ranked rows, by a model that was trained without some families."""
    from gosales_assets.models.pooled import fit_pooled
    from gosales_assets.settings import current_settings

    left_out = families.split(",")

    def rank(fold: Fold) -> Floats:
        keep = [c for c in fold.training.columns if c.split("__")[0] not in left_out]
        keep = keep[::-1] if families == PLACEBO else keep
        model, _ = fit_pooled(
            fold.training.select(keep),
            fold.selection.select(keep),
            cutoff=fold.cutoff,
            windows=fold.windows,
            seeds=BOOSTERS,
            seed=current_settings().seed,
            threads=1,
        )
        return model.logits(fold.ranked.select(keep), 1)

    return rank


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    elif len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory(prefix="gosales-families-") as temporary:
            main(Path(temporary))
