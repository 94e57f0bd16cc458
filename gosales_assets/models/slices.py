"""Which rows a model may learn from, and which it is judged on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from gosales_assets.calendar import closed_by

SELECTION_SHARE = 0.3  # of the customers, where there is only one closed cutoff


@dataclass(frozen=True)
class Slices:
    """Training cutoffs and the selection cutoff of a model, for one division.

    Parameters
    ----------
    training
        Cutoffs to learn from, ascending.
    selection
        Cutoff that early stopping, blend, calibration and reported metrics use; later than all
        training cutoffs, or (split "customer") the same single one.
    split
        "time": the slices are different cutoffs. "customer": one cutoff, its customers divided.
    """

    training: tuple[date, ...]
    selection: date
    split: Literal["time", "customer"]

    @property
    def cutoffs(self) -> tuple[date, ...]:
        """All cutoffs whose rows are needed, ascending."""
        return tuple(dict.fromkeys((*self.training, self.selection)))


def slices_for(cutoffs: list[date], cutoff: date, window_months: int, newest: int) -> Slices | None:
    """Choose a division's slices for the model of ``cutoff``; None in the warm-up (none closed).

    Only cutoffs whose label windows closed by ``cutoff`` count, the ``newest`` of them.
    """
    closed = closed_by(cutoffs, cutoff, window_months)[-newest:]
    if not closed:
        return None
    if len(closed) == 1:
        return Slices((closed[0],), closed[0], "customer")
    return Slices(tuple(closed[:-1]), closed[-1], "time")


def slices_by_division(
    cutoffs: list[date], cutoff: date, windows: Mapping[str, int], newest: int
) -> dict[str, Slices]:
    """Slices of each division by its own window; divisions in the warm-up are left out.

    Parameters
    ----------
    windows
        Division -> months that are predicted of it.
    """
    found = {
        division: slices_for(cutoffs, cutoff, months, newest)
        for division, months in sorted(windows.items())
    }
    return {division: slices for division, slices in found.items() if slices is not None}


def customer_draw(customers: pl.Series, seed: int, purpose: str = "") -> pl.DataFrame:
    """Draw a number in [0, 1) for each customer by hashing: the same in every run and cutoff.

    Parameters
    ----------
    purpose
        Draws for different purposes are independent of each other.

    Returns
    -------
    pl.DataFrame
        ``customer_id, draw``, one row per customer, sorted by draw.
    """
    ids = customers.unique().sort().to_list()
    key = f"{seed}{purpose}"
    draws = [
        int.from_bytes(hashlib.blake2b(f"{key}:{i}".encode(), digest_size=6).digest()) / 2**48
        for i in ids
    ]
    frame = pl.DataFrame(
        {"customer_id": ids, "draw": draws}, schema={"customer_id": pl.String, "draw": pl.Float64}
    )
    return frame.sort("draw", "customer_id")


def sample_customers(rows: pl.DataFrame, max_rows: int, seed: int) -> pl.Series:
    """Choose customers so that together they have at most ``max_rows`` rows.

    All rows of a customer are in or out. The first customer drawn is always in.
    """
    counts = rows.group_by("customer_id").len()
    # A draw of its own: else the customers kept would all fall into the same folds.
    drawn = customer_draw(rows["customer_id"], seed, "sample").join(
        counts, on="customer_id", how="left", maintain_order="left"
    )
    fits = drawn["len"].cum_sum() <= max_rows
    return drawn["customer_id"].filter(fits) if fits.any() else drawn["customer_id"].head(1)


def folds(customers: pl.Series, count: int, seed: int) -> pl.Series:
    """Fold 0 .. count - 1 of each row's customer; a customer's rows share one fold."""
    drawn = customer_draw(customers, seed).with_columns(
        fold=(pl.col("draw") * count).floor().cast(pl.Int64)
    )
    frame = pl.DataFrame({"customer_id": customers})
    return frame.join(drawn, on="customer_id", how="left", maintain_order="left")["fold"]


def divide_customers(rows: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Divide one cutoff's rows into training and selection rows, by customer."""
    drawn = customer_draw(rows["customer_id"], seed)
    held_out = drawn.filter(pl.col("draw") < SELECTION_SHARE)["customer_id"]
    is_held_out = pl.col("customer_id").is_in(held_out.implode())
    return rows.filter(~is_held_out), rows.filter(is_held_out)
