"""The account in plain words: what it claims, and when it claims nothing."""

from datetime import date

import polars as pl
import pytest

from gosales_assets.validation.contract import BACKTESTS
from gosales_assets.validation.summary import below_naive, summarise


def backtests(model: float, naive: float = 0.6, half: float = 0.02, cells: int = 3) -> pl.DataFrame:
    figures = {
        ("auc", "model"): (model, model - half, model + half),
        ("auc", "naive"): (naive, naive - half, naive + half),
        ("lift_10", "model"): (2.5, 2.0, 3.0),
        ("lift_10", "naive"): (1.5, 1.0, 2.0),
    }
    records = [
        {
            "division": f"D{d}",
            "cutoff": date(2024, c + 1, 1),
            "cohort": "all",
            "metric": metric,
            "ranking": ranking,
            "value": value,
            "low": low,
            "high": high,
            "rows": 100,
            "positives": 30,
        }
        for d in range(cells)
        for c in range(2)
        for (metric, ranking), (value, low, high) in figures.items()
    ]
    return pl.DataFrame(records, schema=BACKTESTS.types)


def test_signal_is_told_with_its_figures_and_the_bar():
    summary = summarise(backtests(0.72))[0]
    assert not summary.no_signal
    assert summary.in_words() == (
        "For all customers, over 3 divisions and 2 closed cutoffs, the model has a mean AUC of "
        "0.72, and the best tenth of its list holds 2.5x the buyers of a random tenth, ahead of "
        "the naive ranking (AUC 0.60, 1.5x)."
    )


@pytest.mark.parametrize(
    ("auc", "half", "no_signal"),
    [
        (0.50, 0.01, True),
        (0.53, 0.001, True),
        (0.47, 0.001, True),
        (0.54, 0.01, False),
        (0.54, 0.08, True),
        (0.40, 0.01, True),
    ],
)
def test_no_signal_rule(auc, half, no_signal):
    summary = summarise(backtests(auc, half=half))[0]
    assert summary.no_signal is no_signal
    assert ("no signal" in summary.in_words()) is no_signal


def test_pooled_interval_narrows_with_cutoffs_only():
    summary = summarise(backtests(0.7, half=0.08))[0]
    assert summary.high - summary.low == pytest.approx(2 * 0.08 / 2**0.5, rel=1e-3)
    wider = summarise(backtests(0.7, half=0.08, cells=9))[0]
    assert wider.high - wider.low == pytest.approx(summary.high - summary.low)


def test_naive_ahead_is_said():
    assert "not ahead of the naive ranking" in summarise(backtests(0.7, naive=0.75))[0].in_words()


def test_without_closed_cutoffs_nothing_is_claimed():
    for summary in summarise(BACKTESTS.empty()):
        assert "nothing can be said" in summary.in_words()


def test_below_naive_names_the_figures_where_there_are_enough_buyers():
    cell = backtests(0.61, naive=0.66, cells=1).filter(pl.col("cutoff") == date(2024, 1, 1))
    (sentence,) = below_naive(cell)
    assert sentence == "all: AUC 0.610 of the model is below 0.660 of the naive ranking (30 buyers)"
    assert below_naive(cell.with_columns(positives=pl.lit(24))) == []
    assert below_naive(cell.with_columns(value=pl.lit(None, pl.Float64))) == []
    assert below_naive(BACKTESTS.empty()) == []
