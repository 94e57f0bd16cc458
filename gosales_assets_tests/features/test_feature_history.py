"""The own past: what features may not depend on, and the corners of what they count."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from gosales_assets.features.catalog import CATALOG
from gosales_assets.features.staging import matching
from gosales_assets.settings import Settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import (
    CUTOFF,
    SMALL,
    TARGETS,
    cells,
    facts,
    fill,
    installed_products,
    matrix,
    rough,
    world,
)
from gosales_assets_tests.star.order_lines import Row, line

KEYS = ["division", "customer_id", "cohort"]
SEATS = Settings.model_validate(
    {"features": {"affinity_min_customers": 2, "seat_skus": ["q"]}, "today": "2024-07-01"}
)
LOUD = {"Tools": "TOOLS", "Paint": "paint", "Wood": " Wöod", "Brushes": "brush_es"}


def _matrix_of(
    home: Path, change: Callable[[Row], Row], settings: Settings = SEATS, cutoff: date = CUTOFF
) -> pl.DataFrame:
    warehouse = Warehouse(home=str(home))
    rows = [change(row) for row in rough(world(5), 5)]
    base = [change(row) for row in installed_products(5)]
    fill(warehouse, facts(rows), settings, installed=base)
    names = sorted(change({"division": target})["division"] for target in TARGETS)
    return matrix(warehouse, settings, names, cutoff)


def _four_years_earlier(row: Row) -> Row:
    days = ("order_date", "purchase_date", "expiration_date")
    moved = {name: row[name] for name in days if row.get(name) is not None}
    return row | {name: day.replace(year=day.year - 4) for name, day in moved.items()}


def test_the_calendar_year_changes_nothing(tmp_path: Path) -> None:
    now = _matrix_of(tmp_path / "now", lambda row: row)
    cutoff = CUTOFF.replace(year=CUTOFF.year - 4)
    then = _matrix_of(tmp_path / "then", _four_years_earlier, cutoff=cutoff)
    assert_frame_equal(now.drop("cutoff"), then.drop("cutoff"), check_exact=True)


def test_the_day_it_is_computed_on_changes_nothing(tmp_path: Path) -> None:
    later = SEATS.model_copy(update={"today": date(2031, 1, 1)})
    now = _matrix_of(tmp_path / "now", lambda row: row)
    then = _matrix_of(tmp_path / "then", lambda row: row, settings=later)
    assert_frame_equal(now, then, check_exact=True)


def test_how_a_division_is_written_changes_nothing(tmp_path: Path) -> None:
    def renamed(row: Row) -> Row:
        return row | {"division": LOUD[row["division"]]} if "division" in row else row

    plain = _matrix_of(tmp_path / "plain", lambda row: row)
    loud = _matrix_of(tmp_path / "loud", renamed)
    meant = {loud: plain for plain, loud in LOUD.items()}
    back = loud.with_columns(pl.col("division").replace_strict(meant))
    assert_frame_equal(plain.sort(KEYS), back.sort(KEYS), check_exact=True)


def test_a_day_with_returns_only_counts_in_the_value_seen_sixty_days_ago(
    warehouse: Warehouse,
) -> None:
    rows = [
        line("a", "2024-02-10", order_id="o", revenue=50),
        line("a", "2024-02-12", order_id="r", quantity=-1, revenue=-20),
        line("a", "2024-05-02", order_id="late", revenue=7),  # 59 days before the cutoff
    ]
    fill(warehouse, facts(rows))
    found = cells(matrix(warehouse))["Tools", "a"]
    for scope in ("all", "div"):
        assert found[f"offset__{scope}__value__3m"] == 30.0
        assert found[f"offset__{scope}__orders__3m"] == 1.0
        assert found[f"rfm__{scope}__value__3m"] == 7.0


def test_revenue_is_zero_where_nothing_was_bought_and_null_where_it_is_unknown(
    warehouse: Warehouse,
) -> None:
    rows = [
        line("a", "2023-02-10", order_id="o"),
        line("a", "2024-05-10", order_id="p", revenue=None, gross_profit=3),
    ]
    fill(warehouse, facts(rows))
    found = cells(matrix(warehouse))
    assert found["Tools", "a"]["rfm__div__revenue__3m"] is None
    assert found["Tools", "a"]["rfm__div__revenue__24m"] == 10.0
    assert found["Wood", "a"]["rfm__div__revenue__3m"] == 0.0
    assert found["Wood", "a"]["rfm__all__revenue__3m"] is None


def test_seats_are_told_by_globs_in_any_letter_case() -> None:
    skus = ["SWX_Seats", "pdm_seats", "Seats_of_office", "q", "q[1]"]
    assert matching(skus, ["*_SEATS"]) == ["SWX_Seats", "pdm_seats"]
    assert matching(skus, ["Q", "seats?of*"]) == ["Seats_of_office", "q"]
    assert matching(skus, ["nothing"]) == []


@pytest.mark.parametrize("glob", ["q", "no such product"])
def test_seats_are_zero_for_whoever_bought_none(warehouse: Warehouse, glob: str) -> None:
    rows = [
        line("a", "2024-02-10", order_id="o"),
        line("b", "2024-02-10", order_id="o", sku="q", quantity=3),
        line("b", "2022-05-10", order_id="p", sku="q", quantity=None),
    ]
    settings = SMALL.model_copy(
        update={"features": SMALL.features.model_copy(update={"seat_skus": [glob]})}
    )
    fill(warehouse, facts(rows), settings)
    found = cells(matrix(warehouse, settings))
    names = [f.name for f in CATALOG if f.family == "seats"]
    assert {found["Tools", "a"][name] for name in names} == {0.0}
    units = 3.0 if glob == "q" else 0.0
    assert found["Wood", "b"]["seats__all__quantity__12m"] == units
    assert found["Wood", "b"]["seats__div__quantity__12m"] == 0.0
    assert found["Tools", "b"]["seats__div__quantity__24m"] == units
