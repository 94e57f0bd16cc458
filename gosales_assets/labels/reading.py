"""Read what other assets decided: how far each target is predicted, and which windows closed."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from gosales_assets.labels.contract import TARGET_WINDOWS
from gosales_assets.labels.windows import months_by_target, window_table
from gosales_assets.star.contract import DIM_CUTOFF
from gosales_assets.warehouse import MissingPartition, Warehouse


def windows_of(warehouse: Warehouse, targets: Sequence[str]) -> dict[str, int]:
    """Target -> months that are predicted of it.

    Raises
    ------
    MissingPartition
        When ``labels.target_windows`` is not there, or does not know a target.
    """
    known = months_by_target(warehouse.read(TARGET_WINDOWS))
    unknown = sorted(set(targets) - set(known))
    if unknown:
        raise _made_otherwise(TARGET_WINDOWS.name, f"the target {unknown[0]}")
    return {target: known[target] for target in sorted(targets)}


def months_known(warehouse: Warehouse) -> dict[date, int]:
    """Cutoff -> whole months of complete data after it."""
    table = warehouse.read(DIM_CUTOFF, columns=["cutoff", "months_known"])
    return dict(table.sort("cutoff").iter_rows())


def closed_of(
    windows: dict[str, int], known: dict[date, int], cutoff: date, targets: Sequence[str]
) -> pl.DataFrame:
    """Windows of the targets that have closed at a cutoff: see `window_table`.

    Raises
    ------
    MissingPartition
        When the cutoff is not among the known ones.
    """
    if cutoff not in known:
        raise _made_otherwise(DIM_CUTOFF.name, f"the cutoff {cutoff}")
    return window_table(
        (cutoff, target, windows[target])
        for target in sorted(targets)
        if windows[target] <= known[cutoff]
    )


def _made_otherwise(table: str, what: str) -> MissingPartition:
    return MissingPartition(
        f"{table} does not have {what}: it was made with other settings, materialize it again"
    )
