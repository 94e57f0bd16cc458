"""Prevalence: counts per cohort, and a warning where buying is too rare or too common."""

from datetime import date

import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.labels.completeness import closed_windows_only, every_customer
from gosales_assets.labels.contract import LABELS, NEW_LOGOS, PREVALENCE
from gosales_assets.labels.prevalence import cohorts_of, markdown, prevalence, unusual


def labels_of(division: str, *rows: tuple[str, int]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"cohort": pl.String, "label": pl.Int64}, orient="row")
    return frame.with_columns(cutoff=pl.lit(date(2024, 6, 30)), division=pl.lit(division))


def test_counts_per_cohort_and_in_all() -> None:
    frame = PREVALENCE.typed(
        prevalence(
            pl.concat(
                [
                    labels_of("Tools", ("repeat", 1), ("repeat", 0), ("expansion", 0)),
                    labels_of("Paint", ("expansion", 1)),
                ]
            ).pipe(cohorts_of),
            NEW_LOGOS.empty(),
        )
    )
    assert breaches(PREVALENCE, frame) == []
    assert frame.drop("cutoff").rows() == [
        ("Paint", "all", 1, 1, 1.0),
        ("Paint", "expansion", 1, 1, 1.0),
        ("Paint", "repeat", 0, 0, None),
        ("Tools", "all", 3, 1, 1 / 3),
        ("Tools", "expansion", 1, 0, 0.0),
        ("Tools", "repeat", 2, 1, 0.5),
    ]
    assert markdown(frame).splitlines()[2:] == [
        "| Paint | 100.0% (1 of 1) | 100.0% (1 of 1) | - |",
        "| Tools | 33.3% (1 of 3) | 0.0% (0 of 1) | 50.0% (1 of 2) |",
    ]


def test_prospects_are_a_cohort_of_their_own_and_not_among_all() -> None:
    prospects = labels_of("Tools", ("new_logo", 1), ("new_logo", 0))
    frame = PREVALENCE.typed(
        prevalence(cohorts_of(labels_of("Tools", ("expansion", 0))), prospects)
    )
    assert breaches(PREVALENCE, frame) == []
    assert frame.drop("cutoff", "division").rows() == [
        ("all", 1, 0, 0.0),
        ("expansion", 1, 0, 0.0),
        ("new_logo", 2, 1, 0.5),
        ("repeat", 0, 0, None),
    ]
    assert markdown(frame).splitlines() == [
        "| division | all | expansion | new_logo | repeat |",
        "|---|--:|--:|--:|--:|",
        "| Tools | 0.0% (0 of 1) | 0.0% (0 of 1) | 50.0% (1 of 2) | - |",
    ]


def test_an_open_window_has_no_prevalence() -> None:
    frame = PREVALENCE.typed(prevalence(cohorts_of(LABELS.empty()), NEW_LOGOS.empty()))
    assert frame.is_empty()
    assert unusual(frame) == []


@pytest.mark.parametrize(
    ("positives", "rows", "warns"),
    [(0, 200, True), (1, 201, True), (1, 200, False), (1, 2, False), (101, 200, True)],
)
def test_warns_outside_half_a_percent_and_half(positives: int, rows: int, warns: bool) -> None:
    answers = [("expansion", int(n < positives)) for n in range(rows)]
    found = unusual(prevalence(cohorts_of(labels_of("Tools", *answers)), NEW_LOGOS.empty()))
    assert [breach.examples for breach in found] == (
        [(f"Tools: {positives} of {rows}",)] if warns else []
    )


def test_lost_candidates_and_early_labels_are_found() -> None:
    assert every_customer(5, 5) == []
    assert every_customer(4, 5)[0].rows == 1
    assert closed_windows_only(5, 5, is_closed=True) == []
    assert closed_windows_only(0, 5, is_closed=False) == []
    assert "closed window" in closed_windows_only(4, 5, is_closed=True)[0].rule
    assert "open window" in closed_windows_only(5, 5, is_closed=False)[0].rule
