"""What of the graph somebody asks for: rooms, cutoffs, divisions; and what that needs."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from gosales_assets.division_names import division_identity
from gosales_assets.partitions import Keys
from gosales_assets.settings import SettingsError

Partitions = tuple[str, ...]
_PUBLISHING = "runs"


@dataclass(frozen=True)
class Choice:
    """What is to be up to date at the end; what it needs is made up to date, too.

    Parameters
    ----------
    cutoffs, divisions
        Partition keys, in their order; None: all.
    rooms
        Groups of assets; None: all.
    """

    cutoffs: Partitions | None = None
    divisions: Partitions | None = None
    rooms: frozenset[str] | None = None

    @property
    def is_part(self) -> bool:
        """Whether some cutoffs or divisions are left out."""
        return self.cutoffs is not None or self.divisions is not None


EVERYTHING = Choice()


def choose(
    keys: Keys, cutoffs: str = "", divisions: str = "", rooms: Iterable[str] | None = None
) -> Choice:
    """Read what somebody typed: ``A..B``, ``A..``, ``..B`` or ``A``; and ``X,Y``; nothing: all.

    Raises
    ------
    SettingsError
        When there is no such cutoff or division; the line names the nearest.
    """
    return Choice(
        _cutoffs(cutoffs.strip(), keys.cutoffs) if cutoffs.strip() else None,
        _divisions(divisions, keys.divisions) if divisions.strip() else None,
        None if rooms is None else frozenset(rooms),
    )


def wanted_partitions(
    graph: AssetGraph, keys: Keys, choice: Choice
) -> dict[dg.AssetKey, Partitions]:
    """Partitions of each asset that the choice needs, from the graph's own partition mappings.

    An asset without partitions has the empty tuple; assets that are not needed are left out.
    Lists and drift look at all divisions of a cutoff, so a choice of divisions leaves them as they
    are; and what judges all cutoffs together (the gate, the probes) stays where only a part of
    them is made. Publishing takes what there is and asks for nothing.
    """
    found: dict[dg.AssetKey, set[str]] = {}
    order = [key for level in graph.toposorted_asset_keys_by_level for key in sorted(level)]
    together = {key: graph.get(key).execution_set_asset_keys for key in order}
    totals = _totals(graph, order)
    for key in order:
        if _is_asked_for(graph, key, choice, totals):
            found[key] = set(_chosen(graph, key, keys, choice))
    # From right to left. What is made together is made for the same partitions, so a parent may
    # be asked for more when a sibling of its child is: again until nothing is added.
    grown = True
    while grown:
        before = {key: len(partitions) for key, partitions in found.items()}
        for key in reversed(order):
            if key not in found:
                continue
            for sibling in together[key]:
                found.setdefault(sibling, set()).update(found[key])
            if key.path[0] != _PUBLISHING:
                _add_parents(graph, key, found)
        grown = {key: len(partitions) for key, partitions in found.items()} != before
    return {key: tuple(sorted(found[key])) for key in order if key in found}


def _add_parents(graph: AssetGraph, key: dg.AssetKey, found: dict[dg.AssetKey, set[str]]) -> None:
    own = graph.get(key).partitions_def
    for parent in graph.get(key).parent_keys - {key}:
        needed = found.setdefault(parent, set())
        theirs = graph.get(parent).partitions_def
        if theirs is None or (own is not None and not found[key]):
            continue
        mapping = graph.get_partition_mapping(key, parent)
        mapped = mapping.get_upstream_mapped_partitions_result_for_partitions(
            None if own is None else own.subset_with_partition_keys(sorted(found[key])),
            own,
            theirs,
            datetime.now(UTC),
        )
        needed.update(str(k) for k in mapped.partitions_subset.get_partition_keys())


def _totals(graph: AssetGraph, order: Sequence[dg.AssetKey]) -> set[dg.AssetKey]:
    """Assets without partitions that look at partitions of others, by whatever way."""
    over: set[dg.AssetKey] = set()
    for key in order:
        parents = graph.get(key).parent_keys
        looks = any(graph.get(parent).partitions_def is not None for parent in parents)
        if graph.get(key).partitions_def is None and (looks or parents & over):
            over.add(key)
    return over


def _is_asked_for(
    graph: AssetGraph, key: dg.AssetKey, choice: Choice, totals: set[dg.AssetKey]
) -> bool:
    room = key.path[0]
    if choice.rooms is not None and room not in choice.rooms:
        return False
    if not choice.is_part or room == _PUBLISHING:
        return True
    definition = graph.get(key).partitions_def
    of_all_divisions = definition is not None and not _is_grid(definition)
    return key not in totals and not (choice.divisions is not None and of_all_divisions)


def _chosen(graph: AssetGraph, key: dg.AssetKey, keys: Keys, choice: Choice) -> Partitions:
    definition = graph.get(key).partitions_def
    if definition is None:
        return ()
    cutoffs, divisions = choice.cutoffs or keys.cutoffs, choice.divisions or keys.divisions
    if not _is_grid(definition):
        return cutoffs
    return tuple(f"{cutoff}|{division}" for cutoff in cutoffs for division in divisions)


def _is_grid(definition: dg.PartitionsDefinition) -> bool:
    return isinstance(definition, dg.MultiPartitionsDefinition)


def _cutoffs(typed: str, known: Partitions) -> Partitions:
    first, dots, last = (part.strip() for part in typed.partition(".."))
    start = _known_cutoff(first, known) if first else known[0]
    end = start if not dots else _known_cutoff(last, known) if last else known[-1]
    if start > end:
        raise SettingsError(f"cutoffs: {start} comes after {end}; did you mean {end}..{start}?")
    return tuple(cutoff for cutoff in known if start <= cutoff <= end)


def _known_cutoff(typed: str, known: Partitions) -> str:
    if typed in known:
        return typed
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        close = difflib.get_close_matches(typed, known, n=1, cutoff=0)[0]
    else:
        close = min(known, key=lambda key: (abs(date.fromisoformat(key) - day), key))
    raise SettingsError(f"cutoffs: no cutoff {typed!r}; the nearest is {close!r}")


def _divisions(typed: str, known: Partitions) -> Partitions:
    by_identity: Mapping[str, str] = {division_identity(name): name for name in known}
    found = set()
    for name in filter(None, (part.strip() for part in typed.split(","))):
        key = by_identity.get(division_identity(name))
        if key is None:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise SettingsError(f"divisions: no division {name!r}; the nearest is {close!r}")
        found.add(key)
    if not found:
        raise SettingsError(f"divisions: {typed!r} names none")
    return tuple(name for name in known if name in found)
