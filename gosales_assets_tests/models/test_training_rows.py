"""What a model learns from: never a label whose window had not closed by the model's cutoff."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gosales_assets.calendar import cutoff_days, month_end, window_end
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.models.slices import slices_by_division
from gosales_assets.models.training_rows import data_checksums, labelled_rows, slice_rows
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.validation.scored_world import rows

DIVISIONS = ["Paint", "Tools", "Wood"]
CUTOFFS = cutoff_days(date(2022, 3, 31), date(2023, 12, 31), 3)
PEOPLE = [f"c{number}" for number in range(12)]


def write_labels(warehouse: Warehouse, windows: Mapping[str, int]) -> None:
    """Labels of these windows at all cutoffs."""
    label = [number % 2 for number in range(len(PEOPLE))]
    for day in CUTOFFS:
        for division, months in windows.items():
            same = {"cutoff": day, "division": division, "customer_id": PEOPLE}
            about = {"cohort": "repeat", "label": label, "window_months": months}
            made = rows(LABELS, len(PEOPLE), **same, **about)
            warehouse.write(LABELS, made, cutoff=day.isoformat(), division=division)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Matrices of three divisions at all cutoffs."""
    home = tmp_path_factory.mktemp("training") / "home"
    made = Warehouse(home=str(home), code_version="test", basis="test")
    for day in CUTOFFS:
        for division in DIVISIONS:
            keys = {"cutoff": day.isoformat(), "division": division}
            same = {"cutoff": day, "division": division, "customer_id": PEOPLE}
            same["cohort"] = "repeat"
            made.write(FEATURE_MATRIX, rows(FEATURE_MATRIX, len(PEOPLE), **same), **keys)
    return made


@given(
    cutoff=st.dates(CUTOFFS[0], date(2025, 1, 31)).map(month_end),
    windows=st.fixed_dictionaries({name: st.integers(1, 24) for name in DIVISIONS}),
    newest=st.integers(1, 7),
    most=st.sampled_from([30, 10_000]),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_row_is_learned_before_its_own_window_has_closed(
    warehouse: Warehouse, cutoff: date, windows: dict[str, int], newest: int, most: int
) -> None:
    slices = slices_by_division(CUTOFFS, cutoff, windows, newest)
    closed = {
        name: [c for c in CUTOFFS if window_end(c, windows[name]) <= cutoff] for name in windows
    }
    assert set(slices) == {name for name, days in closed.items() if days}
    if not slices:
        return
    write_labels(warehouse, windows)
    training, selection = slice_rows(warehouse, slices, windows, most, seed=3)
    for part in (training, selection):
        for day, division in part.select("cutoff", "division").unique().iter_rows():
            assert window_end(day, windows[division]) <= cutoff
        assert part.equals(part.sort("cutoff", "division", "customer_id"))
    for division, own in slices.items():
        learned = training.filter(pl.col("division") == division)
        judged = selection.filter(pl.col("division") == division)
        assert judged["cutoff"].is_in([own.selection]).all()
        if own.split == "time":
            assert (learned["cutoff"] < own.selection).all()
        else:
            assert not set(learned["customer_id"]) & set(judged["customer_id"])
    assert training.height <= most or training["customer_id"].n_unique() == 1
    assert set(data_checksums(warehouse, slices)) == {
        day.isoformat() for own in slices.values() for day in own.cutoffs
    }


def test_one_closed_cutoff_is_divided_by_customer_and_nobody_is_lost(warehouse: Warehouse) -> None:
    windows = {"Paint": 6, "Tools": 6, "Wood": 9}
    slices = slices_by_division(CUTOFFS, CUTOFFS[3], windows, 6)
    assert [own.split for own in slices.values()] == ["time", "time", "customer"]
    write_labels(warehouse, windows)
    training, selection = slice_rows(warehouse, slices, windows, 10_000, seed=3)
    wood = [part.filter(pl.col("division") == "Wood") for part in (training, selection)]
    assert sorted(wood[0]["customer_id"].to_list() + wood[1]["customer_id"].to_list()) == sorted(
        PEOPLE
    )
    assert {part["cutoff"].unique().item() for part in wood} == {CUTOFFS[0]}


def test_labels_of_another_window_are_refused(warehouse: Warehouse) -> None:
    write_labels(warehouse, {"Paint": 6, "Tools": 6, "Wood": 9})
    with pytest.raises(ValueError, match="Wood look 9 months ahead, the model is to look 6"):
        labelled_rows(warehouse, [(CUTOFFS[0], "Wood")], {"Wood": 6}, 10_000, seed=3)


def test_a_label_without_its_matrix_row_is_an_error(warehouse: Warehouse, tmp_path: Path) -> None:
    home = Warehouse(home=str(tmp_path / "home"), code_version="test", basis="test")
    keys = {"cutoff": CUTOFFS[0].isoformat(), "division": "Wood"}
    write_labels(home, {"Wood": 6})
    home.write(FEATURE_MATRIX, warehouse.read(FEATURE_MATRIX, **keys).head(10), **keys)
    with pytest.raises(ValueError, match="lacks 2 labelled customers"):
        labelled_rows(home, [(CUTOFFS[0], "Wood")], {"Wood": 6}, 10_000, seed=3)
