"""The plan of a whole refresh: which assets run together, in what order, for which partitions.

One Dagster run can hold only assets of one partition set, so the graph is cut into steps: maximal
groups of assets with the same partitions, each depending only on the steps before it.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from gosales_assets.automation.cut_short import Unfinished
from gosales_assets.partitions import Keys
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class Step:
    """Assets that one run materializes, and the partition dimensions they share.

    Parameters
    ----------
    partitions
        Partition keys that are wanted of each of them; None: all there are.
    """

    assets: tuple[dg.AssetKey, ...]
    dimensions: tuple[str, ...]
    partitions: tuple[str, ...] | None = None

    @property
    def names(self) -> list[str]:
        """Names of the assets."""
        return [key.to_user_string() for key in self.assets]

    @property
    def title(self) -> str:
        """Rooms of the step, for a progress bar."""
        return ", ".join(dict.fromkeys(key.path[0] for key in self.assets))


def plan_steps(
    specs: Iterable[dg.AssetSpec],
    wanted: Mapping[dg.AssetKey, tuple[str, ...]] | None = None,
) -> list[Step]:
    """Cut the asset graph into steps, in dependency order.

    Parameters
    ----------
    wanted
        Partition keys of each asset that is to be made (see `choice.wanted_partitions`); None: all
        partitions of all assets.
    """
    known = {spec.key: spec for spec in specs if wanted is None or spec.key in wanted}
    kinds = {
        key: (_dimensions(spec.partitions_def), None if wanted is None else wanted[key])
        for key, spec in known.items()
    }
    parents = {
        key: {dep.asset_key for dep in spec.deps if dep.asset_key in known} - {key}
        for key, spec in known.items()
    }
    waiting = sorted(known, key=lambda key: key.to_user_string())
    done: set[dg.AssetKey] = set()
    steps = []
    while waiting:
        # Of the partition sets that could go on, take the one that gets furthest in one step.
        groups = [
            _reachable([key for key in waiting if kinds[key] == kind], parents, done)
            for kind in sorted(set(kinds.values()))
        ]
        group = max(groups, key=len)
        if not group:
            raise ValueError(f"assets depend on each other in a circle: {waiting}")
        steps.append(Step(tuple(group), *kinds[group[0]]))
        done.update(group)
        waiting = [key for key in waiting if key not in done]
    return steps


def missing_partitions(
    step: Step,
    tables: Mapping[dg.AssetKey, Table],
    warehouse: Warehouse,
    keys: Keys,
    unfinished: Unfinished | None = None,
) -> list[dict[str, str]]:
    """Partitions for which some table of the step is missing, broken, out of date or unfinished.

    An unpartitioned table counts as one partition without keys. The assets that end a run are
    always due: they record that it happened. So is a step without any table to look at.
    """
    names = step.names
    looked_at = [tables[key] for key in step.assets if key in tables]
    always_due = not looked_at or any(key.path[0] == "runs" for key in step.assets)
    return [
        partition
        for partition in _partitions(step, keys)
        if always_due
        or (unfinished is not None and unfinished.holds(names, partition))
        or not all(warehouse.is_fresh(table, **partition) for table in looked_at)
    ]


def range_tags(
    step: Step, missing: Sequence[Mapping[str, str]], keys: Keys
) -> list[dict[str, str]]:
    """Tags that make one run cover all wanted divisions from the first to the last cutoff missing.

    A run covers neighbouring divisions, so there is one for each block of them.
    """
    if not step.dimensions:
        return [{}]
    first = min(partition["cutoff"] for partition in missing)
    last = max(partition["cutoff"] for partition in missing)
    if "division" not in step.dimensions:
        return [{RANGE_START: first, RANGE_END: last}]
    wanted = {partition["division"] for partition in _partitions(step, keys)}
    blocks = itertools.groupby(keys.divisions, key=wanted.__contains__)
    return [
        {RANGE_START: f"{first}|{block[0]}", RANGE_END: f"{last}|{block[-1]}"}
        for block in (list(members) for is_wanted, members in blocks if is_wanted)
    ]


def _partitions(step: Step, keys: Keys) -> list[dict[str, str]]:
    values = {"cutoff": keys.cutoffs, "division": keys.divisions}
    wanted = None if step.partitions is None or not step.dimensions else set(step.partitions)
    return [
        dict(zip(step.dimensions, combination, strict=True))
        for combination in itertools.product(*(values[name] for name in step.dimensions))
        if wanted is None or "|".join(combination) in wanted
    ]


def _dimensions(definition: dg.PartitionsDefinition | None) -> tuple[str, ...]:
    if definition is None:
        return ()
    is_grid = isinstance(definition, dg.MultiPartitionsDefinition)
    return ("cutoff", "division") if is_grid else ("cutoff",)


def _reachable(
    candidates: Sequence[dg.AssetKey],
    parents: Mapping[dg.AssetKey, set[dg.AssetKey]],
    done: set[dg.AssetKey],
) -> list[dg.AssetKey]:
    reached: list[dg.AssetKey] = []
    grown = True
    while grown:
        known = done.union(reached)
        new = [key for key in candidates if key not in known and parents[key] <= known]
        reached += new
        grown = bool(new)
    return reached
