"""What the backtests say in plain words: how good the scores are, and whether there is signal."""

import math
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from gosales_assets.validation.backtest import COHORTS

# A mean AUC this close to a coin's .5 is of no use to anybody, however sure it is.
NO_SIGNAL_WITHIN = 0.03
# Fewer buyers than this say nothing about which of two rankings is better.
ENOUGH_POSITIVES = 25
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Summary:
    """Backtests of one cohort over all closed cutoffs: means of per-division figures.

    ``low`` and ``high`` are the pooled 95 % interval of the model's mean AUC. A metric is None
    where no division had both buyers and others.
    """

    cohort: str
    divisions: int
    cutoffs: int
    model_auc: float | None
    low: float | None
    high: float | None
    naive_auc: float | None
    model_lift_10: float | None
    naive_lift_10: float | None

    @property
    def no_signal(self) -> bool:
        """Whether the scores cannot be told from chance.

        So it is when the mean AUC is within .03 of .5 (or below), or its pooled interval
        includes .5.
        """
        if self.model_auc is None or self.low is None or self.high is None:
            return True
        return round(self.model_auc - 0.5, 9) <= NO_SIGNAL_WITHIN or self.low <= 0.5

    def in_words(self) -> str:
        """One or two sentences for people who do not program."""
        who = {"all": "all customers", "repeat": "owners buying again"}.get(
            self.cohort, "customers new to a division"
        )
        if self.model_auc is None or self.model_lift_10 is None or self.cutoffs == 0:
            return f"For {who}, no closed cutoff has scores yet: nothing can be said."
        scope = f"{_count(self.divisions, 'division')} and {_count(self.cutoffs, 'closed cutoff')}"
        if self.no_signal:
            return (
                f"For {who}, the data hold no signal that the model could find: over {scope} its "
                f"mean AUC is {self.model_auc:.2f}, no better than the toss of a coin (.50). "
                "Do not rank by these scores."
            )
        naive = ""
        if self.naive_auc is not None and self.naive_lift_10 is not None:
            better = "ahead of" if self.model_auc > self.naive_auc else "not ahead of"
            naive = (
                f", {better} the naive ranking (AUC {self.naive_auc:.2f}, "
                f"{self.naive_lift_10:.1f}x)"
            )
        return (
            f"For {who}, over {scope}, the model has a mean AUC of {self.model_auc:.2f}, and the "
            f"best tenth of its list holds {self.model_lift_10:.1f}x the buyers of a random "
            f"tenth{naive}."
        )


def summarise(backtests: pl.DataFrame) -> list[Summary]:
    """Summarise ``validation.backtests`` per cohort, in the order all, repeat, expansion.

    A mean is taken over divisions and cutoffs with a figure, each counting once: never over
    customers of all divisions pooled, where the popularity of divisions would pass for skill.
    """
    return [_of_cohort(backtests.filter(pl.col("cohort") == c), c) for c in COHORTS]


def below_naive(measured: pl.DataFrame) -> list[str]:
    """Cohorts of one division and cutoff where the naive ranking has the higher AUC."""
    aucs = measured.filter(
        (pl.col("metric") == "auc") & (pl.col("positives") >= ENOUGH_POSITIVES)
    ).pivot("ranking", index=["cohort", "positives"], values="value")
    if not {"model", "naive"} <= set(aucs.columns):
        return []
    return [
        f"{row['cohort']}: AUC {row['model']:.3f} of the model is below {row['naive']:.3f} of the "
        f"naive ranking ({row['positives']} buyers)"
        for row in aucs.sort("cohort").iter_rows(named=True)
        if row["model"] is not None and row["naive"] is not None and row["model"] < row["naive"]
    ]


def _of_cohort(rows: pl.DataFrame, cohort: str) -> Summary:
    known = rows.filter(pl.col("value").is_not_null())

    def mean(metric: str, ranking: str) -> float | None:
        figures = known.filter((pl.col("metric") == metric) & (pl.col("ranking") == ranking))
        values = figures.sort("cutoff", "division")["value"].to_list()
        return fmean(values) if values else None

    auc = mean("auc", "model")
    error = _pooled_error(
        known.filter((pl.col("metric") == "auc") & (pl.col("ranking") == "model"))
    )
    return Summary(
        cohort=cohort,
        divisions=known["division"].n_unique(),
        cutoffs=known["cutoff"].n_unique(),
        model_auc=auc,
        low=auc - NORMAL_95 * error if auc is not None and error is not None else None,
        high=auc + NORMAL_95 * error if auc is not None and error is not None else None,
        naive_auc=mean("auc", "naive"),
        model_lift_10=mean("lift_10", "model"),
        naive_lift_10=mean("lift_10", "naive"),
    )


def _pooled_error(aucs: pl.DataFrame) -> float | None:
    """Standard error of the mean AUC, from the bootstrap intervals.

    The divisions of a cutoff share their customers and are taken to err together; cutoffs are
    taken to err apart.
    """
    half = (pl.col("high") - pl.col("low")) / (2 * NORMAL_95)
    per_cutoff = (
        aucs.drop_nulls("low")
        .sort("cutoff", "division")
        .group_by("cutoff", maintain_order=True)
        .agg(rows=pl.len(), errors=half.sum())
    )
    if per_cutoff.is_empty():
        return None
    return math.hypot(*per_cutoff["errors"]) / int(per_cutoff["rows"].sum())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
