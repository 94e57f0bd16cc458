"""Prospects that a model learns from: who they were at past cutoffs, and what was known of them."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from gosales_assets.models.slices import Slices, sample_customers
from gosales_assets.sources.contract import PROSPECTS
from gosales_assets.star.validity import known_by

ATTRIBUTES = tuple(
    name for name in PROSPECTS.types if name not in ("customer_id", "valid_from", "company_name")
)
ORDER = ["cutoff", "division", "customer_id"]


def attributes_by(companies: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """What was known of each prospect on the evening of a cutoff.

    The newest row by then. A row without ``valid_from`` is known of no cutoff, not even by stable
    columns: nobody knows when the company would have been on the list.

    Parameters
    ----------
    companies
        ``raw.prospects``.

    Returns
    -------
    pl.DataFrame
        One row per company known by then: customer_id, company_name and `ATTRIBUTES`.
    """
    return known_by(companies.drop_nulls("valid_from"), "customer_id", cutoff, ())


def slice_rows(
    outcomes: pl.DataFrame, slices: Mapping[str, Slices], windows: Mapping[str, int]
) -> pl.DataFrame:
    """Keep each division's prospects at the cutoffs that it may learn from and be judged on.

    Parameters
    ----------
    outcomes
        Rows of ``labels.new_logos``: cutoff, division, customer_id, window_months, label.
    slices
        See `gosales_assets.models.slices.slices_by_division`.
    windows
        Division -> months that are predicted.

    Returns
    -------
    pl.DataFrame
        cutoff, division, customer_id, label, and whether the model ``learns`` from the row and is
        judged on it (``judges``); sorted. Both where there is only one closed cutoff.

    Raises
    ------
    ValueError
        When a label looks further ahead than its division's window.
    """
    cells = pl.DataFrame(
        [
            (cutoff, division, windows[division], cutoff in own.training, cutoff == own.selection)
            for division, own in sorted(slices.items())
            for cutoff in own.cutoffs
        ],
        schema={"cutoff": pl.Date, "division": pl.String, "months": pl.Int64}
        | {"learns": pl.Boolean, "judges": pl.Boolean},
        orient="row",
    )
    rows = outcomes.join(cells, on=ORDER[:2])
    stale = rows.filter(pl.col("window_months") != pl.col("months")).sort(ORDER)
    if stale.height:
        raise ValueError(
            f"labels.new_logos of {stale['division'][0]} look {stale['window_months'][0]} months "
            f"ahead, the model is to look {stale['months'][0]}: materialize them again"
        )
    return rows.select(*ORDER, "label", "learns", "judges").sort(ORDER)


def weighted_sample(rows: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    """Keep all companies that ever bought, and about ``most`` rows of the others.

    Returns
    -------
    pl.DataFrame
        The rows with ``weight``: 1, and for sampled rows as many as each stands for.
    """
    buyers = rows.filter(pl.col("label") == 1)["customer_id"].unique().implode()
    bought = pl.col("customer_id").is_in(buyers)
    others = rows.filter(~bought)
    if others.height <= most:
        return rows.with_columns(weight=1.0)
    chosen = sample_customers(others, most, seed).implode()
    kept = rows.filter(bought | pl.col("customer_id").is_in(chosen))
    share = others.height / (kept.height - rows.height + others.height)
    return kept.with_columns(weight=pl.when(bought).then(1.0).otherwise(share))


def with_attributes(rows: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    """Join to each row what was known of its company at its own cutoff."""
    parts = [
        part.join(attributes_by(companies, cutoff), on="customer_id", how="left")
        for (cutoff,), part in rows.group_by("cutoff", maintain_order=True)
    ]
    return pl.concat(parts).sort(ORDER)
