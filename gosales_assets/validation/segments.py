"""Segments: whether the best tenth of a list serves industries and regions alike."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.validation.contract import SEGMENTS
from gosales_assets.validation.tallies import Floats, draws, interval

ATTRIBUTES = ("industry", "region")
UNKNOWN = "unknown"
TOP = 0.10
# Less of a segment's buyers in the best tenth than of all by this much is a warning.
BEHIND = 0.05
# With fewer buyers than this, a segment's capture says nothing.
ENOUGH_POSITIVES = 25


def segments(
    known: pl.DataFrame,
    attributes: pl.DataFrame,
    cutoff: date,
    division: str,
    replicates: int,
    seed: int,
) -> pl.DataFrame:
    """Measure, segment by segment, the share of its buyers in the best tenth of the whole list.

    Parameters
    ----------
    known
        ``customer_id, icp_score, label``, one row per customer, sorted by customer.
    attributes
        ``customer_id, industry, region``; null: unknown.

    Returns
    -------
    pl.DataFrame
        Rows of ``validation.segments``; none without buyers.
    """
    if known.is_empty() or not known["label"].sum():
        return SEGMENTS.empty()
    rows = known.join(
        attributes, on="customer_id", how="left", validate="1:1", maintain_order="left"
    )
    chosen = in_best_tenth(rows["icp_score"].to_numpy())
    label = rows["label"].to_numpy() == 1
    weights = np.concatenate(
        list(draws(rows.height, replicates, (seed, cutoff.toordinal()))), axis=1
    )
    overall = float(chosen[label].mean())
    about = {"division": division, "cutoff": cutoff, "overall": overall}
    records = [
        about | {"attribute": attribute} | record
        for attribute in ATTRIBUTES
        for record in _by_value(rows[attribute], chosen, label, weights, overall)
    ]
    return SEGMENTS.typed(pl.DataFrame(records, schema=SEGMENTS.types))


def left_behind(measured: pl.DataFrame) -> list[str]:
    """Segments that the best tenth serves less than all customers, with their figures."""
    behind = measured.filter(pl.col("behind")).sort("attribute", "segment")
    return [
        f"{row['attribute']} {row['segment']}: the best tenth holds {row['capture']:.0%} of its "
        f"{row['positives']} buyers (95 %: {row['low']:.0%} to {row['high']:.0%}), of all "
        f"{row['overall']:.0%}"
        for row in behind.iter_rows(named=True)
    ]


def in_best_tenth(scores: Floats) -> Floats:
    """How much of each row is in the best tenth: 1, 0, or where equal scores are cut, their share.

    Examples
    --------
    >>> in_best_tenth(np.array([0.5] * 10)).tolist()[:2]
    [0.1, 0.1]
    """
    places = math.ceil(scores.size * TOP)
    cut = np.sort(scores)[-places]
    above, tied = scores > cut, scores == cut
    return np.where(above, 1.0, np.where(tied, (places - above.sum()) / tied.sum(), 0.0))


def _by_value(
    values: pl.Series, chosen: Floats, label: np.ndarray, weights: np.ndarray, overall: float
) -> Iterator[dict[str, Any]]:
    filled = values.fill_null(UNKNOWN)
    for segment in filled.unique().sort():
        member = (filled == segment).to_numpy()
        buyers = np.flatnonzero(member & label)
        drawn = weights[buyers].astype(np.float64)
        total = drawn.sum(axis=0)
        reached = (drawn * chosen[buyers, None]).sum(axis=0)
        captures = np.divide(reached, total, out=np.full(total.shape, np.nan), where=total > 0)
        capture = float(chosen[buyers].mean()) if buyers.size else None
        low, high = interval(captures)
        enough = buyers.size >= ENOUGH_POSITIVES
        yield {
            "segment": segment,
            "rows": int(member.sum()),
            "positives": buyers.size,
            "capture": capture,
            "low": low,
            "high": high,
            "behind": bool(enough and capture is not None and capture < overall - BEHIND),
        }
