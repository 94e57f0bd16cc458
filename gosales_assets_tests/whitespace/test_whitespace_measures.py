"""What a list is made of, and what it shares with others."""

import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.contract import WHITESPACE_METRICS
from gosales_assets.whitespace.handout_contract import SHADOW_SCORES
from gosales_assets.whitespace.measures import list_metrics, overlap_metrics, wording_metrics
from gosales_assets.whitespace.shadow import shadow_rows
from gosales_assets_tests.whitespace.whitespace_world import CUTOFF, candidates, listed


def features(rows: pl.DataFrame, **columns: object) -> pl.DataFrame:
    usual = {"divisions_owned": 2.0, "orders": 3.0, "days": 100.0, "spent": 500.0} | columns
    ids = rows.select(pl.col("customer_id").unique().sort())
    return ids.with_columns(
        pl.Series(n, v) if isinstance(v, list) else pl.lit(v).alias(n) for n, v in usual.items()
    )


def shadows(rows: pl.DataFrame, **columns: object) -> pl.DataFrame:
    return shadow_rows(rows, features(rows, **columns)).with_columns(
        score_challenger=pl.col("icp_score"), rank_legacy=pl.lit(1), rank_challenger=pl.lit(1)
    )


def own(metrics: pl.DataFrame, metric: str) -> dict[str, float]:
    return dict(metrics.filter(pl.col("metric") == metric).select("ranking", "value").iter_rows())


def test_shares_of_the_selection_add_up_and_weights_are_recorded() -> None:
    rows = listed(candidates(400), normalisation="division")
    found = list_metrics(rows, Whitespace(normalisation="division"), CUTOFF)
    per_division = found.filter(pl.col("division").is_not_null())
    assert per_division.filter(metric="division_share")["value"].sum() == pytest.approx(1)
    weights = per_division.filter(pl.col("metric").str.starts_with("weight_"))
    sums = weights.group_by("division").agg(pl.col("value").sum())["value"]
    assert sums.to_list() == pytest.approx([1, 1, 1])
    empty = listed(candidates(20).clear())
    assert set(list_metrics(empty, Whitespace(), CUTOFF)["division"]) == {None}


def test_variety_of_wordings_is_measured_on_what_is_selected() -> None:
    rows = listed(candidates(40)).with_columns(
        wording=pl.when("selected").then(pl.lit("plain; amount")).otherwise("wording")
    )
    found = wording_metrics(rows, CUTOFF)
    assert own(found, "reasons_plain") == {"blend": 1.0}
    assert own(found, "reasons_commonest") == {"blend": 1.0}
    nobody = wording_metrics(rows.clear(), CUTOFF)
    assert own(nobody, "reasons_plain") == {"blend": 0.0}


def test_overlap_with_other_rankings_and_with_the_list_before() -> None:
    rows = listed(candidates(200))
    same = SHADOW_SCORES.typed(
        shadows(rows)
        .with_columns(score_legacy=pl.col("score"), score_challenger=-pl.col("score") + 1)
        .select(list(SHADOW_SCORES.types))
    )
    found = overlap_metrics(rows, same, rows, CUTOFF)
    assert own(found, "overlap_10")["legacy"] == pytest.approx(1)
    assert own(found, "overlap_10")["challenger"] == pytest.approx(0)
    assert own(found, "overlap_previous") == {"blend": 1.0}
    unknown = same.with_columns(score_challenger=pl.lit(None, pl.Float64))
    first = overlap_metrics(rows, unknown, None, CUTOFF)
    assert own(first, "overlap_10")["challenger"] is None
    assert own(first, "overlap_previous") == {"blend": None}


def test_metrics_keep_their_contract() -> None:
    rows = listed(candidates(60))
    same = SHADOW_SCORES.typed(shadows(rows).select(list(SHADOW_SCORES.types)))
    parts = [
        list_metrics(rows, Whitespace(), CUTOFF),
        wording_metrics(rows, CUTOFF),
        overlap_metrics(rows, same, None, CUTOFF),
    ]
    nothing = pl.lit(None, pl.Float64)
    frame = pl.concat(parts, how="diagonal").with_columns(
        low=nothing, high=nothing, checksum=pl.lit("c")
    )
    assert breaches(WHITESPACE_METRICS, WHITESPACE_METRICS.typed(frame)) == []


def test_legacy_heuristic_is_frequency_recency_and_value_of_the_largest() -> None:
    rows = listed(candidates(2, divisions=["PDM"]).with_columns(cohort=pl.lit("expansion")))
    found = shadows(rows, orders=[4.0, 1.0], days=[100.0, 200.0], spent=[-5.0, 50.0])
    legacy = dict(found.select("customer_id", "score_legacy").iter_rows())
    assert legacy["C0000"] == pytest.approx(0.5 + 0.3 * 0.5 + 0)
    assert legacy["C0001"] == pytest.approx(0.5 * 0.25 + 0 + 0.2)


def test_nobody_with_history_has_a_legacy_score_of_0() -> None:
    rows = listed(candidates(2, divisions=["PDM"]).with_columns(cohort=pl.lit("expansion")))
    nothing = [None, None]
    empty = features(rows).with_columns(
        pl.Series(name, nothing, pl.Float64) for name in ("orders", "days", "spent")
    )
    assert set(shadow_rows(rows, empty)["score_legacy"]) == {0.0}


def test_popularity_is_the_share_of_owners() -> None:
    found = candidates(10, divisions=["PDM"]).with_columns(
        cohort=pl.Series(["repeat"] * 3 + ["expansion"] * 7)
    )
    assert set(shadows(listed(found))["score_popularity"]) == {0.3}
