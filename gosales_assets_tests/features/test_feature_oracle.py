"""Every feature against a slow plain-Python truth, value by value, on made and on real lines."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gosales_assets.features.catalog import CATALOG
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    AFFINITY_RULES,
    FEATURE_MATRIX,
    FITTED_STATISTICS,
    PRODUCT_RULES,
)
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.layers import MATRIX_KEYS
from gosales_assets.settings import Settings
from gosales_assets.star.contract import FACT_TRANSACTIONS
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features import planted_leaks
from gosales_assets_tests.features.feature_lake import Case, World, layer, made_of
from gosales_assets_tests.features.feature_worlds import (
    CUTOFF,
    TARGETS,
    installed_products,
    rough,
    world,
)
from gosales_assets_tests.features.oracle import truth_of
from gosales_assets_tests.features.oracle_past import Past
from gosales_assets_tests.features.oracle_priors import cap_of, priors_of, rates_of
from gosales_assets_tests.features.oracle_rules import Rules, evidence_of
from gosales_assets_tests.features.oracle_timing import Asked
from gosales_assets_tests.features.real_lines import uk2y_lines
from gosales_assets_tests.features.side_rows import STABLE, people

EVERYTHING = Settings.model_validate(
    {
        "features": {"affinity_min_customers": 2, "seat_skus": ["Q*", "[s]"]},
        "targets": {"sku_sets": {"Set q and r": ["q", "r"]}},
        "side_tables": STABLE,
    }
)
WINDOWS = {"Paint": 3, "Set q and r": 9}


def past_of(world_: World, case: Case, warehouse: Warehouse) -> Past:
    """The same world for the oracle, with the parameters that the product stored."""
    stored = warehouse.read(FITTED_STATISTICS, cutoff=f"{case.cutoff}")
    return Past(
        warehouse.read(FACT_TRANSACTIONS).to_dicts(),
        case.cutoff,
        case.settings,
        case.targets,
        world_.customers,
        world_.matches,
        world_.installed,
        parameters_of(stored),
        case.windows,
    )


def differing(
    frame: pl.DataFrame, past: Past, rules: Rules, customers: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Values that are not those of the oracle: target, customer, feature, ours, truth."""
    wrong, asked = [], Asked(past)
    for ours in frame.filter(pl.col("customer_id").is_in(customers)).iter_rows(named=True):
        customer, target = ours["customer_id"], ours["division"]
        truth = truth_of(past, rules, asked, customer, target)
        assert truth.keys() == {feature.name for feature in CATALOG}
        wrong += [
            (target, customer, name, ours[name], value)
            for name, value in truth.items()
            if not _close(ours[name], value)
        ]
    return wrong


def _close(ours: float | None, truth: float | None) -> bool:
    if ours is None or truth is None:
        return ours is truth
    return ours == pytest.approx(truth, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_every_feature_equals_the_plain_python_truth(warehouse: Warehouse, seed: int) -> None:
    last_day = CUTOFF + timedelta(days=300 * (seed % 2))
    lines = rough(world(seed, last_day=last_day), seed)
    beside = people(seed)
    made = World(lines, *beside, installed_products(seed) if seed else ())
    case = Case(EVERYTHING, [*TARGETS, "Set q and r"], CUTOFF, WINDOWS)
    made_of(made, case, warehouse)
    past = past_of(made, case, warehouse)
    wrong = differing(layer(warehouse, case), past, Rules(past), past.people)
    assert not wrong, wrong[:5]


def test_the_oracle_sees_a_planted_leak(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted_leaks.months_not_cut_off(monkeypatch)
    made = World(world(1, last_day=CUTOFF + timedelta(days=300)))
    case = Case(EVERYTHING, TARGETS, CUTOFF)
    made_of(made, case, warehouse)
    past = past_of(made, case, warehouse)
    wrong = differing(layer(warehouse, case), past, Rules(past), past.people)
    assert {name.split("__")[0] for _, _, name, *_ in wrong} >= {"rfm", "trajectory", "season"}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_fitted_equals_the_plain_python_truth(warehouse: Warehouse, seed: int) -> None:
    lines = rough(world(seed, customers=30, last_day=CUTOFF + timedelta(days=90)), seed)
    made = World(lines, *people(seed, customers=30))
    case = Case(EVERYTHING, [*TARGETS, "Set q and r"], CUTOFF)
    made_of(made, case, warehouse)
    past = past_of(made, case, warehouse)
    key, rules = {"cutoff": f"{CUTOFF}"}, Rules(past)
    learned = {
        ((a,) if b is None else (a, b), target): lift
        for a, b, target, lift in warehouse.read(AFFINITY_RULES, **key)
        .select("antecedent", "second_antecedent", "division", "lift")
        .iter_rows()
    }
    assert learned == pytest.approx(rules.lines)
    assert {len(antecedents) for antecedents, _ in learned} == {1, 2}
    products = warehouse.read(PRODUCT_RULES, **key).select("sku", "division", "lift")
    assert {(sku, target): lift for sku, target, lift in products.iter_rows()} == pytest.approx(
        rules.products
    )
    evidence = warehouse.read(AFFINITY_EVIDENCE, **key)
    named = {
        (customer, target): (kind, antecedent, pytest.approx(lift))
        for _, customer, target, kind, antecedent, lift in evidence.iter_rows()
    }
    pairs = [(customer, target) for customer in past.people for target in case.targets]
    truth = {pair: evidence_of(rules, *pair) for pair in pairs}
    assert {pair: best for pair, best in truth.items() if best is not None} == named
    for target in case.targets:
        for name, prior in priors_of(past, target).items():
            assert past.fitted[name][target] == pytest.approx(prior), name
        column = case.targets.index(target)
        for name, rates in rates_of(past, target).items():
            stored = past.fitted[name]
            ours = {
                v: row[column] for v, row in zip(stored["values"], stored["rates"], strict=True)
            }
            assert ours == pytest.approx(rates), name


def test_matrices_are_the_layers_with_money_and_quantities_capped(warehouse: Warehouse) -> None:
    case = Case(EVERYTHING, [*TARGETS, "Set q and r"], CUTOFF)
    made_of(World(rough(world(2, customers=30), 2)), case, warehouse)
    units = {"base currency", "seats"}
    limited = {feature.name for feature in CATALOG if feature.unit in units}
    whole = layer(warehouse, case)
    for keys in case.grid:
        own = whole.filter(division=keys["division"]).sort("customer_id")
        matrix = warehouse.read(FEATURE_MATRIX, **keys).sort("customer_id")
        for name in matrix.columns[len(MATRIX_KEYS) :]:
            values = own[name].to_list()
            cap = cap_of(values) if name in limited else None
            expected = [value if None in (value, cap) else min(value, cap) for value in values]
            assert matrix[name].to_list() == [
                None if value is None else pytest.approx(value, rel=1e-6) for value in expected
            ], name


def test_real_customers_equal_the_plain_python_truth(
    shared_data: Path, warehouse: Warehouse
) -> None:
    lines = uk2y_lines(shared_data, every=60)
    targets = sorted({row["division"] for row in lines})
    case = Case(Settings.model_validate({"seed": 1}), targets, date(2011, 6, 30))
    made_of(World(lines), case, warehouse)
    past = past_of(World(lines), case, warehouse)
    wrong = differing(layer(warehouse, case), past, Rules(past), past.people[::20])
    assert not wrong, wrong[:5]
