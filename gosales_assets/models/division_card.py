"""The model card of one division: what a registered version is, and how far to trust it."""

from collections.abc import Mapping, Sequence
from typing import Any

from gosales_assets.models.mlflow_record import DivisionCard

FAIRNESS = (
    "No personal attribute of a contact is used; industry, region and size of the company count "
    "only where the settings declare them stable. validation.segments compares how well the top of "
    "the list serves each of them."
)


def division_cards(
    card: Mapping[str, Any], curves: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, DivisionCard]:
    """Write the cards of the divisions that a cutoff's model knows.

    Parameters
    ----------
    card
        The cutoff's card: see ``models.card.trained_card``.
    curves
        Division -> rows of ``models.calibration``.
    """
    return {
        division: DivisionCard(content, _markdown(content))
        for division, rows in sorted(curves.items())
        if division in card["divisions"]
        for content in [_content(card, division, rows)]
    }


def _content(
    card: Mapping[str, Any], division: str, curves: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "division": division,
        "cutoff": card["cutoff"],
        "model_version": card["model_version"],
        "window_months": card["windows"][division],
        "slices": card["slices"][division],
        "buyers": {
            "training": card["buyers"].get(division, 0),
            "selection": card["selection_buyers"].get(division, 0),
        },
        "winner": card["winners"][division],
        "own_models": card["own_models"].get(division, "none: too few buyers"),
        "metrics": [row for row in card["metrics_by_division"] if row["division"] == division],
        "calibration": [dict(row) for row in curves],
        "drivers": card["drivers"],
        "fairness": FAIRNESS,
        "limits": card["limits"],
        "data_checksums": card["data_checksums"],
    }


def _markdown(content: Mapping[str, Any]) -> str:
    slices, buyers = content["slices"], content["buyers"]
    lines = [
        f"# {content['division']} at {content['cutoff']}, {content['window_months']} months ahead",
        "",
        f"Version `{content['model_version']}`. Scored by the {content['winner']['name']}: "
        f"{content['winner']['why']}.",
        "",
        f"Learned from {', '.join(slices['training'])} ({buyers['training']:,} buyers), judged on "
        f"{slices['selection']} ({buyers['selection']:,} buyers).",
        "",
        "| customers | candidate | metric | value |",
        "| --- | --- | --- | --- |",
        *(
            f"| {row['cohort']} | {row['candidate']} | {row['metric']} | {row['value']:.3f} |"
            for row in content["metrics"]
            if row["value"] is not None
        ),
        "",
        "Calibration: "
        + "; ".join(
            f"{row['cohort']}: {row['method']}, {row['positives']} buyers, {row['note']}"
            for row in content["calibration"]
        )
        + ".",
        "",
        content["fairness"],
        "",
        *(f"- {limit}" for limit in content["limits"]),
    ]
    return "\n".join(lines) + "\n"
