"""Read what a model learns from: feature matrices with their labels, sampled by customer."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter

import polars as pl

from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.models.slices import Slices, divide_customers, sample_customers
from gosales_assets.parts import checksum_of
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

OUTCOME = ["cutoff", "division", "customer_id", "label"]
Cell = tuple[date, str]  # a cutoff and a division


def slice_rows(
    warehouse: Warehouse,
    slices: Mapping[str, Slices],
    windows: Mapping[str, int],
    most: int,
    seed: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the training and the selection rows of a model, each division by its own slices.

    Parameters
    ----------
    slices
        See `gosales_assets.models.slices.slices_by_division`; not empty.
    windows
        Division -> months that the slices were chosen for.
    most
        Training rows at most, and twice the selection rows.

    Returns
    -------
    tuple[pl.DataFrame, pl.DataFrame]
        Both sorted by cutoff, division and customer.
    """
    divided = [division for division, own in slices.items() if own.split == "customer"]
    training = [(day, division) for division, own in slices.items() for day in own.training]
    later = [(own.selection, division) for division, own in slices.items() if own.split == "time"]
    rows = labelled_rows(warehouse, training, windows, most, seed)
    is_divided = pl.col("division").is_in(divided)
    learned, judged = divide_customers(rows.filter(is_divided), seed)
    selection = [labelled_rows(warehouse, later, windows, most // 2, seed)] if later else []
    return (
        pl.concat([rows.filter(~is_divided), learned]).sort(OUTCOME[:3]),
        pl.concat([*selection, judged]).sort(OUTCOME[:3]),
    )


def labelled_rows(
    warehouse: Warehouse,
    cells: Sequence[Cell],
    windows: Mapping[str, int],
    most: int,
    seed: int,
) -> pl.DataFrame:
    """Stack matrices with labels; above ``most`` rows only some customers, each with all its rows.

    The customers are chosen from the labels before any matrix is read, so that memory holds only
    what is kept.

    Parameters
    ----------
    cells
        Pairs of cutoff and division; at least one.

    Raises
    ------
    MissingPartition
        When a matrix or its labels are not there yet.
    ValueError
        When a label has no row in the matrix, or looks further ahead than its division's window.
    """
    wanted = _partitions(cells)
    labels = warehouse.read_many(LABELS, wanted, columns=[*OUTCOME, "window_months"])
    _of_windows(labels, windows)
    chosen = sample_customers(labels, most, seed).implode() if labels.height > most else None
    stacked = []
    for keys in wanted:
        matrix = warehouse.read(FEATURE_MATRIX, **keys)
        outcomes = warehouse.read(LABELS, columns=OUTCOME, **keys)
        if chosen is not None:
            matrix = matrix.filter(pl.col("customer_id").is_in(chosen))
            outcomes = outcomes.filter(pl.col("customer_id").is_in(chosen))
        rows = matrix.join(outcomes, on=OUTCOME[:3], how="inner", maintain_order="left")
        if rows.height != outcomes.height:
            where = "|".join(keys.values())
            lost = outcomes.height - rows.height
            raise ValueError(f"{FEATURE_MATRIX.name} [{where}] lacks {lost} labelled customers")
        stacked.append(rows)
    return pl.concat(stacked).sort("cutoff", "division", "customer_id")


def _of_windows(labels: pl.DataFrame, windows: Mapping[str, int]) -> None:
    found = labels.select("division", "window_months").unique().sort("division", "window_months")
    for division, months in found.iter_rows():
        if months != windows[division]:
            raise ValueError(
                f"{LABELS.name} of {division} look {months} months ahead, the model is to look "
                f"{windows[division]}: materialize the labels again"
            )


def data_checksums(warehouse: Warehouse, slices: Mapping[str, Slices]) -> dict[str, dict[str, str]]:
    """Checksums of what was read: cutoff -> of the matrices and the labels of its divisions."""
    cells = sorted((day, division) for division, own in slices.items() for day in own.cutoffs)
    by_day = {day: list(of_day) for day, of_day in groupby(cells, key=itemgetter(0))}
    return {
        day.isoformat(): {
            "features": _checksum(warehouse, FEATURE_MATRIX, of_day),
            "labels": _checksum(warehouse, LABELS, of_day),
        }
        for day, of_day in by_day.items()
    }


def _checksum(warehouse: Warehouse, table: Table, cells: Sequence[Cell]) -> str:
    of_cells = [warehouse.footer(table, **keys)["gosales.checksum"] for keys in _partitions(cells)]
    return checksum_of(pl.DataFrame({"checksum": of_cells}))


def _partitions(cells: Sequence[Cell]) -> list[dict[str, str]]:
    return [{"cutoff": day.isoformat(), "division": division} for day, division in sorted(cells)]
