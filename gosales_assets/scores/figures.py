"""Picture of a cutoff's scores: how they are spread in each division."""

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 20
ACROSS = 4


def score_histogram(scores: pl.DataFrame) -> "Figure":
    """Draw how many customers have which ``icp_score``, one small panel per division."""
    from matplotlib.figure import Figure

    parts = sorted(scores.group_by("division"), key=lambda pair: str(pair[0][0]))
    down = -(-len(parts) // ACROSS)
    figure = Figure(figsize=(9, 1.7 * down + 0.6))
    panels = figure.subplots(
        down, ACROSS, squeeze=False, gridspec_kw={"hspace": 0.6, "wspace": 0.4}
    ).ravel()
    for panel, ((division,), rows) in zip(panels, parts, strict=False):
        panel.hist(rows["icp_score"].to_numpy(), bins=BINS, range=(0, 1))
        panel.set_title(str(division), fontsize=8)
        panel.set_xlim(0, 1)
        panel.tick_params(labelsize=7)
    for panel in panels[len(parts) :]:
        panel.set_visible(False)
    figure.supxlabel("chance of a purchase", fontsize=8, y=0.02)
    figure.supylabel("customers", fontsize=8, x=0.05)
    return figure
