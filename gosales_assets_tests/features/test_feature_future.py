"""At a cutoff the future does not exist, and neither row order nor threads show."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.parts import checksum_of
from gosales_assets.settings import Settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import (
    CUTOFF,
    SKUS,
    facts,
    fill,
    learn,
    matrix,
    world,
)
from gosales_assets_tests.star.order_lines import Row, line

EVERYTHING = Settings.model_validate(
    {
        "features": {"affinity_min_customers": 2},
        "targets": {"sku_sets": {"Set q": ["q"]}},
        "side_tables": {"customers": {"file": "c.csv", "stable": ["industry"]}},
    }
)
TARGETS = ["Paint", "Set q", "Tools", "Wood"]
INDUSTRIES = {f"c{number:02}": ("Mining", "Retail")[number % 2] for number in range(12)}


def _made(rows: list[Row], installed: list[Row], threads: int = 0) -> tuple[str, str, str]:
    with TemporaryDirectory() as home:
        warehouse = Warehouse(home=home, threads=threads)
        fill(warehouse, facts(rows), EVERYTHING, INDUSTRIES, installed)
        learned = learn(warehouse, EVERYTHING, TARGETS)
        frame = matrix(warehouse, EVERYTHING, TARGETS)
        assert frame.height
        tables = (frame, learned.statistics, learned.evidence)
        return tuple(checksum_of(table) for table in tables)  # type: ignore[return-value]


def _installed(customer: str, day: date, expires: date | None) -> Row:
    return {
        "customer_id": customer,
        "sku": "p",
        "purchase_date": day,
        "expiration_date": expires,
        "quantity": 1.0,
    }


later_lines = st.lists(
    st.builds(
        lambda customer, days, sku, units: line(
            customer,
            (CUTOFF + timedelta(days=days)).isoformat(),
            order_id=f"later{days}",
            sku=sku,
            division=SKUS[sku],
            quantity=units,
            revenue=units * 10,
            branch="Moved",
            rep="New",
        ),
        st.sampled_from(["c00", "c05", "new1", "new2"]),
        st.integers(1, 300),
        st.sampled_from("pqrs"),
        st.sampled_from([1, 5, -1]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 50), later=later_lines)
def test_what_comes_after_the_cutoff_changes_nothing(seed: int, later: list[Row]) -> None:
    rows = world(seed)
    before = _installed("c01", CUTOFF - timedelta(days=40), CUTOFF + timedelta(days=20))
    after = _installed("c02", CUTOFF + timedelta(days=1), None)
    assert _made(rows, [before]) == _made(rows + later, [before, after])


def test_row_order_and_threads_change_nothing(tmp_path: Path) -> None:
    rows = world(7, customers=40)
    installed = [_installed("c01", CUTOFF - timedelta(days=40), None)]
    made = facts(rows)
    shuffled = made.sample(fraction=1.0, shuffle=True, seed=1)
    results = []
    for number, (frame, threads) in enumerate([(made, 1), (shuffled, 2)]):
        warehouse = Warehouse(home=str(tmp_path / str(number)), threads=threads)
        fill(warehouse, frame, EVERYTHING, INDUSTRIES, installed)
        results.append(
            (
                checksum_of(matrix(warehouse, EVERYTHING, TARGETS)),
                checksum_of(learn(warehouse, EVERYTHING, TARGETS).statistics),
            )
        )
    assert results[0] == results[1]


def test_what_was_fitted_says_until_when(warehouse: Warehouse) -> None:
    later = line("c00", (CUTOFF + timedelta(days=1)).isoformat(), order_id="later")
    fill(warehouse, facts([*world(1), later]))
    learned = learn(warehouse)
    for table in (learned.statistics, learned.rules):
        assert table.filter(pl.col("fit_date") > CUTOFF).is_empty()
    assert learned.rules["fit_date"].max() <= CUTOFF - timedelta(days=60)
