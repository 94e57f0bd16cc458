"""What a list is made of: rows, selection, weights, wording, and what it shares with others."""

from datetime import date

import polars as pl

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.changes import overlap
from gosales_assets.whitespace.contract import POTENTIAL
from gosales_assets.whitespace.outcomes import MAIN, taken
from gosales_assets.whitespace.reasons import PLAIN
from gosales_assets.whitespace.signals import coverage, effective_weights

TOP = 0.10
KEYS = ["division", "customer_id"]


def list_metrics(listed: pl.DataFrame, settings: Whitespace, cutoff: date) -> pl.DataFrame:
    """Rows, selection, division shares, coverage and the weights used, per division and overall."""
    potential = listed.filter(pl.col("state") == POTENTIAL)
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
    parts = [_long(frame.with_columns(ranking=pl.lit(MAIN))) for frame in (by_division, overall)]
    return pl.concat(parts).with_columns(cutoff=pl.lit(cutoff))


def wording_metrics(listed: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """How varied the selected rows' reasons are: share of plain ones, and of the commonest form."""
    wording = listed.filter("selected")["wording"]
    rows = max(len(wording), 1)
    counts = [rows for _, rows in wording.value_counts().iter_rows()]
    figures: dict[tuple[str, str], float | None] = {
        ("reasons_plain", MAIN): int(wording.str.starts_with(PLAIN).sum()) / rows,
        ("reasons_commonest", MAIN): max(counts, default=0) / rows,
    }
    return _figures(figures, cutoff)


def overlap_metrics(
    listed: pl.DataFrame, shadows: pl.DataFrame, before: pl.DataFrame | None, cutoff: date
) -> pl.DataFrame:
    """What the list shares with other rankings (their best 10 %) and with the list before.

    Parameters
    ----------
    shadows
        whitespace.shadow_scores.
    before
        The list of the cutoff before; None: there is none.
    """
    rows = listed.filter(pl.col("state") == POTENTIAL).join(
        shadows.drop("cutoff"), on=KEYS, how="left", validate="1:1"
    )
    own = taken(pl.col("score"), TOP)
    found: dict[tuple[str, str], float | None] = {}
    for ranking in ("naive", "popularity", "legacy", "challenger"):
        other = pl.col(f"score_{ranking}")
        shared = rows.filter(other.is_not_null()).select(
            pl.min_horizontal(own, taken(other, TOP)).sum() / own.sum()
        )
        found["overlap_10", ranking] = shared.item() if rows[f"score_{ranking}"].count() else None
    found["overlap_previous", MAIN] = None if before is None else overlap(listed, before)
    return _figures(found, cutoff)


def _figures(figures: dict[tuple[str, str], float | None], cutoff: date) -> pl.DataFrame:
    rows = [
        {"division": None, "metric": metric, "ranking": ranking, "value": value}
        for (metric, ranking), value in figures.items()
    ]
    schema = {**dict.fromkeys(("division", "metric", "ranking"), pl.String), "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema).with_columns(cutoff=pl.lit(cutoff))


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _long(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.unpivot(index=["division", "ranking"], variable_name="metric").with_columns(
        pl.col("value").cast(pl.Float64)
    )
