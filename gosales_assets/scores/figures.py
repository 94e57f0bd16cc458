"""Picture of a cutoff's scores: how they are spread in each division."""

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 30


def score_histogram(scores: pl.DataFrame) -> "Figure":
    """Draw the spread of ``icp_score``, one line per division, each scaled to its rows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4))
    axes = figure.subplots()
    for (division,), rows in sorted(scores.group_by("division"), key=lambda pair: pair[0]):
        axes.hist(
            rows["icp_score"].to_numpy(),
            bins=BINS,
            range=(0, 1),
            histtype="step",
            density=True,
            label=str(division),
        )
    axes.set(xlabel="chance of a purchase", ylabel="density", title="Scores by division")
    axes.legend(fontsize=6, ncols=2)
    return figure
