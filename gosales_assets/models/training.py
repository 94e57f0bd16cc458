"""All that is fitted for one cutoff: the pooled model, models of single divisions, the winners."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from gosales_assets.models.division_models import CANDIDATES, DivisionModels, fit_division_models
from gosales_assets.models.hyperparameters import MEASURED
from gosales_assets.models.pooled import PooledModel, fit_pooled
from gosales_assets.models.tuning import Tuned, tune
from gosales_assets.models.winner import JOINED, Winner, choose_winner

KEYS = ["cutoff", "division", "customer_id"]


@dataclass(frozen=True)
class Fitted:
    """What was fitted for a cutoff.

    Parameters
    ----------
    pooled
        The model of all divisions.
    own
        Division -> its own models, where it had the buyers for them.
    winners
        Division -> what it is scored by.
    judgements
        The rows that were judged, with the log odds of every candidate and of the winner
        (``final``).
    tuned
        The hyperparameters of the pooled model and how they were found; None: as measured.
    """

    pooled: PooledModel
    own: Mapping[str, DivisionModels]
    winners: Mapping[str, Winner]
    judgements: pl.DataFrame
    tuned: Tuned | None = None


def fit_all(
    training: pl.DataFrame,
    selection: pl.DataFrame,
    *,
    cutoff: date,
    windows: Mapping[str, int],
    seeds: int,
    own_models: bool,
    trials: int = 0,
    seed: int,
    threads: int,
) -> Fitted:
    """Fit every candidate, judge them on the selection rows, and choose each division's winner.

    Parameters
    ----------
    own_models
        Whether to fit models of single divisions beside the pooled one.
    trials
        Trials of tuning on the training rows; 0: the hyperparameters that were measured.

    Raises
    ------
    NothingToLearn
        When the training rows have one outcome only, or no feature varies.
    """
    tuned = tune(training, windows, trials=trials, seed=seed, threads=threads) if trials else None
    pooled, judged = fit_pooled(
        training,
        selection,
        cutoff=cutoff,
        windows=windows,
        seeds=seeds,
        seed=seed,
        threads=threads,
        tuned=tuned.chosen if tuned else MEASURED,
    )
    own: dict[str, DivisionModels] = {}
    if own_models:
        known = selection.filter(pl.col("division").is_in(pooled.inputs.divisions))
        own, rows = fit_division_models(pooled.inputs, training, known, seed=seed, threads=threads)
        judged = judged.join(rows, on=KEYS, how="left", maintain_order="left")
    else:
        judged = judged.with_columns(pl.lit(None, dtype=pl.Float64).alias(c) for c in CANDIDATES)
    winners = {
        division: choose_winner(judged.filter(pl.col("division") == division))
        for division in pooled.inputs.divisions
    }
    return Fitted(pooled, own, winners, judged.with_columns(final=_final(winners)), tuned)


def _final(winners: Mapping[str, Winner]) -> pl.Expr:
    """Log odds of the winner: the blend's, or the mean with those of the model that joined."""
    final = pl.col("blend")
    for division, winner in winners.items():
        joined = JOINED.get(winner.name)
        if joined is not None:
            mean = ((pl.col("blend") + pl.col(joined)) / 2).round(9)
            final = pl.when(pl.col("division") == division).then(mean).otherwise(final)
    return final
