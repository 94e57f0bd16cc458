"""Capacity and segments: figures by hand, shares that add up, a neglected segment that is named."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.validation.capacity import SHARES, capacity
from gosales_assets.validation.contract import CAPACITY, SEGMENTS
from gosales_assets.validation.segments import left_behind, segments

CUTOFF = date(2024, 6, 30)


def world(n: int = 1_000, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, n)
    label = rng.random(n) < p
    return pl.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in range(n)],
            "icp_score": p,
            "label": label.astype(int),
            "value": np.where(label, 100.0, 0.0),
        }
    )


def reps(known: pl.DataFrame) -> pl.DataFrame:
    names = pl.Series(["ann", "bob", None, "ann"] * (known.height // 4))
    return known.select("customer_id", rep=names)


def measured(known: pl.DataFrame) -> pl.DataFrame:
    return capacity(known, reps(known), CUTOFF, "PDM", 100, 7)


def test_scenarios_by_hand():
    known = world()
    found = measured(known)
    assert breaches(CAPACITY, found) == []
    best = known.sort("icp_score", descending=True)
    for percent in SHARES:
        row = found.filter(pl.col("rep").is_null(), percent=percent).row(0, named=True)
        called = best.head(10 * percent)
        assert row["contacts"] == 10 * percent
        assert row["precision"] == pytest.approx(called["label"].mean())
        assert row["capture"] == pytest.approx(called["label"].sum() / known["label"].sum())
        assert row["value"] == pytest.approx(called["value"].sum())
        for name in ("precision", "capture", "value"):
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]


def test_each_rep_calls_the_best_of_their_own():
    known = world()
    found = measured(known)
    assert found["rep"].unique().sort(nulls_last=True).to_list() == ["ann", "bob", None]
    own = known.join(reps(known), on="customer_id").filter(rep="ann")
    row = found.filter(rep="ann", percent=10).row(0, named=True)
    assert (row["customers"], row["contacts"]) == (500, 50)
    called = own.sort("icp_score", descending=True).head(50)
    assert row["precision"] == pytest.approx(called["label"].mean())


def test_capacity_of_few_customers_none_and_no_buyers():
    few = world(4)
    assert breaches(CAPACITY, measured(few)) == []
    assert measured(few)["contacts"].min() == 1
    assert measured(world().clear()).is_empty()
    nobody = measured(world().with_columns(label=pl.lit(0), value=pl.lit(0.0)))
    assert breaches(CAPACITY, nobody) == []
    assert nobody["capture"].null_count() == nobody.height
    assert set(nobody["precision"]) == set(nobody["value"]) == {0.0}


def attributes(known: pl.DataFrame) -> pl.DataFrame:
    half = pl.int_range(pl.len()) % 2 == 0
    return known.select(
        "customer_id",
        industry=pl.when(half).then(pl.lit("Aerospace")),
        region=pl.when(half).then(pl.lit("East")).otherwise(pl.lit("West")),
    )


def test_segments_served_alike_raise_no_warning():
    known = world(4_000)
    found = segments(known, attributes(known), CUTOFF, "PDM", 100, 7)
    assert breaches(SEGMENTS, found) == []
    assert found["segment"].to_list() == ["Aerospace", "unknown", "East", "West"]
    assert left_behind(found) == []
    by_region = found.filter(attribute="region")
    buyers = (by_region["capture"] * by_region["positives"]).sum()
    assert buyers == pytest.approx(by_region["overall"][0] * known["label"].sum())
    assert found.filter(~pl.col("capture").is_between("low", "high")).is_empty()


def test_a_neglected_region_is_named_with_its_figures():
    known = world(4_000)
    west = pl.int_range(pl.len()) % 2 == 1
    blind = known.with_columns(
        icp_score=pl.when(west).then(pl.col("icp_score") * 0.3).otherwise("icp_score")
    )
    found = segments(blind, attributes(blind), CUTOFF, "PDM", 100, 7)
    (industry, region) = left_behind(found)
    assert industry.startswith("industry unknown: the best tenth holds")
    assert region.startswith("region West: the best tenth holds")


def test_a_list_without_any_order_leaves_nobody_behind():
    flat = world(4_000).with_columns(icp_score=pl.lit(0.2))
    found = segments(flat, attributes(flat), CUTOFF, "PDM", 100, 7)
    assert set(found["capture"].round(9)) == {0.1}
    assert left_behind(found) == []


def test_few_buyers_are_no_warning_and_none_no_rows():
    known = world(4_000)
    few = attributes(known).with_columns(
        region=pl.when(pl.int_range(pl.len()) < 20).then(pl.lit("Tiny")).otherwise(pl.lit("Rest"))
    )
    low = known.with_columns(
        icp_score=pl.when(pl.int_range(pl.len()) < 20).then(0.0).otherwise("icp_score")
    )
    found = segments(low, few, CUTOFF, "PDM", 100, 7)
    assert left_behind(found) == []
    assert found.filter(segment="Tiny")["positives"].item() < 25
    assert segments(known.clear(), few, CUTOFF, "PDM", 100, 7).is_empty()
    nobody = known.with_columns(label=pl.lit(0))
    assert segments(nobody, few, CUTOFF, "PDM", 100, 7).is_empty()
