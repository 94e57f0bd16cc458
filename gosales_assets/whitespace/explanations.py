"""Every driver of every selected row: the signals with their weights, and the model's reasons."""

import polars as pl

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.contract import POTENTIAL
from gosales_assets.whitespace.money import spoken
from gosales_assets.whitespace.signals import SIGNALS, coverage, effective_weights, terms
from gosales_assets.whitespace.words import percent, span, times

_ROW = ["cutoff", "rank", "division", "customer_id", "customer_name"]
_REASONS = ["reason_1", "reason_2", "reason_3"]
_NOTHING = pl.lit(None, pl.Float64)


def explanations(
    listed: pl.DataFrame, scores: pl.DataFrame, settings: Whitespace, currency: str
) -> pl.DataFrame:
    """Make ``whitespace.whitespace_explanations`` of one cutoff's list.

    Parameters
    ----------
    scores
        ``division, customer_id, reason_1, reason_2, reason_3`` of scores.icp_scores.
    """
    potential = listed.filter(pl.col("state") == POTENTIAL)
    weights = effective_weights(coverage(potential), settings)
    rows = (
        potential.join(weights, on="division", how="left", validate="m:1")
        .with_columns(term.alias(f"effect_{name}") for name, term in terms(settings).items())
        .filter("selected")
        .join(scores, on=["division", "customer_id"], how="left", validate="1:1")
    )
    parts = [*_signals(rows, settings, currency), _damping(rows, settings), *_model(rows)]
    return pl.concat(parts).sort("rank", "driver")


def _signals(rows: pl.DataFrame, settings: Whitespace, currency: str) -> list[pl.DataFrame]:
    """The four signals: added up, or multiplied where the list is pooled, they make the score."""
    pooled, told = settings.normalisation == "pooled", _told(currency)
    return [
        rows.select(
            *_ROW,
            driver=pl.lit(name),
            fact=told[name],
            signal=pl.col(column),
            weight=pl.col(f"weight_{name}"),
            effect=pl.col(f"effect_{name}").exp() if pooled else pl.col(f"effect_{name}"),
        )
        for name, (column, _, _) in SIGNALS.items()
    ]


def _damping(rows: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Rows that were handed out lately: what it took from their score."""
    factor = settings.surfaced_factor
    taken = pl.col("effect_sum") * (factor - 1)
    effect = pl.lit(factor) if settings.normalisation == "pooled" else taken
    total = pl.sum_horizontal(f"effect_{name}" for name in SIGNALS)
    return (
        rows.with_columns(effect_sum=total)
        .filter("surfaced")
        .select(
            *_ROW,
            driver=pl.lit("surfaced"),
            fact=pl.lit("handed out lately, and nobody acted on it"),
            signal=_NOTHING,
            weight=_NOTHING,
            effect=effect,
        )
    )


def _model(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """What moves the chance most, as the model says it."""
    return [
        rows.drop_nulls(reason).select(
            *_ROW,
            driver=pl.lit(f"model_{number}"),
            fact=pl.col(reason),
            signal=_NOTHING,
            weight=_NOTHING,
            effect=_NOTHING,
        )
        for number, reason in enumerate(_REASONS, start=1)
    ]


def _told(currency: str) -> dict[str, pl.Expr]:
    """Each signal's fact in words."""
    unknown = pl.lit("unknown")
    rule = pl.format(
        "buyers of {} buy {} {} more", "lift_from", "division", times(pl.col("lift"), whole_from=10)
    )
    return {
        "icp": pl.format(
            "{} likely to buy within {}",
            percent(pl.col("icp_score")),
            span(pl.col("window_months")),
        ),
        "affinity": pl.when(pl.col("lift").is_null()).then(pl.lit("no rule")).otherwise(rule),
        "als": pl.when(pl.col("als_norm") > 0)
        .then(pl.format("closer to its buyers than {} of accounts", percent(pl.col("als_norm"))))
        .otherwise(pl.lit("no history to compare")),
        "value": pl.coalesce(
            pl.format(
                "{} expected, {} for one in ten buyers",
                spoken(pl.col("expected_gp"), currency),
                spoken(pl.col("wallet_gp"), currency),
            ),
            pl.format("{} expected", spoken(pl.col("expected_gp"), currency)),
            unknown,
        ),
    }
