"""Whether a division can be scored at all, or why not: decided before any number is given."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gosales_assets.models import artefact
from gosales_assets.models.inputs import ModelMismatch


def refusals(
    home: Path, cutoff: str, divisions: Iterable[str], features: Sequence[str]
) -> dict[str, str]:
    """Divisions that a cutoff's model must not score, with the reason in words.

    Parameters
    ----------
    features
        Feature columns of the matrices that are to be scored.

    Returns
    -------
    dict[str, str]
        Empty in the warm-up: a division that cannot be scored yet is no fault.

    Raises
    ------
    ModelMismatch
        When the cutoff has no model at all: then nothing was trained yet.
    """
    wanted = sorted(divisions)
    if not (artefact.folder_of(home, cutoff) / artefact.CARD).is_file():
        artefact.load_card(home, cutoff)
    try:
        trained = artefact.load(home, cutoff)
    except ModelMismatch as error:
        return dict.fromkeys(wanted, str(error))
    if trained is None:
        return {}
    try:
        trained.model.inputs.check_features(features)
    except ModelMismatch as error:
        return dict.fromkeys(wanted, str(error))
    found = {division: unscorable(trained.card, division) for division in wanted}
    return {division: reason for division, reason in found.items() if reason is not None}


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
