"""Prevalence: how common buying is, per division and cohort, and where it is too rare or common."""

import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.labels.contract import NEW_LOGO

RARE, COMMON = 0.005, 0.5
_KEYS = ["cutoff", "division", "cohort"]


def cohorts_of(labels: pl.DataFrame) -> pl.DataFrame:
    """Count candidates and buyers: cutoff, division, cohort, rows, positives."""
    grouped = labels.group_by(*_KEYS)
    return grouped.agg(rows=pl.len().cast(pl.Int64), positives=pl.col("label").sum())


def prevalence(of_labels: pl.DataFrame, new_logos: pl.DataFrame) -> pl.DataFrame:
    """Say how many candidates of each cutoff, division and cohort buy.

    Parameters
    ----------
    of_labels
        What `cohorts_of` gives of ``labels.labels``.
    new_logos
        Rows of ``labels.new_logos``.

    Returns
    -------
    pl.DataFrame
        One row per cutoff, division and cohort: ``all``, ``expansion``, ``repeat``, also for
        cohorts without candidates, whose prevalence is null; ``new_logo`` where there are
        prospects. These are not among ``all``.
    """
    targets = of_labels.select("cutoff", "division").unique()
    names = ["all", "expansion", *([NEW_LOGO] if new_logos.height else []), "repeat"]
    cohorts = pl.DataFrame({"cohort": names})
    of_logos = cohorts_of(new_logos.with_columns(cohort=pl.lit(NEW_LOGO)))
    whole = of_labels.with_columns(cohort=pl.lit("all")).group_by(_KEYS).sum()
    counts = pl.concat([of_labels, whole.select(of_labels.columns), of_logos])
    return (
        targets.join(cohorts, how="cross")
        .join(counts, on=_KEYS, how="left")
        .with_columns(pl.col("rows", "positives").fill_null(0))
        .with_columns(
            prevalence=pl.when(pl.col("rows") > 0).then(pl.col("positives") / pl.col("rows"))
        )
        .sort(_KEYS)
    )


def unusual(table: pl.DataFrame) -> list[Breach]:
    """Find divisions that fewer than 0.5 % or more than 50 % of all candidates buy."""
    share = pl.col("prevalence")
    found = table.filter(pl.col("cohort") == "all", (share < RARE) | (share > COMMON))
    return [
        Breach(
            "prevalence",
            "between 0.5 % and 50 % of candidates buy",
            row["rows"],
            (f"{row['division']}: {row['positives']} of {row['rows']}",),
        )
        for row in found.iter_rows(named=True)
    ]


def markdown(table: pl.DataFrame) -> str:
    """Lay out one cutoff's prevalence as a Markdown table: divisions down, cohorts across."""
    names = table["cohort"].unique().sort().to_list()
    lines = [f"| division | {' | '.join(names)} |", "|---" + "|--:" * len(names) + "|"]
    for division, cohorts in table.sort("division", "cohort").group_by(
        "division", maintain_order=True
    ):
        cells = [
            "-"
            if row["prevalence"] is None
            else f"{row['prevalence']:.1%} ({row['positives']} of {row['rows']})"
            for row in cohorts.iter_rows(named=True)
        ]
        lines.append(f"| {division[0]} | {' | '.join(cells)} |")
    return "\n".join(lines)
