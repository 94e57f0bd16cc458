"""What is measured on the three logs: their folds, and gains of a ranking with paired intervals."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from gosales_assets_tests.paths import EXAMPLES

Floats = NDArray[np.float64]
Weights = tuple[dict[str, int], NDArray[np.float32]]

LOGS = {
    "UK two years": ("2011-03-31", "2011-05-31"),
    "AdventureWorks": ("2024-06-30", "2024-09-30"),
    "sample": ("2024-03-31", "2024-06-30"),
}
EXAMPLE = {"UK two years": "online_retail_uk2y.yaml", "AdventureWorks": "adventureworks_b2b.yaml"}
TRAINING_ROWS = 40_000  # a sixth of the platform's, so that two cores take minutes
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


def config_of(name: str, home: Path) -> Path:
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


def build() -> Any:
    """Materialize all rooms up to the feature matrix, and hand out the warehouse."""
    import dagster as dg

    from gosales_assets import definitions, rooms
    from gosales_assets.automation.refresh import refresh
    from gosales_assets.partitions import KEYS

    upto = rooms.ROOMS[: rooms.ROOMS.index(rooms.features) + 1]
    defs = dg.Definitions(
        assets=[asset for room in upto for asset in room.ASSETS],
        asset_checks=[check for room in upto for check in room.CHECKS],
        resources=definitions.defs.resources,
        executor=dg.in_process_executor,
    )
    warehouse = (definitions.defs.resources or {})["warehouse"]
    with dg.DagsterInstance.ephemeral() as instance:
        done = refresh(defs, instance, warehouse, KEYS)
    if not done.succeeded:
        sys.exit(f"{done.error}; {done.failed_checks}")
    return warehouse


def fold_of(warehouse: Any, cutoff: date) -> Fold:
    """Read what the model of a cutoff learns from, and the cutoff's rows with their outcome."""
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


def weights_of(folds: list[Fold]) -> Weights:
    """Number the customers of all cutoffs; how often each is drawn, (customers, replicates)."""
    from gosales_assets.settings import current_settings
    from gosales_assets.validation.tallies import draws

    customers = pl.concat([fold.ranked["customer_id"] for fold in folds]).unique().sort()
    numbers = {customer: number for number, customer in enumerate(customers)}
    rng = np.random.default_rng(current_settings().seed)
    return numbers, np.concatenate(list(draws(len(numbers), REPLICATES, rng)), axis=1)


def figures_of(
    folds: list[Fold], weights: Weights, rank: Callable[[Fold], Floats]
) -> dict[str, Floats]:
    """Rank: "cohort metric" -> the mean figure, followed by those of the resamples.

    Parameters
    ----------
    rank
        Gives the log odds of a fold's ranked rows.
    """
    cells: dict[str, list[Floats]] = {}
    for fold in folds:
        rows = fold.ranked.with_columns(logit=pl.Series(rank(fold)))
        for _, division in sorted(rows.group_by("division"), key=lambda pair: pair[0]):
            for key, figure in _cells(division, *weights):
                cells.setdefault(key, []).append(figure)
    return {key: np.nanmean(np.stack(figures), axis=0) for key, figures in cells.items()}


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


def gains_of(everything: dict[str, Floats], without: dict[str, Floats]) -> dict[str, list[float]]:
    """Gain, and the low and high end of its 95 % interval, per cohort and metric."""
    found = {}
    for key, figures in everything.items():
        gain = figures - without[key]
        low, high = np.nanquantile(gain[1:], (0.025, 0.975))
        found[key] = [round(float(value), 4) for value in (gain[0], low, high)]
    return found
