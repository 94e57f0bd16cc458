"""Labels against a slow plain-Python truth, value by value, on made and on real order lines."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from gosales_assets.labels.windows import window_table
from gosales_assets_tests.features.feature_worlds import CUTOFF, facts, world
from gosales_assets_tests.features.real_lines import uk2y_lines
from gosales_assets_tests.labels.labels_oracle import labels_of
from gosales_assets_tests.labels.laid_out import labelled_lines

MEASURES = ["cohort", "label", "net_gp_window", "orders_window"]


def computed(
    frame: pl.DataFrame,
    targets: Mapping[str, int],
    cutoff: date,
    sets: Mapping[str, Sequence[str]],
    denied: Sequence[str] = (),
    threshold: float = 0,
) -> pl.DataFrame:
    """Labels as the product makes them."""
    windows = window_table((cutoff, target, months) for target, months in targets.items())
    return labelled_lines(frame, sets, windows, denied, threshold)


def as_truth(frame: pl.DataFrame) -> dict[tuple[str, str], dict[str, object]]:
    return {
        (row["division"], row["customer_id"]): {name: row[name] for name in MEASURES}
        for row in frame.iter_rows(named=True)
    }


@pytest.mark.parametrize("seed", range(3))
def test_labels_equal_the_plain_python_truth(seed: int) -> None:
    frame = facts(world(seed, last_day=date(2025, 6, 30)))
    targets, sets = {"Paint": 3, "Set q": 12, "Tools": 6, "Wood": 9}, {"Set q": ["q", "r"]}
    ours = as_truth(computed(frame, targets, CUTOFF, sets, denied=["s"], threshold=20))
    people = frame["customer_id"].unique().to_list()
    truth = labels_of(frame.to_dicts(), people, targets, CUTOFF, sets, denied=["s"], threshold=20)
    assert ours == truth
    assert {row["label"] for row in truth.values()} == {0, 1}


def test_labels_of_real_customers_equal_the_plain_python_truth(shared_data: Path) -> None:
    frame = facts(uk2y_lines(shared_data, every=400))
    targets = dict.fromkeys(frame["division"].unique().sort(), 6)
    cutoff = date(2010, 12, 31)
    ours = as_truth(computed(frame, targets, cutoff, {}))
    people = frame["customer_id"].unique().sort()
    assert ours == labels_of(frame.to_dicts(), people, targets, cutoff, {})
    assert sum(bool(row["label"]) for row in ours.values()) > 10
