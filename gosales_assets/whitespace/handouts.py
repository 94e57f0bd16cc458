"""Tables made of a list: selected rows, what 5, 10 or 20 % mean, what it says by parent account."""

import polars as pl

from gosales_assets.whitespace.capacity import selection_size
from gosales_assets.whitespace.contract import POTENTIAL
from gosales_assets.whitespace.outcomes import SHARES


def with_challenger(listed: pl.DataFrame, shadows: pl.DataFrame) -> pl.DataFrame:
    """Add ``score_challenger`` of whitespace.shadow_scores to a list; null: not ranked, or none."""
    keys = ["division", "customer_id"]
    scores = shadows.select(*keys, "score_challenger")
    return listed.join(scores, on=keys, how="left", validate="1:1", maintain_order="left")


def thresholds(listed: pl.DataFrame) -> pl.DataFrame:
    """Make ``whitespace.whitespace_thresholds`` of one cutoff's list."""
    ranked = listed.filter(pl.col("state") == POTENTIAL)
    parts = [(ranked.with_columns(division=pl.lit(None, pl.String)), "rank")]
    parts += [(own, "division_rank") for own in ranked.partition_by("division")]
    found = []
    for rows, place in parts:
        for share in SHARES if rows.height else ():
            best = rows.sort(place).head(selection_size(rows.height, share))
            found.append(
                best.group_by("cutoff", "division").agg(
                    share=pl.lit(share),
                    rows=pl.len().cast(pl.Int64),
                    accounts=pl.col("customer_id").n_unique().cast(pl.Int64),
                    lowest_score=pl.col("score").min(),
                    lowest_chance=pl.col("icp_score").min(),
                    expected_buyers=pl.col("icp_score").sum().round(9),
                    expected_gp=pl.col("expected_gp").fill_null(0).sum().round(2),
                )
            )
    columns = ["cutoff", "division", "share", "rows", "accounts", "lowest_score"]
    columns += ["lowest_chance", "expected_buyers", "expected_gp"]
    return (
        pl.concat(found).select(columns)
        if found
        else pl.DataFrame(
            schema={
                "cutoff": pl.Date,
                "division": pl.String,
                "share": pl.Float64,
                **dict.fromkeys(("rows", "accounts"), pl.Int64),
                **dict.fromkeys(columns[5:], pl.Float64),
            }
        )
    )


def account_rollup(listed: pl.DataFrame) -> pl.DataFrame:
    """Make ``whitespace.account_rollup`` of one cutoff's list."""
    ranked = listed.filter(pl.col("state") == POTENTIAL).sort("rank")
    return (
        ranked.group_by("cutoff", "account", maintain_order=True)
        .agg(
            customers=pl.col("customer_id").n_unique().cast(pl.Int64),
            rows=pl.len().cast(pl.Int64),
            selected=pl.col("selected").sum().cast(pl.Int64),
            best_rank=pl.col("rank").first(),
            best_division=pl.col("division").first(),
            best_customer_id=pl.col("customer_id").first(),
            best_customer_name=pl.col("customer_name").first(),
            rep=pl.col("rep").first(),
            nba_reason=pl.col("nba_reason").first(),
            expected_gp=pl.col("expected_gp").sum().round(2),
        )
        .sort("account")
    )
