"""Features against a slow plain-Python truth, value by value."""

from typing import Any

import pytest

from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features import feature_oracle as oracle
from gosales_assets_tests.features.feature_worlds import (
    CUTOFF,
    SMALL,
    TARGETS,
    cells,
    facts,
    fill,
    learn,
    matrix,
    world,
)

FUTURE = CUTOFF.replace(year=CUTOFF.year + 1)


def _close(ours: float | None, truth: float | None) -> bool:
    if ours is None or truth is None:
        return ours is truth
    return ours == pytest.approx(truth, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_features_equal_the_plain_python_truth(warehouse: Warehouse, seed: int) -> None:
    frame = facts(world(seed, last_day=FUTURE if seed % 2 else CUTOFF))
    fill(warehouse, frame)
    lines = frame.to_dicts()
    found = cells(matrix(warehouse))
    assert {division for division, _ in found} == set(TARGETS)
    wrong: list[Any] = []
    for (division, customer), ours in found.items():
        own = [row for row in lines if row["customer_id"] == customer]
        of_target = [row for row in own if row["division"] == division]
        truth = (
            oracle.of_history(own, "all", CUTOFF, SMALL.window_months)
            | oracle.of_history(of_target, "div", CUTOFF, SMALL.window_months)
            | oracle.of_customer(own, CUTOFF)
            | oracle.of_target(of_target, CUTOFF)
        )
        wrong += [
            (division, customer, name, ours[name], value)
            for name, value in truth.items()
            if not _close(ours[name], value)
        ]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("seed", range(3))
def test_rules_equal_the_plain_python_truth(warehouse: Warehouse, seed: int) -> None:
    frame = facts(world(seed, customers=30))
    fill(warehouse, frame)
    learned = learn(warehouse)
    ours = {
        (row["antecedent"], row["division"]): row["lift"]
        for row in learned.rules.iter_rows(named=True)
    }
    truth = oracle.lifts(frame.to_dicts(), CUTOFF, SMALL.features.affinity_min_customers)
    assert ours == pytest.approx(truth)
    scores = cells(matrix(warehouse))
    for (division, customer), row in scores.items():
        held = {
            line["division"]
            for line in frame.to_dicts()
            if line["customer_id"] == customer
            and not line["is_return"]
            and 0 <= oracle.months_back(CUTOFF, line["order_date"]) < 12
        }
        applying = [lift for (x, y), lift in truth.items() if y == division and x in held]
        expected = max(applying, default=None)
        assert _close(row["affinity__div__max_lift__12m"], expected)
        mean = sum(applying) / len(applying) if applying else None
        assert _close(row["affinity__div__mean_lift__12m"], mean)
