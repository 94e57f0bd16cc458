"""The promotion gate: whether a challenger may become a division's champion, and why (not)."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import polars as pl

from gosales_assets.gate_settings import Floors, Gates
from gosales_assets.validation.evidence import (
    Comparison,
    Figures,
    compare_probabilities,
    compare_ranking,
    figures,
)

Verdict = Literal[
    "promoted",
    "refitted",
    "in office",
    "champion stays",
    "refused",
    "rolled back before",
    "not enough evidence",
    "no challenger",
]
VERDICTS = list(get_args(Verdict))
MOVES = ("promoted", "refitted")
# Scores that agree this closely are the same scores, stored.
SAME_SCORE = 1e-9


@dataclass(frozen=True)
class Version:
    """A registered version of a division's model.

    Parameters
    ----------
    number
        Its version in the registry.
    cutoff
        Day that it was trained for.
    model_version
        Cutoff, settings and code: ``2024-12-31+<settings>+<code>``.
    """

    number: str
    cutoff: str
    model_version: str

    @property
    def recipe(self) -> str:
        """Settings and code, whatever the cutoff."""
        return recipe_of(self.model_version)


@dataclass(frozen=True)
class Judgement:
    """What the gate decided on one division, why in words, and the figures it went by."""

    division: str
    verdict: Verdict
    why: str
    challenger: Version | None
    champion: Version | None
    evidence: Mapping[str, Any]

    @property
    def moves(self) -> bool:
        """Whether the challenger is to become the champion."""
        return self.verdict in MOVES


def recipe_of(model_version: str) -> str:
    """Settings and code of a model version, without its cutoff."""
    return model_version.partition("+")[2]


def judge(
    division: str,
    rows: pl.DataFrame,
    challenger: Version | None,
    champion: Version | None,
    gates: Gates,
    seed: int,
    *,
    barred: frozenset[str] = frozenset(),
) -> Judgement:
    """Judge one division's challenger.

    Parameters
    ----------
    rows
        One row per closed cutoff (the newest ``gates.cutoffs``) and customer: ``cutoff,
        customer_id, label, model, naive, champion``: as-of scores of the challenger's recipe, the
        naive ranking, and the champion's own scores (null where it gave none).
    barred
        Recipes and model versions that were rolled back: they do not come again by themselves.
    """
    if challenger is None:
        why = "no model of this division is registered"
        return Judgement(division, "no challenger", why, None, champion, {})
    rows = rows.sort("cutoff", "customer_id")
    found = figures(rows)
    shown: dict[str, Any] = {"cutoffs": _cutoffs(rows), **vars(found)}

    def decided(verdict: Verdict, why: str) -> Judgement:
        return Judgement(division, verdict, why, challenger, champion, shown)

    if found.positives < gates.positives:
        why = f"{found.positives} buyers on {shown['cutoffs'] or 'no closed cutoff'}"
        return decided("not enough evidence", f"{why}; {gates.positives} are needed")
    over_naive = compare_ranking(rows, "naive", gates.replicates, seed)
    shown |= _prefixed("over_naive", over_naive)
    failures = list(_failures(found, over_naive, gates.of(division, found.positives)))
    if failures:
        return decided("refused", "; ".join(failures))
    if {challenger.recipe, challenger.model_version} & barred:
        return decided("rolled back before", "it was rolled back: only another one moves")
    if champion is None:
        return decided("promoted", f"the first champion: {_in_words(found)}")
    if champion.number == challenger.number:
        return decided("in office", f"still good: {_in_words(found)}")
    verdict, why, compared = against_champion(rows, challenger, champion, gates, seed)
    shown |= compared
    return decided(verdict, why)


def against_champion(
    rows: pl.DataFrame, challenger: Version, champion: Version, gates: Gates, seed: int
) -> tuple[Verdict, str, dict[str, float]]:
    """Compare a challenger that passed the floors with the champion, on cutoffs scored by both."""
    shared = rows.filter(pl.col("champion").is_not_null())
    apart = (shared["model"] - shared["champion"]).abs().max()
    same = isinstance(apart, float) and apart <= SAME_SCORE
    if challenger.recipe == champion.recipe or same:
        what = "gives the same scores" if same else "is made by the same code and settings"
        if challenger.cutoff <= champion.cutoff:
            return "champion stays", f"the challenger {what} and is not newer", {}
        return "refitted", f"{what} as the champion, and has seen {challenger.cutoff}", {}
    buyers = int(shared["label"].sum())
    if buyers < gates.positives:
        why = f"{buyers} buyers on cutoffs that the champion scored, too; {gates.positives} needed"
        return "not enough evidence", why, {}
    ranking = compare_ranking(shared, "champion", gates.replicates, seed)
    loss = compare_probabilities(shared, "champion", gates.replicates, seed)
    shown = _prefixed("over_champion", ranking) | _prefixed("log_loss_saved", loss)
    for name, found in (("AUC", ranking), ("log loss", loss)):
        if found.at_most < 0:
            why = f"{name} is worse than the champion's by {-found.gain:.4f} "
            return "refused", f"{why}(95 %: {-found.high:.4f} to {-found.low:.4f})", shown
    if ranking.at_least > 0 or loss.at_least > 0:
        won = f"AUC {ranking.gain:+.4f}, log loss {-loss.gain:+.4f}"
        return "promoted", f"better than the champion: {won}", shown
    margins = f"AUC {ranking.gain:+.4f} ({ranking.low:+.4f} to {ranking.high:+.4f})"
    return "champion stays", f"no difference that chance does not explain: {margins}", shown


def _failures(found: Figures, over_naive: Comparison, floors: Floors) -> Iterator[str]:
    """What the scores fall short of, each with its figure and its floor."""
    least_auc, least_lift = floors.auc or 0.0, floors.lift_10 or 0.0
    most_error, most_off = floors.calibration_error or 1.0, floors.level or math.inf
    if not found.auc >= least_auc:
        yield f"AUC {found.auc:.3f} is below {least_auc:.2f}"
    if not found.lift_10 >= least_lift:
        rate = found.positives / found.rows
        best = min(1 / rate, 10.0)
        hint = (
            f" (at a buying rate of {rate:.0%} no ranking exceeds {best:.2f}: set gates.divisions)"
            if best < least_lift
            else ""
        )
        yield f"lift@10 {found.lift_10:.2f} is below {least_lift:.2f}{hint}"
    if not found.calibration_error <= most_error:
        yield f"calibration error {found.calibration_error:.3f} is above {most_error:.2f}"
    if not abs(found.level - 1) <= most_off:
        yield f"probabilities add up to {found.level:.2f} per buyer, more than {most_off:.0%} off 1"
    if not over_naive.low > 0:
        yield (
            f"not better than the naive ranking: AUC {found.auc:.3f} against "
            f"{found.naive_auc:.3f}, the difference is {over_naive.low:+.4f} or more"
        )


def _in_words(found: Figures) -> str:
    return (
        f"AUC {found.auc:.3f} (naive {found.naive_auc:.3f}), lift@10 {found.lift_10:.2f}, "
        f"calibration error {found.calibration_error:.3f}, {found.level:.2f} per buyer"
    )


def _cutoffs(rows: pl.DataFrame) -> str:
    return ", ".join(str(day) for day in rows["cutoff"].unique().sort())


def _prefixed(name: str, found: Comparison) -> dict[str, float]:
    return {name: found.gain, f"{name}_low": found.low, f"{name}_high": found.high}
