"""What a room is made on: settings and files that it does not depend on leave it up to date."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gosales_assets import provenance
from gosales_assets.definitions import defs
from gosales_assets.provenance import bases, later_sections
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.settings import Settings, load_settings
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.contract import WHITESPACE
from gosales_assets_tests.paths import REPOSITORY

SECTIONS = {"labels", "features", "models", "whitespace", "validation", "gates", "drift"}
ROOMS = ("raw", "star", "labels", "features", "models", "scores", "whitespace", "validation")
GRAPH = defs.resolve_asset_graph()
TABLES = {table.name: table for table in ALL_TABLES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("log.csv", "deals.csv", "customers.csv"):
        (tmp_path / name).write_text("a\n", encoding="utf-8")
    return tmp_path


def load(folder: Path, **sections: object) -> Settings:
    sides = {"open_deals": {"file": "deals.csv"}, "customers": {"file": "customers.csv"}}
    content = {"sales_log": {"files": ["log.csv"]}, "side_tables": sides, "today": "2025-01-31"}
    path = folder / "gosales.yaml"
    path.write_text(yaml.safe_dump(content | sections), encoding="utf-8")
    return load_settings(path)


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("section", "stays"),
    [
        ({"drift": {"psi": 0.5}}, {*ROOMS, "star.column_profile"}),
        (
            {"whitespace": {"top_percent": 0.2}},
            {*ROOMS, "star.column_profile", "drift"} - {"whitespace"},
        ),
        (
            {"models": {"booster_seeds": 2}},
            {"raw", "star", "star.column_profile", "labels", "features"},
        ),
        (
            {"automation": {"landing_sensor": True}},
            {*ROOMS, "star.column_profile", "drift", "runs"},
        ),
        ({"seed": 7}, set()),
        ({"window_months": 3}, set()),
    ],
)
def test_a_setting_makes_anew_what_depends_on_it(
    folder: Path, section: dict[str, object], stays: set[str]
) -> None:
    before, after = bases(load(folder)), bases(load(folder, **section))
    assert set(before) - changed(before, after) == stays


def touch(path: Path) -> None:
    there = path.stat()
    os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns + 1_000_000_000))


def test_what_only_lists_are_made_of_makes_only_lists_anew(folder: Path) -> None:
    settings = load(folder)
    before = bases(settings)
    touch(folder / "deals.csv")
    assert changed(before, bases(settings)) == {"raw", "star.column_profile", "whitespace", "runs"}
    before = bases(settings)
    touch(folder / "customers.csv")
    assert changed(before, bases(settings)) == set(before)


def test_a_partition_stays_fresh_by_the_basis_of_its_room(tmp_path: Path) -> None:
    def lake(basis: str, **rooms: str) -> Warehouse:
        return Warehouse(home=str(tmp_path), code_version="1", basis=basis, bases=rooms)

    cutoff = {"cutoff": "2024-12-31"}
    lake("all-1", whitespace="w1").write(WHITESPACE, WHITESPACE.empty(), **cutoff)
    assert lake("all-2", whitespace="w1").is_fresh(WHITESPACE, **cutoff)
    assert not lake("all-1", whitespace="w2").is_fresh(WHITESPACE, **cutoff)
    named = {"whitespace": "w1", "whitespace.whitespace": "other"}
    assert not lake("all-1", **named).is_fresh(WHITESPACE, **cutoff)
    assert lake("all-2").footer(WHITESPACE, **cutoff)["gosales.basis"] == "all-1"


def ignored(name: str) -> set[str]:
    return set(later_sections(name))


def test_what_makes_a_table_anew_makes_anew_all_that_is_made_of_it() -> None:
    for key in GRAPH.get_all_asset_keys():
        for parent in GRAPH.get(key).parent_keys:
            assert ignored(key.path[0]) <= ignored(parent.path[0]), f"{parent} -> {key}"
    assert all(set(later_sections(room)) <= SECTIONS for room in (*ROOMS, "drift"))


def test_whoever_reads_the_files_of_lists_is_made_anew_with_them() -> None:
    readers = set(provenance._READ_LISTS_FILES)
    for side in provenance._OF_LISTS:
        for child in GRAPH.get(
            next(k for k in GRAPH.get_all_asset_keys() if k.path == ["raw", side])
        ).child_keys:
            assert child.path[0] in readers or ".".join(child.path) in readers, child


def sections_read(module: Path) -> Iterator[str]:
    """Sections of the settings that a module names: ``settings.models`` and the like."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in SECTIONS:
            holder = node.value.func if isinstance(node.value, ast.Call) else node.value
            name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
            if name in {"settings", "current_settings"}:
                yield node.attr


@pytest.mark.parametrize("room", ["sources", *ROOMS[1:], "drift"])
def test_no_room_reads_a_section_that_it_is_said_not_to_depend_on(room: str) -> None:
    later = ignored("raw" if room == "sources" else room)
    for module in (REPOSITORY / "gosales_assets" / room).rglob("*.py"):
        assert set(sections_read(module)) & later == set(), module.name
