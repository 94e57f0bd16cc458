"""Leakage probes 7 to 11: what would show if models had seen what they are judged by.

Free of Dagster and of files; `probe_assets` runs them on everybody's data.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.calendar import window_end
from gosales_assets.validation import metrics
from gosales_assets.validation.tallies import INTERVAL, Floats, Ranking, draws, exact, resampled

Learner = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]

ENOUGH_POSITIVES = 25
# Shuffled labels: standard errors that the mean AUC may lie off .5 (one in 16,000 by chance).
SURE = 4.0
# No count of past orders tells buyers from others like this; only a copy of the label does. (The
# highest AUC of a single feature, within owners or others, is .98 on AdventureWorks' few resellers,
# .81 on the sample, .73 on UK two years.)
TOO_GOOD = 0.99
# Five standard deviations between buyers and others: an AUC of .9998, well above, however few they
# are. With four (.998) one of the sample's smallest divisions let it pass.
CANARY, CANARY_NOISE = "_canary", 0.2
SHIFT_DAYS = 14
SHUFFLED, PLANTED, SHIFTED, SLICES, SIDES = 7, 8, 9, 10, 11


@dataclass(frozen=True)
class Finding:
    """What a probe found; the figure must lie between ``at_least`` and ``at_most``."""

    probe: int
    passed: bool
    detail: str
    cutoff: date | None = None
    division: str | None = None
    figure: float | None = None
    at_least: float | None = None
    at_most: float | None = None


def shuffled_labels(
    training: pl.DataFrame, judged: pl.DataFrame, learn: Learner, seed: int
) -> Finding:
    """Probe 7: a trainer that is given shuffled labels ranks no better than a coin.

    Labels are shuffled within cutoff and division, so that nothing can be known of them. What
    still ranks the judged rows has seen their labels.

    Parameters
    ----------
    training, judged
        Rows with ``cutoff, division, customer_id, label`` and features.
    learn
        Trains on the one, and returns rows of the other with ``division, label, score``.
    """
    rng = np.random.default_rng([seed, SHUFFLED])
    found = learn(*(_shuffled(rows, rng) for rows in (training, judged)))
    aucs, variances = [], []
    for _, part in sorted(found.group_by("division"), key=lambda pair: str(pair[0])):
        label = part["label"].to_numpy() == 1
        buyers, others = int(label.sum()), int((~label).sum())
        if min(buyers, others) >= ENOUGH_POSITIVES:
            aucs.append(_auc(part["score"].to_numpy(), label))
            variances.append((buyers + others + 1) / (12 * buyers * others))
    if not aucs:
        return Finding(SHUFFLED, True, "too few buyers to tell", figure=None)
    mean, error = float(np.mean(aucs)), math.sqrt(sum(variances)) / len(aucs)
    low, high = 0.5 - SURE * error, 0.5 + SURE * error
    return Finding(
        SHUFFLED,
        low <= mean <= high,
        f"mean AUC of {len(aucs)} divisions, trained and judged on shuffled labels",
        figure=mean,
        at_least=low,
        at_most=high,
    )


def too_good(matrix: pl.DataFrame) -> dict[str, float]:
    """Features that tell buyers from others all by themselves, with their AUC (either way).

    Looked at among owners and among others, wherever enough of them bought: who owns a division
    buys it more often, but a copy of the label tells buyers apart in both.

    Parameters
    ----------
    matrix
        ``cohort, label`` and the features.
    """
    found: list[dict[str, float]] = []
    for _, part in sorted(matrix.group_by("cohort"), key=lambda pair: str(pair[0])):
        buys = part["label"] == 1
        buyers, others = int(buys.sum()), int((~buys).sum())
        if min(buyers, others) < ENOUGH_POSITIVES:
            continue
        numbers = part.drop("label").select(pl.selectors.numeric().cast(pl.Float64))
        ranks = numbers.fill_null(-1e300).select(pl.all().rank("average"))
        sums = dict(zip(ranks.columns, ranks.filter(buys).sum().row(0), strict=True))
        wins = {
            name: (total - buyers * (buyers + 1) / 2) / (buyers * others)
            for name, total in sums.items()
        }
        found.append({name: max(auc, 1 - auc) for name, auc in wins.items()})
    if not found:
        return {}
    least = {name: min(of_cohort[name] for of_cohort in found) for name in found[0]}
    return {name: auc for name, auc in least.items() if auc >= TOO_GOOD}


def canary(matrix: pl.DataFrame, cutoff: date, division: str, seed: int) -> Finding | None:
    """Probe 8: a planted copy of the label, with noise, is caught, and no real feature is.

    None where neither among owners nor among others enough bought to tell.

    Parameters
    ----------
    matrix
        ``cohort, label`` and the features, in a fixed order of rows.
    """
    rng = np.random.default_rng([seed, PLANTED])
    counts = matrix.group_by("cohort").agg(
        least=pl.min_horizontal(pl.col("label").sum(), (1 - pl.col("label")).sum())
    )
    if not (counts["least"] >= ENOUGH_POSITIVES).any():
        return None
    sung = matrix["label"].to_numpy() + rng.normal(0, CANARY_NOISE, matrix.height)
    caught = too_good(matrix.with_columns(pl.Series(CANARY, sung)))
    heard = caught.pop(CANARY, None)
    worst = max(caught, key=lambda name: caught[name], default=None)
    told = f"the planted copy of the label was {'caught' if heard else 'not caught'}"
    if worst is not None:
        told = f"{worst} tells buyers from others all by itself"
    figure = caught[worst] if worst else heard
    return Finding(
        PLANTED, heard is not None and worst is None, told, cutoff, division, figure, TOO_GOOD
    )


def shifted(
    known: pl.DataFrame, later: pl.DataFrame, cutoff: date, division: str, seed: int
) -> Finding | None:
    """Probe 9: the window moved by 14 days leaves the AUC within its interval.

    Scores that had seen the first days after their cutoff lose them when the window moves, so only
    a fall is suspicious: a rise is a season that the later window has more of.

    Parameters
    ----------
    known
        ``customer_id, icp_score, label`` of the window as it is.
    later
        ``customer_id, label`` of the same customers, window moved; None where too few bought.
    """
    both = known.join(later.rename({"label": "moved"}), on="customer_id", validate="1:1").sort(
        "customer_id"
    )
    score = both["icp_score"].to_numpy()
    first, second = (both[name].to_numpy() == 1 for name in ("label", "moved"))
    if min(first.sum(), second.sum(), (~first).sum(), (~second).sum()) < ENOUGH_POSITIVES:
        return None
    weights = next(draws(both.height, 400, (seed, SHIFTED)))
    rows = Ranking(np.arange(score.size), score, first, first.astype(np.float64))
    low = float(np.nanquantile(metrics.auc(resampled(rows, weights)), INTERVAL[0]))
    moved = _auc(score, second)
    return Finding(
        SHIFTED,
        moved >= low,
        f"AUC {moved:.3f} {SHIFT_DAYS} days later, {_auc(score, first):.3f} as it is",
        cutoff,
        division,
        moved,
        at_least=low,
    )


def moved_windows(windows: pl.DataFrame, days: int = SHIFT_DAYS) -> pl.DataFrame:
    """Label windows (``cutoff, division, window_months, window_end``) some days later."""
    later = timedelta(days=days)
    return windows.with_columns(pl.col("cutoff") + later, pl.col("window_end") + later)


def slices_out_of_order(
    slices: Mapping[str, Mapping[str, Any]], windows: Mapping[str, int], cutoff: date
) -> Iterator[Finding]:
    """Probe 10: what a model was calibrated and judged on is later than what it learned from.

    And all of it had closed by the model's cutoff.

    Parameters
    ----------
    slices
        Division -> its ``training`` days, ``selection`` day and ``split``: a model's card.
    """
    for division in sorted(slices):
        own = slices[division]
        training = [date.fromisoformat(day) for day in own["training"]]
        selection = date.fromisoformat(own["selection"])
        problems = []
        if own["split"] == "time" and max(training) >= selection:
            problems.append(f"calibrated on {selection}, trained on {max(training)}")
        if own["split"] == "customer" and training != [selection]:
            problems.append("customers are divided, but not within one cutoff")
        open_ones = [
            day for day in (*training, selection) if window_end(day, windows[division]) > cutoff
        ]
        if open_ones:
            problems.append(f"the window of {min(open_ones)} was open on {cutoff}")
        detail = "; ".join(problems) or f"trained up to {max(training)}, calibrated on {selection}"
        yield Finding(SLICES, not problems, detail, cutoff, division)


def gate_out_of_order(
    judged_on: Iterable[date], scored_by: Mapping[date, date | None], division: str
) -> Finding:
    """Probe 10, the gate: each cutoff was scored by a model that knew nothing of its outcome.

    Parameters
    ----------
    judged_on
        Cutoffs that the gate judges by.
    scored_by
        Cutoff -> the cutoff of the model that scored it.
    """
    wrong = [day for day in sorted(judged_on) if scored_by.get(day) != day]
    told = (
        f"{wrong[0]} was scored by the model of {scored_by.get(wrong[0])}"
        if wrong
        else "each cutoff was scored by its own model"
    )
    return Finding(SLICES, not wrong, told, wrong[0] if wrong else None, division)


def on_both_sides(learned: pl.Series, judged: pl.Series, cutoff: date, division: str) -> Finding:
    """Probe 11: where customers were divided, none is both learned from and judged."""
    both = sorted(set(learned) & set(judged))
    told = (
        f"{len(both)} customers on both sides, such as {both[0]}" if both else "none on both sides"
    )
    return Finding(SIDES, not both, told, cutoff, division, float(len(both)), None, 0.0)


def as_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as rows of ``validation.leakage_probes``."""
    return [vars(finding) for finding in findings]


def _shuffled(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    ordered = rows.sort("cutoff", "division", "customer_id")
    draw = pl.Series("_draw", rng.random(ordered.height))
    shuffled = ordered.select("cutoff", "division", "label", draw).sort(
        "cutoff", "division", "_draw"
    )
    return ordered.with_columns(shuffled["label"])


def _auc(scores: Floats, label: np.ndarray) -> float:
    rows = Ranking(np.arange(scores.size), scores, label, label.astype(np.float64))
    return float(metrics.auc(exact(rows))[0])
