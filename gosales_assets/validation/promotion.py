"""Holding the gate: hear the evidence of every division, decide, move champions, write it down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.models.naive import naive_score
from gosales_assets.partitions import day
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.validation import history as book
from gosales_assets.validation.archive import Kept, add_to_archive, archived
from gosales_assets.validation.contract import GATE, GATE_HISTORY
from gosales_assets.validation.evidence import COLUMNS
from gosales_assets.validation.gate import Judgement, Version, judge, recipe_of
from gosales_assets.validation.reading import (
    NAIVE_COLUMNS,
    known_outcomes,
    matrix_of,
    model_version_of,
)
from gosales_assets.validation.registry import CannotScore, Registry
from gosales_assets.warehouse import Warehouse

_TYPES = {
    "cutoff": pl.Date,
    "customer_id": pl.String,
    "label": pl.Int64,
    "model": pl.Float64,
    "naive": pl.Float64,
    "champion": pl.Float64,
}


@dataclass
class Gatekeeper:
    """What the gate needs of the world: the lake, the registry, the settings, all cutoffs."""

    warehouse: Warehouse
    registry: Registry
    settings: Settings
    cutoffs: Sequence[str]
    remarks: list[str] = field(default_factory=list)

    def evidence(
        self, division: str, challenger: Version, champion: Version | None
    ) -> pl.DataFrame:
        """Rows of the newest closed cutoffs that the challenger's recipe scored."""
        parts: list[pl.DataFrame] = []
        for cutoff in sorted(self.cutoffs, reverse=True):
            if len(parts) == self.settings.gates.cutoffs:
                break
            if not self._is_of(cutoff, division, challenger):
                continue
            known = known_outcomes(self.warehouse, cutoff, division)
            if known.height:
                parts.append(self._rows(known, cutoff, division, champion))
        return pl.concat([pl.DataFrame(schema=_TYPES), *parts])

    def promotable(self, judgement: Judgement, challenger: Version) -> Kept:
        """Scores to be kept of a challenger that moves: of the gate's cutoffs and all later."""
        first = min(str(judgement.evidence["cutoffs"]).split(", "))
        scores = {}
        for cutoff in sorted(self.cutoffs):
            if cutoff >= first and self._is_of(cutoff, judgement.division, challenger):
                keys = {"cutoff": cutoff, "division": judgement.division}
                frame = self.warehouse.read(
                    ICP_SCORES, columns=["customer_id", "icp_score"], **keys
                )
                scores[cutoff] = frame.rename({"icp_score": "score"})
        return Kept(judgement.division, challenger, scores)

    def _is_of(self, cutoff: str, division: str, version: Version) -> bool:
        if not self.warehouse.has(ICP_SCORES, cutoff=cutoff, division=division):
            return False
        scored_by = model_version_of(self.warehouse, cutoff, division)
        return scored_by is not None and recipe_of(scored_by) == version.recipe

    def _rows(
        self, known: pl.DataFrame, cutoff: str, division: str, champion: Version | None
    ) -> pl.DataFrame:
        matrix = matrix_of(self.warehouse, known, cutoff, division, NAIVE_COLUMNS)
        theirs = self._champion(known, cutoff, division, champion)
        return (
            known.join(theirs, on="customer_id", how="left", maintain_order="left")
            .select(
                pl.lit(day(cutoff)).alias("cutoff"),
                "customer_id",
                pl.col("label").cast(pl.Int64),
                pl.col("icp_score").alias("model"),
                naive_score(matrix).alias("naive"),
                pl.col("score").alias("champion"),
            )
            .select(COLUMNS)
        )

    def _champion(
        self, known: pl.DataFrame, cutoff: str, division: str, champion: Version | None
    ) -> pl.DataFrame:
        """The champion's scores: those it gave, or for later cutoffs those it gives; or none."""
        nothing = pl.DataFrame(schema={"customer_id": pl.String, "score": pl.Float64})
        if champion is None:
            return nothing
        kept = archived(self.warehouse, division, champion, cutoff)
        if kept is not None:
            return kept
        if cutoff < champion.cutoff:
            return nothing  # it has seen what came of this cutoff
        keys = {"cutoff": cutoff, "division": division}
        matrix = self.warehouse.read(FEATURE_MATRIX, **keys).join(
            known.select("customer_id"), on="customer_id", how="semi", maintain_order="left"
        )
        try:
            scores = self.registry.scores(division, champion.number, matrix)
        except CannotScore as problem:
            self.remarks.append(f"{cutoff}: {problem}")
            return nothing
        return matrix.select("customer_id", score=pl.Series(scores))


def hold_gate(
    keeper: Gatekeeper, divisions: Sequence[str], step: book.Step, before: pl.DataFrame
) -> list[Judgement]:
    """Judge all divisions, move the champions that are to move, and write down what happened.

    The order makes a crash harmless: scores are archived before an alias moves, and a move that
    was not written down any more is found by the next go.

    Parameters
    ----------
    before
        The history so far (`read_history`).
    """
    judgements, moving, entries = [], [], []
    for division in divisions:
        champion = keeper.registry.champion(division)
        found = book.moved_outside(before, step, division, champion)
        entries += found
        challenger = keeper.registry.challenger(division)
        rows = (
            keeper.evidence(division, challenger, champion)
            if challenger
            else pl.DataFrame(schema=_TYPES)
        )
        judgement = judge(
            division,
            rows,
            challenger,
            champion,
            keeper.settings.gates,
            keeper.settings.seed,
            barred=book.barred(before, division),
        )
        judgements.append(judgement)
        if judgement.moves and challenger is not None:
            moving.append(keeper.promotable(judgement, challenger))
        so_far = book.added(before, found)
        entries += book.decided(so_far, step, judgement)
    add_to_archive(keeper.warehouse, moving, step.run_id)
    for kept in moving:
        keeper.registry.crown(kept.division, kept.version.number)
    keeper.warehouse.write(GATE, as_table(judgements), run_id=step.run_id)
    keeper.warehouse.write(GATE_HISTORY, book.added(before, entries), run_id=step.run_id)
    return judgements


def read_history(warehouse: Warehouse) -> pl.DataFrame:
    """Read the gate's history; empty before its first go."""
    return warehouse.read(GATE_HISTORY) if warehouse.has(GATE_HISTORY) else GATE_HISTORY.empty()


def as_table(judgements: Sequence[Judgement]) -> pl.DataFrame:
    """Rows of ``validation.gate``; figures that do not exist are null."""
    rows = [
        {
            "division": j.division,
            "verdict": j.verdict,
            "why": j.why,
            "challenger": j.challenger.number if j.challenger else None,
            "challenger_model": j.challenger.model_version if j.challenger else None,
            "champion": j.champion.number if j.champion else None,
            "champion_model": j.champion.model_version if j.champion else None,
            **{name: _figure(j.evidence.get(name)) for name in _FIGURES},
        }
        for j in judgements
    ]
    return pl.DataFrame(rows, schema=GATE.types)


_FIGURES = list(GATE.types)[list(GATE.types).index("cutoffs") :]


def _figure(value: Any) -> Any:
    """The figure; None for NaN and for no cutoffs at all."""
    return None if value != value or value == "" else value
