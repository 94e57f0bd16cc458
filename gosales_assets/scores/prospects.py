"""Score the prospects of one cutoff, all divisions in one pass, and say why in words."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.breaches import Breach
from gosales_assets.models.prospect_rows import ATTRIBUTES, attributes_by
from gosales_assets.models.prospects import BASE_RATE, SCORED, Learned, ProspectModel
from gosales_assets.models.slices import Slices
from gosales_assets.scores.grading import grade, percentile
from gosales_assets.scores.prospect_contract import PROSPECT_MODELS, PROSPECT_SCORES
from gosales_assets.scores.reasons import LEAST, REASONS

METHODS = {SCORED: "model", BASE_RATE: "base_rate"}
KEYS = ["division", "customer_id"]
EXAMPLES = 3


def prospects_at(
    companies: pl.DataFrame, days: pl.DataFrame, targets: Sequence[str], cutoff: date
) -> pl.DataFrame:
    """Pair every company known by a cutoff that had bought nothing by then with every target.

    The same companies as in ``labels.new_logos``, which has closed windows only.

    Parameters
    ----------
    companies
        ``raw.prospects``.
    days
        customer_id, order_date: days with a purchase of anything (``star.customer_day``).

    Returns
    -------
    pl.DataFrame
        division, customer_id, company_name and attributes as known then, sorted by the first two.
    """
    buyers = days.filter(pl.col("order_date") <= cutoff)
    known = attributes_by(companies, cutoff).join(buyers, on="customer_id", how="anti")
    divisions = pl.DataFrame({"division": sorted(targets)}, schema={"division": pl.String})
    return divisions.join(known, how="cross").sort(KEYS)


def score_prospects(
    learned: Learned,
    people: pl.DataFrame,
    *,
    cutoff: date,
    windows: Mapping[str, int],
    about: Mapping[str, str],
) -> pl.DataFrame:
    """Put together the rows of ``scores.prospect_scores`` of one cutoff.

    Parameters
    ----------
    people
        See `prospects_at`. Those of divisions that cannot be scored get no row.
    windows
        Division -> months that are predicted.
    about
        ``run_id, model_version``, the same for all rows.
    """
    statuses = learned.divisions.select(
        "division",
        method=pl.col("status").replace_strict(METHODS, default=None, return_dtype=pl.String),
    ).drop_nulls("method")
    rows = people.join(statuses, on="division", maintain_order="left")
    if rows.is_empty():
        return PROSPECT_SCORES.empty()
    scored = rows.with_columns(probability=pl.Series(learned.probabilities(rows))).with_columns(
        percentile=percentile("probability")
    )
    frame = (
        scored.with_columns(grade=grade("percentile"))
        .join(_reasons(learned.model, rows), on=KEYS, how="left", maintain_order="left")
        .with_columns(
            cutoff=pl.lit(cutoff),
            window_months=pl.col("division").replace_strict(windows, return_dtype=pl.Int64),
            **{name: pl.lit(value) for name, value in about.items()},
        )
        .rename({"company_name": "customer_name"})
    )
    return PROSPECT_SCORES.typed(frame.select(list(PROSPECT_SCORES.types)))


def model_rows(
    learned: Learned,
    slices: Mapping[str, Slices],
    *,
    cutoff: date,
    windows: Mapping[str, int],
    model_version: str,
    prospects: int,
) -> pl.DataFrame:
    """Put together the rows of ``scores.prospect_models`` of one cutoff."""
    newest = {division: own.selection for division, own in slices.items()}
    judged = pl.col("division").replace_strict(newest, default=None, return_dtype=pl.Date)
    frame = learned.divisions.with_columns(
        cutoff=pl.lit(cutoff),
        window_months=pl.col("division").replace_strict(windows, return_dtype=pl.Int64),
        model_version=pl.lit(model_version),
        prospects=pl.lit(prospects),
        judged_cutoff=pl.when(pl.col("rows").is_not_null()).then(judged),
    )
    return PROSPECT_MODELS.typed(frame.select(list(PROSPECT_MODELS.types)))


def not_as_known(scores: pl.DataFrame, able: set[str], prospects: set[str]) -> list[Breach]:
    """Find divisions whose scores are not those of all prospects.

    Parameters
    ----------
    scores
        division, customer_id of all who are scored.
    able
        Divisions that can be scored: of the others nobody may be.
    prospects
        Who was known by the cutoff and had bought nothing by then.
    """
    found = []
    for division in sorted(able | set(scores["division"])):
        of_division = set(scores.filter(pl.col("division") == division)["customer_id"])
        differing = of_division ^ (prospects if division in able else set())
        if differing:
            rule = f"one score of {division} per prospect known then"
            examples = tuple(sorted(differing)[:EXAMPLES])
            found.append(Breach("customer_id", rule, len(differing), examples))
    return found


def _reasons(model: ProspectModel | None, rows: pl.DataFrame) -> pl.DataFrame:
    """Say the attributes that move each scored row most away from its division's prospects.

    Returns
    -------
    pl.DataFrame
        division, customer_id, reason_1, reason_2, reason_3; no rows of divisions with a base rate.
    """
    told = rows.filter(pl.col("method") == METHODS[SCORED])
    empty = {f"reason_{place + 1}": pl.lit(None, pl.String) for place in range(REASONS)}
    if model is None or told.is_empty():
        return told.select(*KEYS, **empty)
    moves = _above_average(model.contributions(told), told["division"])
    # Rounded, so that a tie is decided by the order of the attributes and not by the last bit.
    order = np.argsort(-np.round(np.abs(moves), 6), axis=1, kind="stable")
    words = told.select(*KEYS, *(_phrase(model, name).alias(name) for name in ATTRIBUTES))
    at = np.arange(told.height)
    reasons = [
        _chosen(words, order[:, place], moves[at, order[:, place]]).alias(f"reason_{place + 1}")
        for place in range(REASONS)
    ]
    return words.select(*KEYS, *reasons)


def _above_average(contributions: NDArray[np.float64], divisions: pl.Series) -> NDArray[np.float64]:
    """What is left of contributions less the mean of the row's division (sorted by division)."""
    firsts = np.flatnonzero((divisions != divisions.shift(1)).fill_null(True).to_numpy())
    parts = np.split(contributions, firsts[1:])
    return np.concatenate([part - part.mean(axis=0) for part in parts])


def _phrase(model: ProspectModel, name: str) -> pl.Expr:
    """Say an attribute: "industry is Aerospace"."""
    rare = ~pl.col(name).is_in(list(model.common[name]))
    return pl.concat_str(
        pl.lit(f"{name.replace('_', '-')} is "),
        pl.col(name).fill_null("unknown"),
        pl.when(rare.fill_null(False)).then(pl.lit(" (rare)")).otherwise(pl.lit("")),
    )


def _chosen(words: pl.DataFrame, place: NDArray[np.int64], move: NDArray[np.float64]) -> pl.Series:
    """Take of each row the attribute at its ``place``, with its direction; null: too little."""
    chosen = pl.Series(place)
    phrase = pl.coalesce(
        pl.when(chosen == number).then(pl.col(name)) for number, name in enumerate(ATTRIBUTES)
    )
    moved = pl.Series(move)
    direction = pl.when(moved > 0).then(pl.lit(": raises")).otherwise(pl.lit(": lowers"))
    told = pl.when(moved.abs() >= LEAST).then(pl.concat_str(phrase, direction))
    return words.select(reason=told)["reason"]
