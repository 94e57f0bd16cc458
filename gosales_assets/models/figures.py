"""Pictures of a model: gains and reliability on the selection slice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.metrics import sigmoid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 10
STRONGEST = 15
RAISES, LOWERS = "#2a7f62", "#b4472e"


def gains_and_reliability(judgements: pl.DataFrame) -> "Figure":
    """Draw who is reached first, and how probabilities compare with what happened.

    Parameters
    ----------
    judgements
        Selection rows with ``division, label, blend``; each division is ranked by itself, since
        ranking divisions against each other flatters.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4))
    gains, reliability = figure.subplots(1, 2)
    ranked = judgements.with_columns(
        share=pl.col("blend").rank("ordinal", descending=True).over("division")
        / pl.len().over("division")
    ).sort("share", "division")
    captured = ranked["label"].cum_sum().to_numpy() / max(1, int(ranked["label"].sum()))
    gains.plot(ranked["share"].to_numpy(), captured, label="blend")
    gains.plot([0, 1], [0, 1], linestyle=":", color="grey", label="at random")
    gains.set(xlabel="share of customers called", ylabel="share of buyers reached", title="Gains")
    gains.legend()
    binned = (
        judgements.with_columns(p=pl.Series(sigmoid(judgements["blend"].to_numpy())))
        .with_columns(bin=(pl.col("p").rank("ordinal") * BINS / (pl.len() + 1)).floor())
        .group_by("bin")
        .agg(pl.col("p").mean(), pl.col("label").mean())
        .sort("bin")
    )
    top = float(np.max([binned["p"].max() or 0, binned["label"].max() or 0]))
    reliability.plot(binned["p"], binned["label"], marker="o", label="before calibration")
    reliability.plot([0, top], [0, top], linestyle=":", color="grey", label="perfect")
    reliability.set(xlabel="probability given", ylabel="share that bought", title="Reliability")
    reliability.legend()
    return figure


def what_moves_scores(
    names: Sequence[str], ranks: NDArray[np.float32], contributions: NDArray[np.float64]
) -> "Figure":
    """Draw how far each feature moves scores on average, and in which direction its rise does.

    Parameters
    ----------
    names
        Words for each feature.
    ranks
        Normal scores of the features, shape (rows, features); NaN: missing.
    contributions
        What each adds to a row's log odds: SHAP values of the trees and terms of the regression.
    """
    from matplotlib.figure import Figure

    strength = np.abs(contributions).mean(axis=0)
    shown = np.argsort(-np.round(strength, 9), kind="stable")[:STRONGEST][::-1]
    centred = np.nan_to_num(ranks[:, shown])
    rising = (centred * (contributions[:, shown] - contributions[:, shown].mean(axis=0))).sum(
        axis=0
    )
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    axes.barh(
        [names[feature] for feature in shown],
        strength[shown],
        color=[RAISES if up >= 0 else LOWERS for up in rising],
    )
    axes.set(xlabel="mean change of the log odds", title="What moves the scores")
    for colour, said in ((RAISES, "more of it raises"), (LOWERS, "more of it lowers")):
        axes.barh([], [], color=colour, label=said)
    axes.legend(loc="lower right")
    return figure
