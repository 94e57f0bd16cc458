"""The gate's history: every decision and every move of a champion, only ever added to."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from gosales_assets.validation.contract import GATE_HISTORY
from gosales_assets.validation.gate import MOVES, Judgement, Version, recipe_of
from gosales_assets.validation.registry import Registry

ROLLED_BACK, OUTSIDE = "rolled back", "moved outside the gate"


@dataclass(frozen=True)
class Step:
    """One go of the gate: its number, when, by whom, in which run."""

    number: int
    at: datetime
    who: str
    run_id: str


class NothingToRollBack(LookupError):
    """No move of a champion is left to be undone; the message says of what."""


def champion_of(history: pl.DataFrame, division: str) -> Version | None:
    """The champion as the history left it; None: there is none."""
    last = history.filter(pl.col("division") == division).tail(1)
    if last.is_empty() or last["to_model"][0] is None:
        return None
    model = str(last["to_model"][0])
    return Version(str(last["to_version"][0]), model.partition("+")[0], model)


def next_step(history: pl.DataFrame, at: datetime, who: str, run_id: str) -> Step:
    """Number the next go of the gate."""
    last = history["step"].max() if history.height else 0
    return Step(int(str(last)) + 1, at, who, run_id)


def moved_outside(
    history: pl.DataFrame, step: Step, division: str, champion: Version | None
) -> list[dict[str, Any]]:
    """An entry, if the champion is not the one that the history left; else none."""
    before = champion_of(history, division)
    if (before and before.number) == (champion and champion.number):
        return []
    entry = _entry(step, division, OUTSIDE, "the alias was moved without the gate")
    return [
        entry
        | {
            "from_version": before.number if before else None,
            "from_model": before.model_version if before else None,
            "to_version": champion.number if champion else None,
            "to_model": champion.model_version if champion else None,
        }
    ]


def decided(history: pl.DataFrame, step: Step, judgement: Judgement) -> list[dict[str, Any]]:
    """The entry of a judgement; none where the last entry of the division says the same."""
    before = judgement.champion
    after = judgement.challenger if judgement.moves else before
    entry = _entry(step, judgement.division, judgement.verdict, judgement.why) | {
        "challenger": judgement.challenger.model_version if judgement.challenger else None,
        "from_version": before.number if before else None,
        "from_model": before.model_version if before else None,
        "to_version": after.number if after else None,
        "to_model": after.model_version if after else None,
        "figures": json.dumps(judgement.evidence, default=str, sort_keys=True),
    }
    last = history.filter(pl.col("division") == judgement.division).tail(1)
    same = ["verdict", "challenger", "why", "to_version"]
    if last.height and all(last[name][0] == entry[name] for name in same):
        return []
    return [entry]


def added(history: pl.DataFrame, entries: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Add entries at the end, numbered on."""
    last = int(str(history["entry"].max())) if history.height else 0
    rows = [{**entry, "entry": last + n} for n, entry in enumerate(entries, start=1)]
    return pl.concat([history, pl.DataFrame(rows, schema=GATE_HISTORY.types)])


def barred(history: pl.DataFrame, division: str) -> frozenset[str]:
    """What was rolled back and does not come again by itself.

    The recipe, where a new recipe was rolled back; that one version, where it was a refit.
    """
    own = history.filter(pl.col("division") == division)
    undone = own.filter(pl.col("verdict") == ROLLED_BACK)
    moves = {
        step: verdict
        for step, verdict in own.select("step", "verdict").iter_rows()
        if verdict in MOVES
    }
    return frozenset(
        recipe_of(model) if moves[step] == "promoted" else model
        for step, model in undone.select("undoes", "from_model").iter_rows()
    )


def to_undo(history: pl.DataFrame, divisions: Iterable[str] = ()) -> pl.DataFrame:
    """Moves of the newest step that moved a champion and was not undone yet.

    Parameters
    ----------
    divisions
        Only these; all of the step when there are none.

    Raises
    ------
    NothingToRollBack
    """
    wanted = set(divisions)
    undone = set(
        history.filter(pl.col("verdict") == ROLLED_BACK).select("undoes", "division").iter_rows()
    )
    moves = [
        row
        for row in history.filter(pl.col("verdict").is_in(MOVES)).iter_rows(named=True)
        if (row["step"], row["division"]) not in undone
        and (not wanted or row["division"] in wanted)
    ]
    if not moves:
        of = f" of {', '.join(sorted(wanted))}" if wanted else ""
        raise NothingToRollBack(f"no move of a champion{of} is left to be undone")
    newest = max(row["step"] for row in moves)
    return pl.DataFrame([row for row in moves if row["step"] == newest], schema=GATE_HISTORY.types)


def roll_back(
    history: pl.DataFrame, registry: Registry, step: Step, divisions: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Move champions back to where they were before the newest step; returns the entries.

    Raises
    ------
    NothingToRollBack
        When nothing is left to be undone, or a champion was moved since by somebody else.
    """
    moves = to_undo(history, divisions).to_dicts()
    for move in moves:
        champion = registry.champion(move["division"])
        if champion is None or champion.number != move["to_version"]:
            raise NothingToRollBack(
                f"{move['division']}: the champion is no longer version {move['to_version']}, "
                "as step {step} left it: run `gosales gate` first".format(step=move["step"])
            )
    for move in moves:
        registry.crown(move["division"], move["from_version"])
    return [
        _entry(step, move["division"], ROLLED_BACK, f"step {move['step']} is undone")
        | {
            "from_version": move["to_version"],
            "from_model": move["to_model"],
            "to_version": move["from_version"],
            "to_model": move["from_model"],
            "undoes": move["step"],
        }
        for move in moves
    ]


def _entry(step: Step, division: str, verdict: str, why: str) -> dict[str, Any]:
    return {
        "step": step.number,
        "at": step.at,
        "who": step.who,
        "run_id": step.run_id,
        "division": division,
        "verdict": verdict,
        "challenger": None,
        "why": why,
        "figures": "{}",
        "undoes": None,
    }
