"""Probe 3: features and labels share no day, and open windows have no labels."""

from datetime import timedelta
from typing import Any

import dagster as dg
import ibis
import polars as pl
import pytest

from gosales_assets.calendar import add_months
from gosales_assets.labels import assets as labels_room
from gosales_assets.labels.contract import CANDIDATES, LABELS, TARGET_WINDOWS
from gosales_assets.partitions import KEYS, day
from gosales_assets.settings import current_settings
from gosales_assets.sources.contract import LABEL_DENYLIST
from gosales_assets.star.contract import CUSTOMER_DAY, DIM_CUTOFF
from gosales_assets.star.cutoffs import cutoff_table
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import CUTOFF, cells, facts, fill, matrix
from gosales_assets_tests.labels.laid_out import candidates_of
from gosales_assets_tests.labels.test_labels_oracle import as_truth, computed
from gosales_assets_tests.star.order_lines import Row, line

MONTHS = 3
END = add_months(CUTOFF, MONTHS)
KEY = {"cutoff": KEYS.cutoffs[0], "division": KEYS.divisions[0]}


def buyers_around(*ends: Any) -> dict[str, Any]:
    """Customer -> day of the only purchase: the days around each of these days."""
    return {f"{end}{days:+}": end + timedelta(days=days) for end in ends for days in range(-3, 4)}


def lines_of(days: dict[str, Any], division: str = "Tools") -> list[Row]:
    """Each customer's one purchase of the division, and something else long before."""
    long_ago = (min(days.values()) - timedelta(days=300)).isoformat()
    old = [line(name, long_ago, sku="s", division="Wood", order_id="old") for name in days]
    new = [
        line(name, when.isoformat(), division=division, order_id="new")
        for name, when in days.items()
    ]
    return old + new


def test_every_day_is_either_seen_by_features_or_counted_by_labels(warehouse: Warehouse) -> None:
    days = buyers_around(CUTOFF, END)
    frame = facts(lines_of(days))
    fill(warehouse, frame)
    features = cells(matrix(warehouse))
    labels = as_truth(computed(frame, {"Tools": MONTHS}, CUTOFF, {}))
    for customer, when in days.items():
        seen = features["Tools", customer]["rfm__div__orders__ever"] > 0
        counted = labels["Tools", customer]["label"] == 1
        assert (seen, counted) == (when <= CUTOFF, CUTOFF < when <= END), when


@pytest.fixture
def ready(warehouse: Warehouse) -> Warehouse:
    """Everything that the labels of one cutoff and target are made of."""
    cutoff, months = day(KEY["cutoff"]), current_settings().window_months
    end = add_months(cutoff, months)
    log = facts(lines_of(buyers_around(cutoff, end), KEY["division"]))
    fill(warehouse, log, current_settings())
    warehouse.write(LABEL_DENYLIST, LABEL_DENYLIST.empty())
    warehouse.write(TARGET_WINDOWS, _windows(months))
    known_to = end + timedelta(days=3)
    warehouse.write(DIM_CUTOFF, cutoff_table([cutoff], months, log["order_date"].min(), known_to))
    everybody = candidates_of(warehouse.read(CUSTOMER_DAY), [KEY["division"]], cutoff)
    warehouse.write(CANDIDATES, everybody, **KEY)
    return warehouse


def _windows(months: int) -> pl.DataFrame:
    about = {"window_months": months, "source": "default", "closed_cutoffs": 1}
    rows = [about | {"division": d, "positives": None, "note": None} for d in KEYS.divisions]
    return pl.DataFrame(rows, schema=TARGET_WINDOWS.types)


def failed_checks(warehouse: Warehouse, instance: dg.DagsterInstance) -> set[str]:
    """Make the labels as the product does, and say which of its checks fail."""
    result = dg.materialize(
        [labels_room.labels, labels_room.windows_closed, labels_room.after_cutoff],
        partition_key=f"{KEY['cutoff']}|{KEY['division']}",
        resources={"warehouse": warehouse, "settings": current_settings()},
        instance=instance,
        raise_on_error=False,
    )
    evaluations = result.get_asset_check_evaluations()
    assert {e.check_name for e in evaluations} == {"windows_closed", "after_cutoff"}
    return {e.check_name for e in evaluations if not e.passed}


def test_honest_labels_pass(ready: Warehouse, instance: dg.DagsterInstance) -> None:
    assert failed_checks(ready, instance) == set()
    assert ready.read(LABELS, **KEY)["label"].sum() == 7


def test_a_window_that_begins_at_the_cutoff_is_caught(
    ready: Warehouse, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = labels_room.outcomes

    def from_the_cutoff_on(lines: Any, *others: Any) -> Any:
        later = lines.order_date + ibis.interval(days=1)
        return honest(lines.mutate(order_date=later.cast("date")), *others)

    monkeypatch.setattr(labels_room, "outcomes", from_the_cutoff_on)
    assert failed_checks(ready, instance) == {"after_cutoff"}
    assert ready.is_broken(LABELS, **KEY)


def test_labels_of_a_window_that_is_still_open_are_caught(
    ready: Warehouse, instance: dg.DagsterInstance
) -> None:
    ten_years = 120
    believed = ready.read(DIM_CUTOFF).with_columns(months_known=pl.lit(ten_years, pl.Int64))
    ready.write(DIM_CUTOFF, believed)
    ready.write(TARGET_WINDOWS, _windows(ten_years))
    assert failed_checks(ready, instance) == {"after_cutoff"}
