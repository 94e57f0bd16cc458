"""What came of a list once its window closed: buyers and money among its best rows, with intervals.

A ranking takes the best share of the rows; rows that tie at the edge count by the share of them
that a random order would take. Intervals come from drawing customers again (Poisson bootstrap) for
all rankings alike, with what each takes held fixed; so differences between rankings are paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

SHARES = (0.05, 0.10, 0.20)
MAIN = "blend"
LEAST_DIVISIONS = 2
WEIGHTS_AT_A_TIME = 8_000_000
INTERVAL = (2.5, 97.5)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    """One sum over customers: of what, for which ranking and share, in which division."""

    division: str | None
    share: float
    ranking: str
    amount: str


def taken(score: pl.Expr, share: float) -> pl.Expr:
    """Part of each row, from 0 to 1, that belongs to the best ``share`` of all rows."""
    room = pl.len() * share
    above = pl.len() - score.rank("max")
    tied = score.rank("max") - score.rank("min") + 1
    return ((room - above) / tied).clip(0, 1)


def outcome_metrics(
    known: pl.DataFrame, rankings: Sequence[str], cutoff: date, replicates: int, seed: int
) -> pl.DataFrame:
    """Capture, precision and realised value of rankings on a closed cutoff.

    Parameters
    ----------
    known
        Ranked rows with ``division, customer_id, label, net_gp_window`` and ``score_<ranking>`` of
        each ranking; null scores come last.
    rankings
        The list's own, "blend", first.

    Returns
    -------
    pl.DataFrame
        ``cutoff, division, metric, ranking, value, low, high`` per division and over the whole list
        (division null). ``capture_K``: share of the buyers among the best K %; ``precision_K``:
        share of buyers among them; ``realised_value_K``: what those buyers then bought for;
        ``capture_K_lead``: the list's capture less the ranking's, where the buyers of the whole
        list come from at least two divisions.
    """
    if known.is_empty():
        return _frame([], cutoff)
    rows = known.sort("division", "customer_id")
    ids = rows["customer_id"].unique().sort()
    codes = rows["customer_id"].replace_strict(ids, range(len(ids)), return_dtype=pl.Int64)
    columns, sums = _sums(rows.with_columns(code=codes), rankings, len(ids), replicates, seed)
    at = {column: place for place, column in enumerate(columns)}
    sellers = rows.filter(pl.col("label") == 1)["division"].n_unique()
    found = []
    for division in [None, *rows["division"].unique().sort()]:
        comparable = division is not None or sellers >= LEAST_DIVISIONS
        for share in SHARES:
            for ranking in rankings:
                own = _Column(division, share, ranking, "")
                found += _of_ranking(own, rankings[0], at, sums, comparable)
    return _frame(found, cutoff)


def _of_ranking(
    own: _Column, main: str, at: dict[_Column, int], sums: Floats, comparable: bool
) -> list[dict[str, Any]]:
    """Metrics of one ranking; the first row of ``sums`` is what was, the others are replicates."""

    def total(amount: str, ranking: str = own.ranking) -> Floats:
        return sums[:, at[_Column(own.division, own.share, ranking, amount)]]

    buyers = total("buyers", main)
    percent = f"{own.share * 100:.0f}"
    metrics = {
        f"capture_{percent}": _ratio(total("hits"), buyers),
        f"precision_{percent}": _ratio(total("hits"), total("rows")),
        f"realised_value_{percent}": total("money"),
    }
    if own.ranking != main and comparable:
        metrics[f"capture_{percent}_lead"] = _ratio(total("hits", main) - total("hits"), buyers)
    return [
        {"division": own.division, "metric": name, "ranking": own.ranking, **_interval(values)}
        for name, values in metrics.items()
    ]


def _sums(
    rows: pl.DataFrame, rankings: Sequence[str], customers: int, replicates: int, seed: int
) -> tuple[list[_Column], Floats]:
    """Sum amounts over customers, as they are and in replicates: (1 + replicates, columns)."""
    from scipy.sparse import csr_matrix

    columns: list[_Column] = []
    entries: list[tuple[Floats, NDArray[np.int64]]] = []
    for division in [None, *rows["division"].unique().sort()]:
        part = rows if division is None else rows.filter(pl.col("division") == division)
        for share in SHARES:
            for ranking in rankings:
                for amount, values in _amounts(part, share, ranking).items():
                    if amount == "buyers" and ranking != rankings[0]:
                        continue
                    columns.append(_Column(division, share, ranking, amount))
                    entries.append((values, part["code"].to_numpy()))
    kept = [np.flatnonzero(values) for values, _ in entries]
    amounts = np.concatenate([values[k] for (values, _), k in zip(entries, kept, strict=True)])
    who = np.concatenate([codes[k] for (_, codes), k in zip(entries, kept, strict=True)])
    where = np.repeat(np.arange(len(columns)), [len(k) for k in kept])
    matrix = csr_matrix((amounts, (where, who)), shape=(len(columns), customers))
    drawn = [np.asarray(matrix.sum(axis=1)).reshape(1, -1)]
    rng = np.random.default_rng(seed)
    batch = max(1, WEIGHTS_AT_A_TIME // customers)
    for start in range(0, replicates, batch):
        size = (customers, min(batch, replicates - start))
        weights = rng.poisson(1.0, size).astype(np.float64)
        # Scaled to as many customers as there are, so that sums of money compare.
        weights *= customers / np.maximum(weights.sum(axis=0), 1)
        drawn.append((matrix @ weights).T)
    return columns, np.concatenate(drawn)


def _amounts(part: pl.DataFrame, share: float, ranking: str) -> dict[str, Floats]:
    score = pl.col(f"score_{ranking}").fill_null(-1.0).fill_nan(-1.0)
    # Rounded, so that sums do not depend on the last bit.
    counted = part.select(
        taken=taken(score, share).round(9),
        label=pl.col("label").cast(pl.Float64),
        money=pl.col("net_gp_window").cast(pl.Float64) * pl.col("label"),
    )
    part_taken, label = counted["taken"].to_numpy(), counted["label"].to_numpy()
    return {
        "buyers": label,
        "hits": part_taken * label,
        "rows": part_taken,
        "money": part_taken * counted["money"].to_numpy(),
    }


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _interval(values: Floats) -> dict[str, float | None]:
    """The figure and its 95 % interval; null where there is none."""
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(drawn, INTERVAL) if len(drawn) else (np.nan, np.nan)
    figures = {"value": values[0], "low": low, "high": high}
    return {
        name: round(float(figure), 9) if np.isfinite(figure) and np.isfinite(values[0]) else None
        for name, figure in figures.items()
    }


def _frame(found: list[dict[str, Any]], cutoff: date) -> pl.DataFrame:
    schema = {
        **dict.fromkeys(("division", "metric", "ranking"), pl.String),
        **dict.fromkeys(("value", "low", "high"), pl.Float64),
    }
    return pl.DataFrame(found, schema=schema).with_columns(cutoff=pl.lit(cutoff))
