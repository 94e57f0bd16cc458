"""What a list is made of, and how many of the window's new buyers it would have found."""

from datetime import date

import polars as pl

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.signals import coverage, effective_weights

TOP = 0.10


def capture(score: pl.Expr, label: pl.Expr, share: float = TOP) -> pl.Expr:
    """Share of the positives among the best ``share`` of the rows by ``score``.

    Rows that tie at the edge count by the expected share of them that a random order would take.
    Null without positives.
    """
    room = pl.len() * share
    above = pl.len() - score.rank("max")
    tied = score.rank("max") - score.rank("min") + 1
    taken = ((room - above) / tied).clip(0, 1)
    positives = label.sum()
    return pl.when(positives > 0).then((taken * label).sum() / positives)


def list_metrics(listed: pl.DataFrame, settings: Whitespace, cutoff: date) -> pl.DataFrame:
    """Rows, selection, division shares, coverage and the weights used, per division and overall."""
    potential = listed.filter(pl.col("state") == "potential")
    weights = effective_weights(coverage(potential), settings)
    by_division = (
        potential.group_by("division")
        .agg(rows=pl.len(), selected=pl.col("selected").sum())
        .sort("division")
        .with_columns(division_share=_share(pl.col("selected"), pl.col("selected").sum()))
        .join(weights, on="division", how="left", maintain_order="left")
    )
    overall = potential.select(
        pl.lit(None, pl.String).alias("division"),
        rows=pl.len(),
        selected=pl.col("selected").sum(),
    )
    parts = [_long(frame.with_columns(ranking=pl.lit("blend"))) for frame in (by_division, overall)]
    return pl.concat(parts).with_columns(cutoff=pl.lit(cutoff))


def capture_metrics(listed: pl.DataFrame, labels: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Capture at 10 % of the rankings on a closed cutoff, among rows that could be ranked.

    Parameters
    ----------
    listed
        The list, with ``divisions_owned`` beside.
    labels
        ``division, customer_id, label`` of the same cutoff; empty while its window is open.

    Returns
    -------
    pl.DataFrame
        ``cutoff, division, metric, ranking, value``: per division, and over the whole list
        (division null), where popularity (share of owners) is a bar that a list has to pass.
    """
    owners = listed.group_by("division").agg(popularity=(pl.col("state") == "owned").mean())
    known = (
        listed.join(owners, on="division")
        .filter(pl.col("state") == "potential")
        .join(
            labels.select("division", "customer_id", "label"),
            on=["division", "customer_id"],
            validate="1:1",
        )
        .sort("division", "customer_id")
    )
    rankings = {
        "blend": pl.col("score"),
        "icp": pl.col("icp_score"),
        "naive": pl.col("divisions_owned").fill_null(0),
        "popularity": pl.col("popularity"),
    }
    parts = []
    for ranking, score in rankings.items():
        value = capture(score, pl.col("label")).alias("capture_10")
        whole = known.select(pl.lit(None, pl.String).alias("division"), value)
        frames = [known.group_by("division").agg(value).sort("division"), whole]
        parts += [_long(frame.with_columns(ranking=pl.lit(ranking))) for frame in frames]
    return pl.concat(parts).with_columns(cutoff=pl.lit(cutoff)) if known.height else _nothing()


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _long(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.unpivot(index=["division", "ranking"], variable_name="metric").with_columns(
        pl.col("value").cast(pl.Float64)
    )


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "division": pl.String,
            "ranking": pl.String,
            "metric": pl.String,
            "value": pl.Float64,
            "cutoff": pl.Date,
        }
    )
