"""How often the gate is fooled, and how often it sees a better model: 200 divisions each."""

from collections import Counter

import numpy as np
import polars as pl
import pytest

from gosales_assets.gate_settings import Gates
from gosales_assets.validation.gate import judge
from gosales_assets_tests.validation.gate_worlds import NEW, OLD, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]
REPEATS = 200
GATES = Gates(replicates=300)
SHARED_NOISE = 0.15


def verdicts(alike: bool = False, **quality: float) -> Counter[str]:
    """Verdicts on as many made-up divisions, each with a challenger and a champion."""
    counts: Counter[str] = Counter()
    for repeat in range(REPEATS):
        rows = world(5_000 + repeat, **quality)
        if alike:
            rows = nearly_the_same(rows, repeat)
        counts[judge("PDM", rows, NEW, OLD, GATES, seed=repeat).verdict] += 1
    print(quality, "nearly the same" if alike else "", dict(counts))
    return counts


def nearly_the_same(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Challenger and champion err together, as another seed of the same recipe would."""
    rng = np.random.default_rng(seed)
    p = rows["model"].to_numpy()
    logits = np.log(p / (1 - p))
    moved = [
        pl.Series(name, 1 / (1 + np.exp(-logits - rng.normal(0, SHARED_NOISE, p.size))))
        for name in ("model", "champion")
    ]
    return rows.with_columns(moved)


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("customers", [800, 2_000])
def test_equal_challengers_are_promoted_in_less_than_5_of_100_divisions(
    customers: int, alike: bool
) -> None:
    counts = verdicts(alike, customers=customers)
    assert counts["promoted"] / REPEATS < 0.05
    assert counts["champion stays"] / REPEATS > 0.9


@pytest.mark.parametrize(("champion", "at_least"), [(0.9, 1.0), (0.7, 0.75)])
def test_a_better_challenger_is_promoted(champion: float, at_least: float) -> None:
    """Its AUC is better by .027, or by .013: always, and in four of five divisions."""
    counts = verdicts(customers=2_000, model=0.5, champion=champion)
    assert counts["promoted"] / REPEATS >= at_least
