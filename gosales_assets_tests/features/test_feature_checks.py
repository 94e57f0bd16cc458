"""The room's own checks find what they are for."""

from datetime import timedelta

import polars as pl
import pytest

from gosales_assets.features.checks import differs, fitted_later, not_finite, recomputed
from gosales_assets.features.layers import matrix as join_layers
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import CUTOFF, facts, fill, learn, matrix, world
from gosales_assets_tests.star.order_lines import tables


def test_infinite_numbers_are_found() -> None:
    frame = pl.DataFrame({"id": ["a", "b"], "x": [float("inf"), 1.0], "y": [None, float("nan")]})
    assert [(b.column, b.rows) for b in not_finite(frame)] == [("x", 1), ("y", 1)]
    assert not_finite(pl.DataFrame({"x": [None, 1.0]})) == []


def test_features_agree_with_truncated_facts_and_not_with_later_ones(warehouse: Warehouse) -> None:
    later = CUTOFF + timedelta(days=200)
    lines = facts(world(2, last_day=later))
    fill(warehouse, lines)
    of_target = matrix(warehouse).filter(pl.col("division") == "Tools")
    keys = ["division", "customer_id"]
    with tables(lines) as (table,):
        honest, late = (
            recomputed(table, day, keys).filter(pl.col("division") == "Tools")
            for day in (CUTOFF, later)
        )
    assert differs(of_target, honest, "div") == []
    assert {b.column for b in differs(of_target, late, "div")} >= {"rfm__div__orders__ever"}


def test_what_was_fitted_on_later_days_is_found(warehouse: Warehouse) -> None:
    fill(warehouse, facts(world(2)))
    statistics = learn(warehouse).statistics
    assert fitted_later(statistics) == []
    late = statistics.with_columns(fit_date=pl.lit(CUTOFF + timedelta(days=1)))
    assert fitted_later(late)[0].rows == statistics.height


def test_a_candidate_without_features_is_refused(warehouse: Warehouse) -> None:
    fill(warehouse, facts(world(2)))
    frame = matrix(warehouse).filter(pl.col("division") == "Tools")
    customer = frame.select("cutoff", "customer_id", pl.selectors.contains("__all__"))
    division = frame.select(
        "cutoff", "division", "customer_id", pl.selectors.matches("__(div|mkt)__")
    )
    candidates = frame.select("cutoff", "division", "customer_id", "cohort")
    assert join_layers(candidates, customer, division, {}).equals(frame)
    with pytest.raises(ValueError, match="1 candidates have no features"):
        join_layers(candidates, customer, division[1:], {})
