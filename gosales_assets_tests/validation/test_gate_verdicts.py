"""The gate: what is bad is refused by name, equal challengers do not move, better ones do."""

import numpy as np
import polars as pl
import pytest

from gosales_assets.gate_settings import Floors, Gates
from gosales_assets.validation.gate import Version, judge
from gosales_assets_tests.validation.gate_worlds import CUTOFFS, GATES, NEW, OLD, world


def verdict(rows: pl.DataFrame, champion: Version | None = OLD, gates: Gates = GATES, **about):
    return judge("PDM", rows, NEW, champion, gates, seed=7, **about)


def test_the_first_good_model_is_promoted_with_its_figures():
    found = verdict(world(1, champion=None), champion=None)
    assert found.verdict == "promoted"
    assert found.evidence["auc"] > 0.7
    assert found.evidence["over_naive_low"] > 0
    assert found.evidence["cutoffs"] == "2023-12-31, 2024-03-31, 2024-06-30"


def test_shuffled_labels_are_refused_for_their_auc():
    rows = world(2, champion=None)
    shuffled = rows.with_columns(pl.col("label").shuffle(seed=1).over("cutoff"))
    found = verdict(shuffled, champion=None)
    assert found.verdict == "refused"
    assert found.evidence["auc"] == pytest.approx(0.5, abs=0.03)
    assert f"AUC {found.evidence['auc']:.3f} is below 0.70" in found.why


def test_stale_features_are_refused_against_the_champion():
    found = verdict(world(3, model=1.6, champion=0.3, naive=6.0))
    assert found.verdict == "refused"
    assert "worse than the champion's" in found.why
    assert found.evidence["over_champion_high"] < 0


@pytest.mark.parametrize(("factor", "said"), [(2.0, "add up to 2.0"), (0.5, "add up to 0.5")])
def test_probabilities_twice_too_high_or_low_are_refused(factor, said):
    rows = world(4, level=-3.5, champion=None).with_columns(
        (pl.col("model") * factor).clip(0, 0.999)
    )
    found = verdict(rows, champion=None)
    assert found.verdict == "refused"
    assert said in found.why
    assert "AUC" not in found.why, "the order is as good as ever"


def test_naive_passes_no_gate_as_a_model():
    rows = world(5, naive=0.8, champion=None)
    share = rows["label"].mean()
    logits = rows["naive"].to_numpy()
    calibrated = pl.Series(
        1 / (1 + np.exp(-(logits - logits.mean() + np.log(share / (1 - share)))))
    )
    found = verdict(rows.with_columns(model=calibrated), champion=None)
    assert found.verdict == "refused"
    assert "not better than the naive ranking" in found.why
    assert found.evidence["over_naive"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_a_better_one_is_promoted(seed):
    found = verdict(world(seed, customers=4_000, model=0.2, champion=2.0))
    assert found.verdict == "promoted"
    assert "better than the champion" in found.why


def test_the_same_order_with_truer_probabilities_is_promoted():
    rows = world(6, model=0.5).with_columns(champion=pl.col("model") ** 0.5)
    found = verdict(rows)
    assert found.verdict == "promoted"
    assert found.evidence["over_champion"] == 0


def test_twelve_buyers_are_not_enough_evidence():
    rows = world(7, champion=None)
    buyers = rows.filter(pl.col("label") == 1).head(12)
    few = pl.concat([buyers, rows.filter(pl.col("label") == 0)])
    found = verdict(few, champion=None)
    assert (found.verdict, found.moves) == ("not enough evidence", False)
    assert "12 buyers" in found.why
    assert "25 are needed" in found.why


def test_a_champion_that_scored_few_of_the_buyers_cannot_be_compared_with():
    rows = world(8, model=0.1, champion=3.0)
    known = pl.when(pl.int_range(pl.len()) < 60).then("champion")
    found = verdict(rows.with_columns(champion=known))
    assert found.verdict == "not enough evidence"
    assert "the champion scored" in found.why


def test_no_rows_and_no_challenger():
    assert verdict(world(1).clear()).verdict == "not enough evidence"
    assert judge("PDM", world(1).clear(), None, OLD, GATES, 7).verdict == "no challenger"


def test_a_refit_of_the_champions_recipe_takes_its_place_without_a_win():
    refit = Version("3", "2024-09-30", OLD.model_version.replace("06-30", "09-30"))
    rows = world(9)
    assert judge("PDM", rows, refit, OLD, GATES, 7).verdict == "refitted"
    same_scores = rows.with_columns(champion="model")
    assert verdict(same_scores).verdict == "refitted"
    older = Version("3", "2024-06-30", NEW.model_version)
    assert judge("PDM", same_scores, older, OLD, GATES, 7).verdict == "champion stays"


def test_a_refit_that_fails_a_floor_is_refused():
    refit = Version("3", "2024-09-30", OLD.model_version.replace("06-30", "09-30"))
    rows = world(9).with_columns(pl.col("label").shuffle(seed=1).over("cutoff"))
    assert judge("PDM", rows, refit, OLD, GATES, 7).verdict == "refused"


def test_what_was_rolled_back_does_not_come_again():
    better = world(0, customers=4_000, model=0.2, champion=2.0)
    found = verdict(better, barred=frozenset({NEW.recipe}))
    assert found.verdict == "rolled back before"
    assert not found.moves


def test_the_champion_itself_is_judged_by_the_floors_only():
    assert judge("PDM", world(1), NEW, NEW, GATES, 7).verdict == "in office"


def test_floors_of_a_division_and_of_a_high_volume():
    gates = Gates(divisions={"PDM": Floors(auc=0.99)}, high_volume_positives=100)
    assert gates.of("PDM", 10) == Floors(auc=0.99, lift_10=2, calibration_error=0.1, level=0.2)
    assert gates.of("Other", 100).calibration_error == 0.05
    strict = Gates(replicates=200, divisions={"PDM": Floors(auc=0.99)})
    assert "is below 0.99" in verdict(world(1, champion=None), None, strict).why


def test_a_lift_that_nobody_can_reach_says_so():
    rows = world(1, level=0.5, champion=None)
    assert "no ranking exceeds 1." in verdict(rows, champion=None).why


def test_the_verdict_does_not_depend_on_the_order_of_rows():
    rows = world(10)
    assert verdict(rows) == verdict(rows.sample(fraction=1, shuffle=True, seed=1))
    assert set(rows["cutoff"]) == set(CUTOFFS)


def test_equal_challengers_are_promoted_in_less_than_5_of_100():
    """200 divisions in which challenger and champion see equally much, and err apart."""
    gates = Gates(replicates=300)
    verdicts = [
        judge("PDM", world(1_000 + i, customers=600), NEW, OLD, gates, seed=i).verdict
        for i in range(200)
    ]
    assert verdicts.count("not enough evidence") == 0
    assert verdicts.count("champion stays") > 150
    assert verdicts.count("promoted") / 200 < 0.05
