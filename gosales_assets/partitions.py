"""Partitions: cutoffs, divisions, their grid, and how one room's partitions map onto another's.

The keys come from the settings (and, where they do not list divisions or days, from the outline
of the sales log). They are static, so that Dagster knows every partition before any run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from gosales_assets.calendar import add_months, aligned, cutoff_days
from gosales_assets.settings import Settings, current_settings
from gosales_assets.sources.outline import target_divisions, trading_days


@dataclass(frozen=True)
class Keys:
    """Partition keys of one configuration: month-end cutoffs and target divisions."""

    cutoffs: tuple[str, ...]
    divisions: tuple[str, ...]


def partition_keys(settings: Settings) -> Keys:
    """Cutoffs (ISO days, ascending) and target divisions (sorted) of these settings."""
    first, last = settings.cutoffs.first, settings.cutoffs.last
    if first is None or last is None:
        opens, closes = trading_days(settings)
        first = first or aligned(add_months(opens, 12), settings.cutoffs.every_months)
        last = last or closes
    days = cutoff_days(first, last, settings.cutoffs.every_months)
    return Keys(tuple(day.isoformat() for day in days), tuple(target_divisions(settings)))


KEYS = partition_keys(current_settings())
CUTOFFS = dg.StaticPartitionsDefinition(list(KEYS.cutoffs))
DIVISIONS = dg.StaticPartitionsDefinition(list(KEYS.divisions))
GRID = dg.MultiPartitionsDefinition({"cutoff": CUTOFFS, "division": DIVISIONS})

PARTITIONS_BY_KEYS: dict[tuple[str, ...], dg.PartitionsDefinition | None] = {
    (): None,
    ("cutoff",): CUTOFFS,
    ("cutoff", "division"): GRID,
}


def up_to(cutoffs: Sequence[str]) -> dg.StaticPartitionMapping:
    """Map each cutoff to itself and all cutoffs before it (to learn from the past)."""
    return dg.StaticPartitionMapping(
        {cutoff: list(cutoffs[index:]) for index, cutoff in enumerate(cutoffs)}
    )


def with_previous(cutoffs: Sequence[str]) -> dg.StaticPartitionMapping:
    """Map each cutoff to itself and the cutoff before it (to compare with the last time)."""
    return dg.StaticPartitionMapping(
        {cutoff: list(cutoffs[index : index + 2]) for index, cutoff in enumerate(cutoffs)}
    )


# Ready mappings between the two partitioned sets, named for what downstream sees of upstream.
ALL_DIVISIONS = dg.MultiToSingleDimensionPartitionMapping("cutoff")
SAME_CUTOFF = dg.MultiToSingleDimensionPartitionMapping("cutoff")


def grid_up_to_cutoff() -> dg.MultiPartitionMapping:
    """Map the grid onto itself: the same division, at this cutoff and every one before it."""
    return dg.MultiPartitionMapping(
        {
            "division": dg.DimensionPartitionMapping("division", dg.IdentityPartitionMapping()),
            "cutoff": dg.DimensionPartitionMapping("cutoff", up_to(KEYS.cutoffs)),
        }
    )


def grid_with_previous() -> dg.MultiPartitionMapping:
    """Map the grid onto itself: the same division, at this cutoff and the one before it."""
    return dg.MultiPartitionMapping(
        {
            "division": dg.DimensionPartitionMapping("division", dg.IdentityPartitionMapping()),
            "cutoff": dg.DimensionPartitionMapping("cutoff", with_previous(KEYS.cutoffs)),
        }
    )


def divisions_by_cutoff(partition_keys: Sequence[str]) -> dict[str, list[str]]:
    """Group the grid keys of a run: cutoff -> its divisions, both in order."""
    grouped: dict[str, list[str]] = {}
    for key in sorted(partition_keys):
        cutoff, _, division = key.partition("|")
        grouped.setdefault(cutoff, []).append(division)
    return grouped


def earlier(cutoffs: Sequence[str], cutoff: str) -> list[str]:
    """Cutoffs strictly before ``cutoff``, ascending."""
    return sorted(c for c in cutoffs if c < cutoff)


def day(cutoff: str) -> date:
    """Turn a cutoff's key into its day."""
    return date.fromisoformat(cutoff)
