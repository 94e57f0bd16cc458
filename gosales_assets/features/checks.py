"""Checks of the features room: numbers are finite, and nothing dated after the cutoff was used."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from gosales_assets.breaches import Breach
from gosales_assets.calendar import add_months

if TYPE_CHECKING:
    import ibis

CHECKED = {"orders__ever": "orders", "value__12m": "value"}
_TOLERANCE = 1e-6  # relative: matrices hold 32-bit numbers


def not_finite(frame: pl.DataFrame) -> list[Breach]:
    """Find infinities and NaN: missing values are null, and everything else is a number."""
    counts = frame.select(cs.float().is_finite().not_().sum())
    return [
        Breach(name, "every number is finite", int(rows), ())
        for name, rows in counts.row(0, named=True).items()
        if rows
    ]


def recomputed(lines: "ibis.Table", cutoff: date, keys: Sequence[str]) -> pl.DataFrame:
    """Compute a few features anew from order lines that are cut off at ``cutoff``.

    Parameters
    ----------
    lines
        Order lines with ``keys``, order_id, order_date, is_return and value.

    Returns
    -------
    One row per key: orders (ever), value (12 months), days (since the last purchase; null: none).
    """
    import ibis

    seen = lines.filter(lines.order_date <= cutoff)
    year = seen.order_date > add_months(cutoff, -12)
    month = seen.order_date.truncate("M").cast("string")
    last = seen.order_date.max(where=~seen.is_return)
    return (
        seen.group_by(list(keys))
        .aggregate(
            orders=(seen.order_id + month).nunique(where=~seen.is_return).cast("float64"),
            value=seen.value.sum(where=year).cast("float64").fill_null(0.0),
            days=ibis.literal(cutoff).delta(last, unit="day").cast("float64"),
        )
        .to_polars()
    )


def differs(
    features: pl.DataFrame,
    expected: pl.DataFrame,
    scope: str,
    caps: Mapping[str, float] | None = None,
) -> list[Breach]:
    """Compare features with what `recomputed` found; keys without any line count as zero.

    Parameters
    ----------
    caps
        Where the features were cut off, if they were; see `caps.caps_of`.
    """
    pairs = {f"rfm__{scope}__{name}": column for name, column in CHECKED.items()}
    pairs[f"recency__{scope}__days__ever"] = "days"
    joined = features.select("customer_id", *pairs).join(expected, on="customer_id", how="left")
    found = []
    for name, column in pairs.items():
        ours = pl.col(name).cast(pl.Float64)
        theirs = pl.col(column) if column == "days" else pl.col(column).fill_null(0.0)
        if caps and name in caps:
            theirs = theirs.clip(upper_bound=caps[name])
        far = (ours - theirs).abs() > _TOLERANCE * theirs.abs() + _TOLERANCE
        wrong = joined.filter(far | (ours.is_null() != theirs.is_null()))
        if wrong.height:
            examples = tuple(wrong["customer_id"].head(3).to_list())
            found.append(
                Breach(name, "as order lines up to the cutoff say", wrong.height, examples)
            )
    return found


def fitted_later(statistics: pl.DataFrame) -> list[Breach]:
    """Find fitted things whose data reach beyond their cutoff."""
    late = statistics.filter(pl.col("fit_date") > pl.col("cutoff"))
    if late.is_empty():
        return []
    names = tuple(late[late.columns[1]].head(3).to_list())
    return [Breach("fit_date", "not after the cutoff", late.height, names)]
