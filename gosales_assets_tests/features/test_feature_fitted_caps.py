"""Winsor caps: exact percentiles of what is above zero, applied in the matrix and nowhere else."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from gosales_assets.features import caps, layers
from gosales_assets.features.catalog import feature
from gosales_assets.features.checks import differs, recomputed
from gosales_assets.features.contract import CUSTOMER_FEATURES, DIVISION_FEATURES, WINSOR_CAPS
from gosales_assets.parts import checksum_of
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import CUTOFF, facts, fill, matrix, world
from gosales_assets_tests.star.order_lines import tables

OF_CUSTOMER, OF_TARGET = "rfm__all__value__12m", "rfm__div__value__12m"
SEEN = date(2024, 6, 28)


def layers_of(values: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both layers with these values (customers), ten times as much per target."""
    base = {"cutoff": [CUTOFF] * len(values), "customer_id": [f"c{n}" for n in range(len(values))]}
    nothing = dict.fromkeys((*CUSTOMER_FEATURES.types, *DIVISION_FEATURES.types))
    whole = pl.DataFrame(nothing | base | {OF_CUSTOMER: values})
    parts = [
        pl.DataFrame(
            nothing | base | {OF_TARGET: values * factor, "division": [name] * len(values)}
        )
        for name, factor in (("Paint", 10), ("Tools", 100))
    ]
    customer = whole.select(list(CUSTOMER_FEATURES.types))
    return CUSTOMER_FEATURES.typed(customer), pl.concat(
        DIVISION_FEATURES.typed(part.select(list(DIVISION_FEATURES.types))) for part in parts
    )


def fitted(customer: pl.DataFrame, division: pl.DataFrame) -> pl.DataFrame:
    with tables(customer, division) as (whole, parts):
        return caps.fit_caps(whole, parts, CUTOFF, SEEN)


def test_caps_are_exact_percentiles_of_what_is_above_zero() -> None:
    draw = np.random.default_rng(4)
    values = np.round(draw.normal(50, 100, 999), 2)
    found = fitted(*layers_of(values))
    above = values[values > 0]
    cap = np.quantile(above, 0.99)
    rows = found.select("feature", "division", "cap", "rows").rows()
    assert rows == [
        (OF_CUSTOMER, "", pytest.approx(cap), above.size),
        (OF_TARGET, "Paint", pytest.approx(cap * 10), above.size),
        (OF_TARGET, "Tools", pytest.approx(cap * 100), above.size),
    ]
    assert set(found["fit_date"]) == {SEEN}


def test_nothing_above_zero_is_no_cap() -> None:
    found = fitted(*layers_of(np.array([0.0, -5.0])))
    assert found.equals(WINSOR_CAPS.empty())


def test_neither_row_order_nor_threads_show() -> None:
    customer, division = layers_of(np.random.default_rng(1).lognormal(5, 2, 500))
    shuffled = [frame.sample(fraction=1.0, shuffle=True, seed=2) for frame in (customer, division)]
    assert checksum_of(fitted(customer, division)) == checksum_of(fitted(*shuffled))


def test_only_money_and_quantities_are_capped() -> None:
    names = caps.capped_features("all") + caps.capped_features("div")
    assert {feature(name).unit for name in names} == {"base currency", "seats"}
    assert {OF_CUSTOMER, OF_TARGET} <= set(names)
    assert not any("orders" in name for name in names)


def test_the_matrix_is_cut_off_and_missing_values_stay_missing() -> None:
    frame = pl.DataFrame({OF_CUSTOMER: [1.0, 9.0, None, -3.0], OF_TARGET: [5.0, 6.0, 7.0, 8.0]})
    table = pl.DataFrame(
        {
            "feature": [OF_CUSTOMER, OF_TARGET, OF_TARGET, "not_here"],
            "division": ["", "Paint", "Tools", ""],
            "cap": [4.0, 6.5, 1.0, 1.0],
        }
    )
    cut = caps.capped(frame, caps.caps_of(table, "Paint"))
    assert cut[OF_CUSTOMER].to_list() == [1.0, 4.0, None, -3.0]
    assert cut[OF_TARGET].to_list() == [5.0, 6.0, 6.5, 6.5]


def test_the_as_of_check_knows_the_caps_and_still_sees_later_days(warehouse: Warehouse) -> None:
    later = date(2025, 1, 31)
    lines = facts(world(2, customers=30, last_day=later))
    fill(warehouse, lines)
    raw = matrix(warehouse).filter(pl.col("division") == "Tools")
    limits = {OF_TARGET: float(raw[OF_TARGET].quantile(0.8) or 0.0)}
    keys = ["cutoff", "division", "customer_id"]
    cut = layers.matrix(
        raw.select(*keys, "cohort"),
        raw.select("cutoff", "customer_id", pl.selectors.contains("__all__")),
        raw.select(*keys, pl.selectors.matches("__(div|mkt)__")),
        limits,
    )
    assert cut[OF_TARGET].max() == pytest.approx(limits[OF_TARGET])
    with tables(lines) as (table,):
        honest, late = (
            recomputed(table, day, keys[1:]).filter(pl.col("division") == "Tools")
            for day in (CUTOFF, later)
        )
    assert differs(cut, honest, "div", limits) == []
    assert [breach.column for breach in differs(cut, honest, "div")] == [OF_TARGET]
    assert OF_TARGET in {breach.column for breach in differs(cut, late, "div", limits)}
