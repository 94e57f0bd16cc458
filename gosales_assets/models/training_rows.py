"""Read what a model learns from: feature matrices with their labels, sampled by customer."""

from collections.abc import Iterable, Sequence
from datetime import date

import polars as pl

from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.models.slices import sample_customers
from gosales_assets.parts import checksum_of
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

OUTCOME = ["cutoff", "division", "customer_id", "label"]


def labelled_rows(
    warehouse: Warehouse,
    cutoffs: Iterable[date],
    divisions: Sequence[str],
    most: int,
    seed: int,
) -> pl.DataFrame:
    """Stack matrices with labels; above ``most`` rows only some customers, each with all its rows.

    The customers are chosen from the labels before any matrix is read, so that memory holds only
    what is kept.

    Raises
    ------
    MissingPartition
        When a matrix or its labels are not there yet.
    ValueError
        When a label has no row in the matrix.
    """
    wanted = _partitions(cutoffs, divisions)
    labels = warehouse.read_many(LABELS, wanted, columns=OUTCOME)
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


def data_checksums(
    warehouse: Warehouse, cutoffs: Iterable[date], divisions: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Checksums of what was read: cutoff -> of the matrices and the labels of all divisions."""
    return {
        day.isoformat(): {
            "features": _checksum(warehouse, FEATURE_MATRIX, day, divisions),
            "labels": _checksum(warehouse, LABELS, day, divisions),
        }
        for day in cutoffs
    }


def _checksum(warehouse: Warehouse, table: Table, day: date, divisions: Sequence[str]) -> str:
    of_divisions = [
        warehouse.footer(table, **keys)["gosales.checksum"]
        for keys in _partitions([day], divisions)
    ]
    return checksum_of(pl.DataFrame({"checksum": of_divisions}))


def _partitions(cutoffs: Iterable[date], divisions: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"cutoff": day.isoformat(), "division": division}
        for day in cutoffs
        for division in sorted(divisions)
    ]
