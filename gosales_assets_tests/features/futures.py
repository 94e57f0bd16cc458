"""Worlds that go on after the cutoff, and the same worlds with another future, or with none."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import cycle
from tempfile import TemporaryDirectory
from typing import Any

from gosales_assets.settings import Settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_lake import Case, World, bytes_of, made_of
from gosales_assets_tests.features.feature_worlds import CUTOFF, installed_products, rough, world
from gosales_assets_tests.features.side_rows import FROM_TABLE, STABLE, companies, named, people

EVERYTHING = Settings.model_validate(
    {
        "features": {"affinity_min_customers": 2, "seat_skus": ["q"]},
        "targets": {"sku_sets": {"Set q": ["q"]}},
        "side_tables": STABLE,
    }
)
TARGETS = ["Paint", "Set q", "Tools", "Wood"]
WINDOWS = {"Paint": 3}
DATES = {"lines": "order_date", "installed": "purchase_date"} | dict.fromkeys(
    ("customers", "companies"), "valid_from"
)
"""Table -> the column that says when a row came to be known."""


def case_of(cutoff: date) -> Case:
    return Case(EVERYTHING, TARGETS, cutoff, WINDOWS)


def world_of(seed: int) -> World:
    """A world that goes on for half a year after the usual cutoff, side tables and all."""
    lines = rough(world(seed, last_day=CUTOFF + timedelta(days=180)), seed)
    customers, _ = people(seed)
    return World(
        named(lines, seed),
        customers,
        installed=installed_products(seed),
        companies=companies(seed),
    )


def built(world_: World, case: Case) -> dict[str, bytes]:
    """Every file that the features room makes of a world."""
    with TemporaryDirectory() as home:
        return bytes_of(made_of(world_, case, Warehouse(home=home)))


def _is_later(row: dict[str, Any], table: str, cutoff: date) -> bool:
    day = row[DATES[table]]
    return day is not None and day > cutoff


def changed(
    world_: World, cutoff: date, damage: Callable[[str, Sequence[Any]], Sequence[Any]]
) -> World:
    """The same world with another future: what the damage makes of each table's later rows."""
    tables = {}
    for table in DATES:
        rows = getattr(world_, table)
        past = [row for row in rows if not _is_later(row, table, cutoff)]
        later = damage(table, [row for row in rows if _is_later(row, table, cutoff)])
        tables[table] = [*past, *later]
    return World(**tables)


def truncated(world_: World, cutoff: date) -> World:
    """What was there on the evening of the cutoff."""
    return changed(world_, cutoff, lambda _table, _later: [])


REWRITTEN: dict[str, dict[str, Any]] = {
    "lines": {"customer_id": "c03", "customer_name": "Firm c05", "branch": "Moved", "rep": "New"}
    | {"sku": "q", "division": "Tools", "order_id": "other", "quantity": -3, "revenue": 123_456},
    "customers": dict.fromkeys(FROM_TABLE, "Other"),
    "companies": {"industry": "Other"},
    "installed": {"customer_id": "c03", "sku": "q", "expiration_date": None},
}
ACTIONS: dict[str, Callable[[Any, Any], list[Any]]] = {
    "keep": lambda row, _other: [row],
    "delete": lambda _row, _other: [],
    "double": lambda row, _other: [row, row],
    "rewrite": lambda row, other: [row | other],
    "add": lambda row, other: [row, row | other | {"customer_id": "stranger"}],
}
"""What may happen to a row of later: the row, and what another one says, give the rows instead."""


def damaged(world_: World, cutoff: date, actions: Sequence[str]) -> World:
    """The same world with its future damaged: one action after the other, over and over."""

    def damage(table: str, later: Sequence[Any]) -> list[Any]:
        drawn = zip(cycle(actions), later, strict=False)
        return [new for action, row in drawn for new in ACTIONS[action](row, REWRITTEN[table])]

    return changed(world_, cutoff, damage)
