"""Whether a division can be scored at all, or why not: decided before any number is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gosales_assets.models import artefact
from gosales_assets.models.inputs import ModelMismatch
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse


@dataclass(frozen=True)
class Usable:
    """A cutoff's model, as far as it may be used.

    Parameters
    ----------
    trained
        None in the warm-up, and where the model cannot be used at all.
    refused
        Division -> why it must not be scored, in words. A division that is warming up is no fault
        and not among them.
    """

    trained: artefact.Trained | None
    refused: Mapping[str, str]

    def scorable(self, divisions: Iterable[str]) -> list[str]:
        """Those of the divisions that the model learned of and that are not refused, sorted."""
        known = self.trained.model.windows if self.trained else {}
        return sorted(name for name in divisions if name in known and name not in self.refused)


def usable(
    home: Path,
    cutoff: str,
    divisions: Iterable[str],
    features: Sequence[str],
    broken: Mapping[str, str] = MappingProxyType({}),
) -> Usable:
    """Load a cutoff's model and decide which divisions it must not score.

    Parameters
    ----------
    divisions
        All that are predicted.
    features
        Feature columns of the matrices that are to be scored.
    broken
        Divisions whose own data failed a check -> what is wrong (see `unreadable`).

    Raises
    ------
    ModelMismatch
        When the cutoff has no model at all: then nothing was trained yet.
    """
    wanted = sorted(divisions)
    if not artefact.is_there(home, cutoff):
        artefact.load_card(home, cutoff)
    try:
        trained = artefact.load(home, cutoff)
        if trained is not None:
            trained.model.inputs.check_features(features)
    except ModelMismatch as error:
        return Usable(None, dict.fromkeys(wanted, str(error)))
    if trained is None:
        return Usable(None, {})
    found = {division: unscorable(trained.card, division) for division in wanted}
    refused = {name: why for name, why in found.items() if why is not None}
    return Usable(trained, refused | dict(broken))


def unreadable(
    warehouse: Warehouse, cutoff: str, divisions: Iterable[str], tables: Iterable[Table]
) -> dict[str, str]:
    """Divisions whose partition of one of the tables failed a check -> what is wrong with it."""
    given = list(tables)
    return {
        division: f"{table.name} of {division} failed a check: {problems[0]}"
        for division in sorted(divisions)
        for table in given
        if (problems := warehouse.problems(table, cutoff=cutoff, division=division))
    }


def unscorable(card: Mapping[str, Any], division: str) -> str | None:
    """Why a trained model cannot score a division; None: it can, or the division is warming up."""
    if division not in card["slices"]:
        return None
    if division not in card["divisions"]:
        return (
            f"{division} had no candidates at the cutoffs that the model learned from: it is new, "
            "and is scored once a cutoff with candidates has closed"
        )
    before, lately = (card[name].get(division, 0) for name in ("buyers", "selection_buyers"))
    if before and not lately:
        since = card["slices"][division]["selection"]
        return (
            f"nobody bought {division} in the window after {since}, while at earlier cutoffs "
            f"{before} did: if it is no longer sold, leave it out (targets.exclude)"
        )
    return None
