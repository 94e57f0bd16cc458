"""Statistics are exact, whatever the order of the rows, and the pictures draw what is there."""

import math
import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.breaches import breaches
from gosales_assets.features.catalog import CATALOG, feature
from gosales_assets.features.contract import FEATURE_MATRIX, FEATURE_STATISTICS, MATRIX_STATISTICS
from gosales_assets.features.figures import (
    OF_CUSTOMERS,
    OF_TARGETS,
    coverage_by_family,
    pictures,
    spread_by_target,
    spread_of_customers,
)
from gosales_assets.features.layers import MATRIX_KEYS
from gosales_assets.features.statistics import QUANTILES, feature_statistics, matrix_statistics
from gosales_assets.warehouse import Written

CUTOFF = date(2024, 6, 30)
NAME = "rfm__div__value__12m"
VALUES = st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=60)


def described(
    values: list[float | None], caps: dict[str, float] | None = None
) -> dict[str, object]:
    layer = pl.DataFrame({"customer_id": ["c"] * len(values), NAME: values}, strict=False)
    layer = layer.with_columns(pl.col(NAME).cast(pl.Float64))
    (row,) = feature_statistics(layer, CUTOFF, "Tools", caps or {}).iter_rows(named=True)
    return row


@given(values=VALUES, seed=st.integers(0, 99))
def test_statistics_are_exact_and_do_not_depend_on_the_order(
    values: list[float | None], seed: int
) -> None:
    found = described(values)
    known = sorted(v for v in values if v is not None)
    assert found["rows"] == len(values)
    assert found["coverage"] == len(known) / len(values)
    for name, share in QUANTILES.items():
        # The smallest value that at least this share of the values does not exceed.
        reached = [v for v in known if sum(w <= v for w in known) >= share * len(known)]
        assert found[name] == (pytest.approx(reached[0], rel=1e-8) if reached else None)
    mean = math.fsum(known) / len(known) if known else None
    size = max(map(abs, known), default=0.0)
    assert found["mean"] == (mean if mean is None else pytest.approx(mean, abs=1e-8 * size))
    shuffled = random.Random(seed).sample(values, len(values))  # noqa: S311 - a test's order
    assert described(shuffled) == found


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1.0, float(str(described([-0.0, -0.0])["p50"]))) == 1.0


def test_caps_stand_beside_what_they_cut_off() -> None:
    assert described([1.0, 2.0], {NAME: 1.5})["cap"] == 1.5
    assert described([1.0, 2.0], {})["cap"] is None


def test_matrix_statistics_repeat_the_footers(tmp_path: Path) -> None:
    written = [
        Written("features.feature_matrix", {"division": name}, rows, f"sum of {name}", tmp_path)
        for name, rows in (("Paint", 3), ("Tools", 4))
    ]
    frame = matrix_statistics(written, CUTOFF)
    assert breaches(MATRIX_STATISTICS, frame) == []
    assert frame["rows"].to_list() == [3, 4]
    assert frame["checksum"].to_list() == ["sum of Paint", "sum of Tools"]
    assert set(frame["features"]) == {len(FEATURE_MATRIX.types) - len(MATRIX_KEYS)}


def described_frame() -> pl.DataFrame:
    """Statistics of every feature, for the customers and two targets; one signal is absent."""
    draw = random.Random(5)  # noqa: S311 - a test's figures
    layer = pl.DataFrame(
        {
            f.name: [None if f.family == "profile" else draw.expovariate(0.1) for _ in range(40)]
            for f in CATALOG
        },
        schema={f.name: pl.Float64 for f in CATALOG},
    )
    whole = [f.name for f in CATALOG if f.scope == "all"]
    parts = [feature_statistics(layer.select(whole), CUTOFF, "", {})]
    parts += [
        feature_statistics(layer.drop(whole), CUTOFF, target, {NAME: 20.0})
        for target in ("Paint", "Tools")
    ]
    return pl.concat(parts)


def test_pictures_draw_every_family_and_target() -> None:
    statistics = described_frame()
    assert breaches(FEATURE_STATISTICS, statistics) == []
    families = [t.get_text() for t in coverage_by_family(statistics).axes[0].get_yticklabels()]
    assert {name.split(" (")[0] for name in families} == {f.family for f in CATALOG}
    panels = [axes for axes in spread_by_target(statistics).axes if axes.get_visible()]
    assert len(panels) == len(OF_TARGETS) - 1  # profile is not known
    assert [t.get_text() for t in panels[0].get_yticklabels()] == ["Paint", "Tools"]
    assert len(pictures(statistics)) == 3


def test_pictures_leave_out_families_that_are_off() -> None:
    off = [f.name for f in CATALOG if f.family in {"lifetime", "margin", "returns", "season"}]
    statistics = described_frame().filter(~pl.col("feature").is_in(off))
    panels = [axes for axes in spread_of_customers(statistics).axes if axes.get_visible()]
    assert "Shares" not in {axes.get_title(loc="left") for axes in panels}
    assert len(panels) == len(OF_CUSTOMERS) - 1
    assert len(pictures(statistics)) == 3


def test_pictures_show_features_that_exist() -> None:
    shown = [*OF_TARGETS, *(name for panel in OF_CUSTOMERS for name in panel.rows.values())]
    assert [feature(name).name for name in shown] == shown
