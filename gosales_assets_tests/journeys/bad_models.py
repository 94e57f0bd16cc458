"""Bad models, made of the scores that a finished run gave, before the gate of its divisions."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from gosales_assets.gate_settings import Gates
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.tracking import Tracking
from gosales_assets.validation.gate import Judgement, Version, judge
from gosales_assets.validation.promotion import Gatekeeper
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse

SEED = 7
GATES = Gates()


def shuffled_labels(rows: pl.DataFrame) -> pl.DataFrame:
    """The model knows nothing of who buys."""
    return rows.with_columns(pl.col("label").shuffle(seed=SEED).over("cutoff"))


def twice_too_sure(rows: pl.DataFrame) -> pl.DataFrame:
    """The same order; probabilities miscalibrated by two."""
    return rows.with_columns(pl.col("model").mul(2).clip(0, 0.999))


def half_too_sure(rows: pl.DataFrame) -> pl.DataFrame:
    """The same order; probabilities miscalibrated by two the other way."""
    return rows.with_columns(pl.col("model") / 2)


def naive(rows: pl.DataFrame) -> pl.DataFrame:
    """Past orders in the place of a model."""
    count = pl.col("naive") - pl.col("naive").min()
    return rows.with_columns(model=(count + 0.01) / (count.max() + 0.02))


BAD: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "shuffled labels": shuffled_labels,
    "probabilities x 2": twice_too_sure,
    "probabilities / 2": half_too_sure,
    "the naive ranking": naive,
}


def verdicts(home: Path) -> dict[str, Counter[str]]:
    """Hold the gate, with its default settings, for bad models of all divisions of a run.

    Returns
    -------
    dict
        What the model is -> how many divisions got which verdict. ``honest`` is the run's own
        model; ``stale features``, one that scores each cutoff by its oldest features, and ``the
        same`` stand before a champion that gives the run's own scores.
    """
    found: dict[str, Counter[str]] = {}
    for division, rows, stale, challenger in _evidence(home):
        champion = Version("1", challenger.cutoff, f"{challenger.cutoff}+another+recipe")
        cases = {name: (make(rows), None) for name, make in BAD.items()}
        cases |= {"honest": (rows, None)}
        cases |= {"the same": (rows, champion), "stale features": (stale, champion)}
        for name, (judged, of_office) in cases.items():
            verdict = judge(division, judged, challenger, of_office, GATES, SEED)
            assert verdict.verdict != "refused" or _names_a_figure(verdict), verdict.why
            found.setdefault(name, Counter())[verdict.verdict] += 1
    return found


def _evidence(home: Path) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame, Version]]:
    """Division, rows for the gate, the same with stale scores, and the version that asks.

    The champion in the rows gives the run's own scores.
    """
    warehouse = Warehouse(home=str(home))
    registry = MlflowRegistry(Tracking(home=str(home)))
    partitions = warehouse.partitions(ICP_SCORES)
    cutoffs = sorted({keys["cutoff"] for keys in partitions})
    keeper = Gatekeeper(warehouse, registry, Settings(gates=GATES), cutoffs)
    for division in sorted({keys["division"] for keys in partitions}):
        challenger = registry.challenger(division)
        if challenger is None:
            continue
        rows = keeper.evidence(division, challenger, None).with_columns(champion="model")
        own = [keys for keys in partitions if keys["division"] == division]
        scores = warehouse.read_many(
            ICP_SCORES, own, columns=["cutoff", "customer_id", "icp_score"]
        )
        if not rows.is_empty():
            yield division, rows, _stale(rows, scores), challenger


def _stale(rows: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """The oldest scores that there are, for all later cutoffs; newcomers get a middling one."""
    first = scores.filter(pl.col("cutoff") == pl.col("cutoff").min())
    old = first.select("customer_id", old="icp_score")
    middling = float(np.median(old["old"]))
    return (
        rows.filter(pl.col("cutoff") > first["cutoff"][0])
        .join(old, on="customer_id", how="left", maintain_order="left")
        .with_columns(model=pl.col("old").fill_null(middling))
        .drop("old")
    )


def _names_a_figure(refused: Judgement) -> bool:
    return any(character.isdigit() for character in refused.why)
