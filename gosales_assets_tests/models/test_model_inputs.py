"""Ranks are those of Polars and normal scores those of SciPy, whatever the rows and their order."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from gosales_assets.models import inputs as inputs_module
from gosales_assets.models.inputs import Inputs
from gosales_assets.models.normal_scores import TAIL, normal_scores

FEATURES = ("orders__all__x__12m", "days__div__x__ever", "value__div__x__ever", "none__div__x__now")
RATES = {"A": 0.1, "B": 0.5}
INPUTS = Inputs(FEATURES, FEATURES, tuple(RATES), RATES)
GROUP = ["cutoff", "division"]

WILD = st.sampled_from([0.0, -0.0, np.inf, -np.inf, 1e-40, -1e-40, 1.0, -1.0, 3.5])
VALUES = st.none() | WILD | st.floats(width=32, allow_nan=False)


def expected(name: str) -> pl.Expr:
    """Share of the group below, equal ones counted half: the definition, by Polars."""
    return ((pl.col(name).rank("average") - 0.5) / pl.col(name).count()).over(GROUP)


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, max_size=40))
def test_scores_are_those_of_the_rank(values: list[float | None]) -> None:
    frame = pl.DataFrame({"v": values}, {"v": pl.Float32}).with_columns(cutoff=1, division=1)
    ranks = frame.select(expected("v").cast(pl.Float32))["v"].fill_null(np.nan).to_numpy()
    wanted = ndtri(np.clip(ranks, TAIL, 1 - TAIL)).astype(np.float32)
    numbers = frame["v"].fill_null(np.nan).to_numpy()
    assert np.array_equal(normal_scores(numbers), wanted, equal_nan=True)


def matrix(rows: int = 60, divisions: str = "AB") -> pl.DataFrame:
    """Two cutoffs; the first feature is the same in every division, the last never known."""
    draw = np.random.default_rng(rows)
    orders = draw.poisson(2, rows).astype(np.float32)
    parts = []
    for cutoff in (date(2024, 3, 31), date(2024, 6, 30)):
        for division in divisions:
            days = np.where(draw.random(rows) < 0.4, np.nan, draw.integers(0, 9, rows))
            columns = (orders, days, draw.normal(size=rows), np.full(rows, np.nan))
            parts.append(
                pl.DataFrame(
                    {"cutoff": [cutoff] * rows, "division": [division] * rows}
                    | dict(zip(FEATURES, columns, strict=True))
                ).with_columns(pl.col(FEATURES).fill_nan(None).cast(pl.Float32))
            )
    return pl.concat(parts)


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_may_come_in_any_order(threads: int) -> None:
    for rows in (matrix(), matrix().sample(fraction=0.6, shuffle=True, seed=1), matrix().clear()):
        numbers = INPUTS.numbers(rows, threads)
        ranks = rows.select(expected(name).cast(pl.Float32) for name in FEATURES).to_numpy()
        wanted = np.column_stack(
            [
                rows.select(FEATURES).to_numpy(),
                ndtri(np.clip(ranks, TAIL, 1 - TAIL)),
                rows["division"].replace_strict({"A": 0.0, "B": 1.0}),
                rows["division"].replace_strict({"A": np.log(1 / 9), "B": 0.0}),
            ]
        ).astype(np.float32)
        assert numbers.shape == (rows.height, len(INPUTS.columns))
        assert np.allclose(numbers, wanted, rtol=0, atol=1e-6, equal_nan=True)


def test_what_is_the_same_in_another_division_is_ranked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = matrix().filter(pl.col("cutoff") == date(2024, 3, 31))
    first, second = rows.partition_by("division", maintain_order=True)
    wanted = INPUTS.numbers(second)
    alike = INPUTS.numbers(first)
    ranked = []
    monkeypatch.setattr(
        inputs_module, "normal_scores", lambda own: (ranked.append(len(own)), normal_scores(own))[1]
    )
    assert np.array_equal(INPUTS.numbers(second, alike=alike), wanted, equal_nan=True)
    assert len(ranked) == 2, "of four features one is the same, and one always missing"
    ranked.clear()
    INPUTS.numbers(rows)
    assert len(ranked) == 6
    assert np.array_equal(INPUTS.numbers(second, alike=alike[:-1]), wanted, equal_nan=True)
