"""The backtest of one division and closed cutoff: scores as given against what then happened."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.validation.contract import BACKTESTS
from gosales_assets.validation.metrics import PROBABILITY_METRICS, RANKING_METRICS
from gosales_assets.validation.tallies import (
    Floats,
    Ranking,
    Tally,
    draws,
    exact,
    interval,
    resampled,
)

COHORTS = ["all", "repeat", "expansion"]


@dataclass(frozen=True)
class Case:
    """One ranking of one cohort, and the metrics that it is measured by."""

    cohort: str
    ranking: str
    rows: Ranking
    metrics: Mapping[str, Callable[[Tally], Floats]]


def outcomes(scores: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Put each scored customer's outcome beside the score.

    Returns
    -------
    pl.DataFrame
        ``customer_id, cohort, icp_score, label, value`` sorted by customer; ``value`` is the
        window's money of buyers, 0 for others.

    Raises
    ------
    ValueError
        When scores and labels are not about the same customers.
    """
    joined = scores.select("customer_id", "cohort", "icp_score").join(
        labels.select("customer_id", "label", "net_gp_window"), on="customer_id", validate="1:1"
    )
    if not joined.height == scores.height == labels.height:
        raise ValueError(
            f"{scores.height} scored customers and {labels.height} labels have only "
            f"{joined.height} customers in common: rebuild labels and scores together"
        )
    value = pl.when(pl.col("label") == 1).then(pl.col("net_gp_window").cast(pl.Float64))
    return joined.select(
        "customer_id", "cohort", "icp_score", "label", value=value.otherwise(0.0)
    ).sort("customer_id")


def backtest(
    known: pl.DataFrame,
    naive: Mapping[str, Floats],
    cutoff: date,
    division: str,
    replicates: int,
    seed: int,
    champion: Floats | None = None,
) -> pl.DataFrame:
    """Measure model, champion and naive ranking, with 95 % bootstrap intervals over customers.

    Parameters
    ----------
    known
        What `outcomes` returns.
    naive
        Cohort -> the naive ranking's score of every row of ``known``.
    replicates, seed
        Resamples, and the seed of the settings. All divisions of a cutoff with the same customers
        get the same resamples, so that their figures can be compared as pairs.
    champion
        The champion's own score of every row of ``known``; NaN for customers that it did not
        score, None where there is no champion or it gave no scores.

    Returns
    -------
    pl.DataFrame
        Rows of ``validation.backtests``; none without customers.
    """
    if known.is_empty():
        return BACKTESTS.empty()
    cases = [case for cohort in COHORTS for case in _cases(known, naive[cohort], champion, cohort)]
    points = [_measure(case, exact(case.rows)) for case in cases]
    batches: list[list[dict[str, Floats]]] = [
        [_measure(case, resampled(case.rows, weights)) for case in cases]
        for weights in draws(known.height, replicates, (seed, cutoff.toordinal()))
    ]
    records = []
    for index, (case, point) in enumerate(zip(cases, points, strict=True)):
        replicated = {
            metric: np.concatenate([batch[index][metric] for batch in batches]) for metric in point
        }
        about = {"division": division, "cutoff": cutoff}
        records += [about | record for record in _records(case, point, replicated)]
    return BACKTESTS.typed(
        pl.DataFrame(records, infer_schema_length=None, schema_overrides=BACKTESTS.types)
    )


def _records(
    case: Case, point: Mapping[str, Floats], replicated: Mapping[str, Floats]
) -> Iterator[dict[str, Any]]:
    for metric, value in point.items():
        low, high = interval(replicated[metric])
        yield {
            "cohort": case.cohort,
            "ranking": case.ranking,
            "rows": case.rows.rows.size,
            "positives": int(case.rows.labels.sum()),
            "metric": metric,
            "value": _number(value[0]),
            "low": low,
            "high": high,
        }


def _cases(known: pl.DataFrame, naive: Floats, champion: Floats | None, cohort: str) -> list[Case]:
    member = np.ones(known.height, bool)
    if cohort != "all":
        member = (known["cohort"] == cohort).to_numpy()
    scores = {"model": known["icp_score"].to_numpy(), "naive": naive}
    if champion is not None:
        scores["champion"] = champion
    labels = known["label"].to_numpy() == 1
    values = known["value"].to_numpy()
    cases = []
    for ranking, score in scores.items():
        rows = np.flatnonzero(member & np.isfinite(score))
        metrics = RANKING_METRICS if ranking == "naive" else RANKING_METRICS | PROBABILITY_METRICS
        ranked = Ranking(rows, score[rows], labels[rows], values[rows])
        cases.append(Case(cohort, ranking, ranked, metrics))
    return cases


def _measure(case: Case, tally: Tally) -> dict[str, Floats]:
    return {name: metric(tally) for name, metric in case.metrics.items()}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
