"""The model card: what a model is, what it learned from, and how far to trust it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import polars as pl

from gosales_assets.features.catalog import plain_words
from gosales_assets.labels.windows import in_words
from gosales_assets.models.evaluation import mean_metrics
from gosales_assets.models.hyperparameters import MEASURED
from gosales_assets.models.inputs import BASE_RATE, DIVISION
from gosales_assets.models.slices import Slices
from gosales_assets.models.training import Fitted

DRIVERS_SHOWN = 15
LIMITS = [
    "It learns from who bought before: it cannot know of products, prices or campaigns to come.",
    "The selection slice is one cutoff; seasons that it does not show move the level of the year.",
    "A customer's region or industry counts only where the settings declare it stable over time.",
    "Probabilities are per division and its own window; they must not be added up over divisions.",
]


def trained_card(
    fitted: Fitted,
    slices: Mapping[str, Slices],
    rows: Mapping[str, int],
    metrics: pl.DataFrame,
    checksums: Mapping[str, Mapping[str, str]],
    calibration: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """Say everything about a trained model, in values that JSON can hold.

    Parameters
    ----------
    fitted
        The models, their winners and their judgements.
    slices
        Division -> what it was learned from and judged on.
    rows
        Name of a slice -> its rows and positives.
    metrics
        Rows of ``models.model_metrics`` of this cutoff.
    checksums
        Cutoff -> checksum of its features and labels.
    calibration
        Division -> its curves: see ``models.calibration.calibrate``.
    """
    means, model = mean_metrics(metrics), fitted.pooled
    return {
        "status": "trained",
        "cutoff": model.cutoff.isoformat(),
        "windows": dict(model.windows),
        "training_cutoffs": _days(day for own in slices.values() for day in own.training),
        "selection_cutoffs": _days(own.selection for own in slices.values()),
        "split": ", ".join(sorted({own.split for own in slices.values()})),
        "slices": {
            division: {
                "training": _days(own.training),
                "selection": own.selection.isoformat(),
                "split": own.split,
            }
            for division, own in slices.items()
        },
        "rows": dict(rows),
        "divisions": list(model.inputs.divisions),
        "features": list(model.inputs.features),
        "usable": list(model.inputs.usable),
        "base_rates": dict(model.inputs.base_rates),
        "boosters": len(model.boosters),
        "blend_weight": model.weight,
        "hyperparameters": asdict(fitted.tuned.chosen if fitted.tuned else MEASURED),
        "tuning": fitted.tuned.trials.to_dicts() if fitted.tuned else [],
        "winner": _winner(model.weight),
        "own_models": {division: own.note for division, own in sorted(fitted.own.items())},
        "winners": {
            division: {"name": winner.name, "why": winner.note}
            for division, winner in sorted(fitted.winners.items())
        },
        "drivers": [
            {"input": name, "share_of_gain": round(share, 6)}
            for name, share in model.drivers()[:DRIVERS_SHOWN]
        ],
        "metrics": _rounded(means),
        "metrics_by_division": _rounded(metrics.drop("cutoff", "slice")),
        "calibration": {
            division: [dict(row) for row in rows] for division, rows in calibration.items()
        },
        "data_checksums": {day: dict(of_day) for day, of_day in checksums.items()},
        "limits": LIMITS,
    }


def untrained_card(
    cutoff: str, windows: Mapping[str, int], status: str, reason: str
) -> dict[str, Any]:
    """Say why there is no model of a cutoff."""
    return {
        "status": status,
        "reason": reason,
        "cutoff": cutoff,
        "windows": dict(windows),
    }


def markdown(card: Mapping[str, Any]) -> str:
    """Write the card for people."""
    title = f"# Model for {card['cutoff']}, {in_words(card['windows'])} ahead\n"
    if card["status"] != "trained":
        return f"{title}\n**{card['status']}**: {card['reason']}\n"
    rows = card["rows"]
    parts = [
        title,
        f"Version `{card['model_version']}`. {card['winner']}.\n",
        f"Learned from {', '.join(card['training_cutoffs'])}: {rows['training']:,} rows, "
        f"{rows['training_positives']:,} of them bought. Judged on "
        f"{', '.join(card['selection_cutoffs'])} "
        f"(split by {card['split']}): {rows['selection']:,} rows, "
        f"{rows['selection_positives']:,} bought.\n",
        f"{_bending(card)}\n",
        "## Out of time, mean over divisions\n",
        _table(
            ["cohort", "candidate", "metric", "value", "divisions"],
            [
                [
                    row["cohort"],
                    row["candidate"],
                    row["metric"],
                    f"{row['value']:.3f}",
                    str(row["divisions"]),
                ]
                for row in card["metrics"]
            ],
        ),
        "## What it goes by\n",
        _table(
            ["input", "share of gain"],
            [
                [input_in_words(row["input"]), f"{row['share_of_gain']:.1%}"]
                for row in card["drivers"]
            ],
        ),
        "## What each division is scored by\n",
        _table(
            ["division", "scored by", "why"],
            [
                [division, winner["name"], winner["why"]]
                for division, winner in sorted(card["winners"].items())
            ],
        ),
        "## Calibration\n",
        _table(
            ["division", "customers", "method", "buyers", "status"],
            [
                [division, row["cohort"], row["method"], str(row["positives"]), row["status"]]
                for division, rows in sorted(card["calibration"].items())
                for row in rows
            ],
        ),
        "## Limits\n",
        "\n".join(f"- {limit}" for limit in card["limits"]),
    ]
    return "\n".join(parts) + "\n"


def _bending(card: Mapping[str, Any]) -> str:
    """Say the hyperparameters, and whether they were measured before or tuned."""
    named = ", ".join(f"{name} {value:.3g}" for name, value in card["hyperparameters"].items())
    tried = len(card["tuning"])
    how = f"the best of {tried} trials on past cutoffs" if tried else "as measured (docs/models.md)"
    return f"Hyperparameters, {how}: {named}."


def _days(days: Iterable[date]) -> list[str]:
    return sorted({day.isoformat() for day in days})


def input_in_words(name: str) -> str:
    """Say an input of the models in words."""
    if name in (DIVISION, BASE_RATE):
        return {DIVISION: "which division it is", BASE_RATE: "how common buying it was"}[name]
    return plain_words(name).replace("{division}", "the division")


def _winner(weight: float) -> str:
    return f"A blend: {weight:.0%} boosters, {1 - weight:.0%} logistic regression"


def _rounded(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.with_columns(pl.col("value").round(6)).to_dicts()


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
