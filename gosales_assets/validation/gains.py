"""Gains by decile: what each tenth of a ranking brought, and how true its probabilities were."""

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.validation.contract import GAINS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DECILES = 10


def gains(known: pl.DataFrame, cutoff: date, division: str) -> pl.DataFrame:
    """Count buyers per decile of the score; customers with equal scores stand in order of id.

    Parameters
    ----------
    known
        ``customer_id, icp_score, label``, one row per customer.

    Returns
    -------
    pl.DataFrame
        Rows of ``validation.gains``; fewer than ten when there are fewer customers, none without.
    """
    if known.is_empty():
        return GAINS.empty()
    ordered = known.sort("icp_score", "customer_id", descending=[True, False])
    place = pl.int_range(pl.len()) * DECILES // pl.len() + 1
    per_decile = (
        ordered.with_columns(decile=place)
        .group_by("decile", maintain_order=True)
        .agg(
            rows=pl.len(),
            positives=pl.col("label").sum(),
            mean_score=pl.col("icp_score").mean().clip(0, 1),
            observed_rate=pl.col("label").mean(),
        )
    )
    found, buyers = pl.col("positives").cum_sum(), pl.col("positives").sum()
    return GAINS.typed(
        per_decile.with_columns(
            division=pl.lit(division),
            cutoff=pl.lit(cutoff),
            cumulative_capture=pl.when(buyers > 0).then(found / buyers),
        )
    )


def picture(gained: pl.DataFrame) -> "Figure":
    """Draw gains (left) and reliability (right) of one division and cutoff."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.4))
    left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.3})
    reached = (gained["rows"].cum_sum() / gained["rows"].sum() * 100).to_list()
    captured = (gained["cumulative_capture"].fill_null(0) * 100).to_list()
    left.plot([0, *reached], [0, *captured], marker="o", label="model")
    left.plot([0, 100], [0, 100], color="grey", linestyle="--", label="random order")
    left.set(title="Gains", xlabel="% of customers called", ylabel="% of buyers reached")
    left.legend()
    top = float(gained.select(pl.max_horizontal("mean_score", "observed_rate").max()).item())
    right.plot(gained["mean_score"].to_list(), gained["observed_rate"].to_list(), marker="o")
    right.plot([0, top], [0, top], color="grey", linestyle="--")
    right.set(title="Reliability", xlabel="probability given", ylabel="share that bought")
    about = gained.row(0, named=True)
    figure.suptitle(f"{about['division']}, {about['cutoff']}", y=1.04)
    return figure
