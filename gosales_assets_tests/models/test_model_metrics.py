"""Metrics against scikit-learn and by hand; the naive ranking; the blend's weight."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from gosales_assets.breaches import breaches
from gosales_assets.models.blend import choose_weight
from gosales_assets.models.contract import MODEL_METRICS
from gosales_assets.models.evaluation import model_metrics
from gosales_assets.models.figures import LOWERS, RAISES, what_moves_scores
from gosales_assets.models.metrics import auc, lift, log_loss, sigmoid
from gosales_assets.models.naive import naive_score

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=2, max_size=80)


@given(PAIRS)
def test_auc_and_log_loss_agree_with_sklearn(pairs: list[tuple[int, int]]) -> None:
    scores, labels = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    if len(set(labels)) == 1:
        assert auc(scores, labels) is None
        return
    assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
    p = (scores + 0.5) / 11
    assert log_loss(p, labels) == pytest.approx(sklearn_log_loss(labels, p))


def test_lift_shares_a_tie_at_the_border() -> None:
    labels = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    assert lift(np.arange(10, 0, -1.0), labels) == pytest.approx(5)
    assert lift(np.zeros(10), labels) == pytest.approx(1)
    assert lift(np.arange(10.0), np.zeros(10)) is None


def matrix(rows: list[tuple[float, float, float]]) -> pl.DataFrame:
    names = [
        "rfm__div__orders__ever",
        "rfm__all__orders__ever",
        "diversity__all__divisions_owned__ever",
    ]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_naive_ranks_by_count_then_by_all_orders() -> None:
    rows = matrix([(1, 50, 1), (2, 3, 1), (1, 9, 4), (1, 50, 1)])
    assert naive_score(rows).rank("dense").to_list() == [2, 3, 1, 2]
    assert naive_score(rows, "expansion").rank("dense").to_list() == [2, 1, 3, 2]
    assert naive_score(rows.clear()).len() == 0
    assert naive_score(rows).is_between(0, 1).all()


def test_the_blend_leans_on_the_model_that_knows() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=4_000)
    labels = (random.random(4_000) < sigmoid(truth)).astype(float)
    noise = random.normal(size=4_000)
    codes = np.repeat([1, 2], 2_000)
    assert choose_weight(truth, noise, labels, codes) == 0.5
    assert choose_weight(noise, truth, labels, codes) == 0.75
    assert choose_weight(noise, truth, np.zeros(4_000), codes) == 0.5


def test_every_candidate_is_measured_beside_naive() -> None:
    random = np.random.default_rng(1)
    rows = matrix([tuple(random.integers(0, 5, 3).astype(float)) for _ in range(60)])
    rows = rows.with_columns(
        cutoff=pl.lit(date(2024, 6, 30)),
        division=pl.Series(["A"] * 30 + ["B"] * 30),
        cohort=pl.Series(["repeat", "expansion"] * 30),
        label=pl.Series([0] * 30 + [0, 1, 1] * 10),
        **{name: pl.Series(random.normal(size=60)) for name in ("logistic", "booster", "blend")},
        division_logistic=pl.lit(None, dtype=pl.Float64),
        division_booster=pl.Series([None] * 30 + [0.1] * 30),
    )
    found = model_metrics(rows, date(2024, 12, 31))
    assert breaches(MODEL_METRICS, found) == []
    of_b_only = found.filter(pl.col("candidate") == "division_booster")
    assert of_b_only["division"].unique().to_list() == ["B"]
    assert "division_logistic" not in found["candidate"]
    assert found.height == 2 * 3 * 4 * 4 + of_b_only.height
    assert (
        found.filter((pl.col("division") == "A") & (pl.col("metric") == "auc"))[
            "value"
        ].null_count()
        == 12
    )
    assert model_metrics(rows.clear(), date(2024, 12, 31)).is_empty()


def test_what_moves_scores_shows_the_strongest_first_and_its_direction() -> None:
    ranks = np.linspace(-2, 2, 200).astype(np.float32)[:, None] * np.ones((1, 3), np.float32)
    contributions = ranks.astype(np.float64) * np.array([0.1, -0.9, 0.0])
    axes = what_moves_scores(["weak", "strong", "none"], ranks, contributions).axes[0]
    bars = {
        label.get_text(): bar
        for label, bar in zip(axes.get_yticklabels(), axes.patches, strict=False)
    }
    assert list(bars) == ["none", "weak", "strong"]
    assert bars["strong"].get_width() > bars["weak"].get_width() > bars["none"].get_width() == 0
    assert bars["strong"].get_facecolor() == to_rgba(LOWERS)
    assert bars["weak"].get_facecolor() == to_rgba(RAISES)
