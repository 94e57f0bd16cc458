"""Probes 1, 2, 4 and 5: at a cutoff the future does not exist, and snapshots of today neither.

Each probe must catch the leaks that are planted here, and find nothing where there is none.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.breaches import Breach
from gosales_assets.calendar import month_end
from gosales_assets.features import checks, told
from gosales_assets.features.contract import (
    AFFINITY_RULES,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FITTED,
    PRODUCT_RULES,
)
from gosales_assets.sources.contract import CUSTOMERS, INSTALLED_BASE
from gosales_assets.star.contract import FACT_TRANSACTIONS, INDUSTRY_MATCHES
from gosales_assets.star.scopes import sku_sets, target_lines
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features import planted_leaks
from gosales_assets_tests.features.feature_lake import Case, bytes_of, made_of
from gosales_assets_tests.features.feature_worlds import CUTOFF
from gosales_assets_tests.features.futures import (
    ACTIONS,
    DATES,
    built,
    case_of,
    damaged,
    truncated,
    world_of,
)

SEED = 3
AT_CUTOFF = case_of(CUTOFF)


@settings(max_examples=3, deadline=None)
@given(
    seed=st.integers(1, 50),
    cutoff=st.dates(date(2024, 1, 31), date(2024, 9, 30)).map(month_end),
    actions=st.lists(st.sampled_from(sorted(ACTIONS)), min_size=1, max_size=7),
)
def test_no_damage_after_the_cutoff_changes_a_byte(
    seed: int, cutoff: date, actions: list[str]
) -> None:
    honest, case = world_of(seed), case_of(cutoff)
    assert built(honest, case) == built(damaged(honest, cutoff, actions), case)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """An empty warehouse whose files say the same of themselves as those of `built`."""
    return Warehouse(home=str(tmp_path))


@pytest.fixture(scope="module")
def evening() -> dict[str, bytes]:
    """Every file made of data that end on the evening of the cutoff."""
    return built(truncated(world_of(SEED), CUTOFF), AT_CUTOFF)


def test_data_that_end_at_the_cutoff_give_the_same_bytes(
    warehouse: Warehouse, evening: dict[str, bytes]
) -> None:
    whole = world_of(SEED)
    past = truncated(whole, CUTOFF)
    assert all(len(getattr(past, table)) < len(getattr(whole, table)) for table in DATES)
    made_of(whole, AT_CUTOFF, warehouse)
    assert bytes_of(warehouse) == evening
    assert failed_checks(warehouse, AT_CUTOFF) == set()
    for table in (AFFINITY_RULES, PRODUCT_RULES):  # rules leave the newest 60 days out
        learned = warehouse.read(table, cutoff=f"{CUTOFF}")["fit_date"]
        assert learned.max() <= CUTOFF - timedelta(days=60)


def test_everything_fitted_has_to_say_until_when() -> None:
    assert not any(table.schema.columns["fit_date"].nullable for table in FITTED)


@pytest.mark.parametrize(
    ("plant", "caught_by"),
    [
        (planted_leaks.days_not_cut_off, {"customers as of", "targets as of"}),
        (planted_leaks.months_not_cut_off, {"customers as of", "targets as of"}),
        (planted_leaks.installed_base_of_today, {"installed"}),
        (planted_leaks.attributes_of_today, {"told"}),
        (planted_leaks.fitted_on_later_days, {"fitted"}),
    ],
)
def test_a_planted_leak_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None],
    caught_by: set[str],
    warehouse: Warehouse,
    evening: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    made_of(world_of(SEED), AT_CUTOFF, warehouse)
    assert bytes_of(warehouse) != evening
    assert failed_checks(warehouse, AT_CUTOFF) == caught_by


def failed_checks(warehouse: Warehouse, case: Case) -> set[str]:
    """Checks that run on everybody's data and find something."""
    key = {"cutoff": f"{case.cutoff}"}
    with warehouse.engine() as engine:
        lines = warehouse.scan(engine, FACT_TRANSACTIONS)
        whole = checks.recomputed(lines, case.cutoff, ["customer_id"])
        of_targets = target_lines(lines, case.targets, sku_sets(case.settings))
        split = checks.recomputed(of_targets, case.cutoff, ["division", "customer_id"])
    customers = warehouse.read(CUSTOMER_FEATURES, **key)
    found = [("customers as of", checks.differs(customers, whole, "all"))]
    for keys in case.grid:
        found += _of_target(warehouse, case, keys, split.filter(division=keys["division"]))
    found += [("fitted", checks.fitted_later(warehouse.read(table, **key))) for table in FITTED]
    return {name for name, breaches in found if breaches}


def _of_target(
    warehouse: Warehouse, case: Case, keys: dict[str, str], expected: pl.DataFrame
) -> list[tuple[str, list[Breach]]]:
    rows = warehouse.read(DIVISION_FEATURES, **keys)
    customers, matches = warehouse.read(CUSTOMERS), warehouse.read(INDUSTRY_MATCHES)
    known = told.customers_told(customers, matches, case.cutoff, case.settings)
    base = warehouse.read(INSTALLED_BASE)
    return [
        ("targets as of", checks.differs(rows, expected, "div")),
        ("told", told.told_too_early(rows, known)),
        ("installed", told.installed_too_early(rows, base, case.cutoff)),
    ]
