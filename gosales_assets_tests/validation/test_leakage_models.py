"""Probes 7 to 11: each catches its planted leak, and none finds anything on clean data."""

from datetime import date
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.leakage import PROBES
from gosales_assets.models.pooled import fit_pooled
from gosales_assets.models.slices import divide_customers, slices_by_division
from gosales_assets.partitions import KEYS
from gosales_assets.settings import current_settings
from gosales_assets.validation import probe_assets, probes
from gosales_assets.validation.contract import LEAKAGE_PROBES, LEAKAGE_REPORT
from gosales_assets.validation.report import page, report
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.validation.scored_world import write_lake

DAYS = [date(2024, 3, 31), date(2024, 6, 30)]
SCHEMA = LEAKAGE_PROBES.types


def rows(day: date, seed: int, customers: int = 1_200) -> pl.DataFrame:
    """Customers of two divisions with honest features and labels."""
    rng = np.random.default_rng(seed)
    parts = []
    for division in ("PDM", "Simulation"):
        pull = rng.normal(size=customers)
        label = rng.random(customers) < 1 / (1 + np.exp(1.5 - pull))
        features = {
            "rfm__div__orders__ever": rng.poisson(np.exp(pull / 2)).astype(float),
            "rfm__all__orders__ever": rng.poisson(4, customers).astype(float),
            "recency__div__days__ever": rng.exponential(100, customers),
        }
        frame = pl.DataFrame({"customer_id": [f"C{i:04d}" for i in range(customers)], **features})
        parts.append(
            frame.select(
                pl.lit(day).alias("cutoff"),
                pl.lit(division).alias("division"),
                "customer_id",
                pl.Series("cohort", np.where(pull > 0, "repeat", "expansion")),
                *features,
                pl.Series("label", label.astype(int)),
            )
        )
    return pl.concat(parts)


def honest(training: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """The platform's own trainer."""
    _, found = fit_pooled(
        training,
        judged,
        cutoff=date(2024, 12, 31),
        windows={"PDM": 6, "Simulation": 6},
        seeds=1,
        seed=3,
        threads=1,
    )
    return found.select("division", "label", score="blend")


def target_encoded(training: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """A leak: a column that holds each region's buying rate, counted over the judged rows, too."""
    everybody = pl.concat([training, judged]).with_columns(
        region=pl.col("customer_id").str.slice(1).cast(pl.Int64) % 150
    )
    rates = everybody.group_by("division", "region").agg(score=pl.col("label").mean())
    coded = everybody.filter(pl.col("cutoff") == judged["cutoff"][0])
    return coded.join(rates, on=["division", "region"]).select("division", "label", "score")


def judged_inside_training(training: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """A leak: the slice that judges is a part of what was learned by heart."""
    from sklearn.tree import DecisionTreeClassifier

    names = [name for name in judged.columns if "__" in name]
    learned = pl.concat([training, judged])
    tree = DecisionTreeClassifier(max_leaf_nodes=200, random_state=0)
    tree.fit(learned.select(names).to_numpy(), learned["label"].to_numpy())
    p = tree.predict_proba(judged.select(names).to_numpy())[:, 1]
    return judged.select("division", "label").with_columns(score=pl.Series(p))


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_labels_teach_the_platforms_trainer_nothing(seed):
    found = probes.shuffled_labels(rows(DAYS[0], 1), rows(DAYS[1], 2), honest, seed)
    assert found.passed, found
    assert "mean AUC of 2 divisions" in found.detail


@pytest.mark.parametrize("leak", [target_encoded, judged_inside_training])
def test_what_has_seen_the_judged_labels_is_caught(leak):
    found = probes.shuffled_labels(rows(DAYS[0], 1), rows(DAYS[1], 2), leak, 7)
    assert not found.passed
    assert found.figure > found.at_most


def test_too_few_buyers_say_nothing_of_shuffled_labels():
    few = rows(DAYS[0], 1, customers=20)
    found = probes.shuffled_labels(few, few, target_encoded, 7)
    assert found.passed
    assert found.figure is None


def matrix(seed: int) -> pl.DataFrame:
    return rows(DAYS[1], seed).filter(pl.col("division") == "PDM").drop("customer_id")


@pytest.mark.parametrize("seed", range(5))
def test_the_planted_canary_is_heard_and_no_real_feature_is(seed):
    found = probes.canary(matrix(seed), DAYS[1], "PDM", seed)
    assert found.passed
    assert "was caught" in found.detail


@pytest.mark.parametrize("noise", [0.0, 0.1, -0.1])
def test_a_feature_that_knows_the_label_is_caught(noise):
    """Such as an installed-base row, or a total, that already counts the window."""
    known = matrix(1)
    told = known["label"].to_numpy() * (-1 if noise < 0 else 1) + noise * np.arange(1200) / 1200
    found = probes.canary(
        known.with_columns(leak__div__count__ever=pl.Series(told)), DAYS[1], "PDM", 7
    )
    assert not found.passed
    assert "leak__div__count__ever" in found.detail


def test_a_feature_that_only_tells_owners_from_others_is_no_leak():
    known = matrix(1).with_columns(label=(pl.col("cohort") == "repeat").cast(pl.Int64))
    some = pl.int_range(pl.len()) % 10 == 0
    known = known.with_columns(label=pl.when(some).then(1 - pl.col("label")).otherwise("label"))
    owner = (pl.col("cohort") == "repeat").cast(pl.Float64)
    assert probes.canary(known.with_columns(owner=owner), DAYS[1], "PDM", 7).passed


def test_a_canary_among_too_few_buyers_is_not_listened_to():
    assert probes.canary(matrix(1).with_columns(label=pl.lit(0)), DAYS[1], "PDM", 7) is None


def scored(seed: int, peeked: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Buying days of 8,000 customers; a score that may have seen the first 14 of them."""
    rng = np.random.default_rng(seed)
    pull = rng.normal(size=8_000)
    rate = np.exp(pull - 1.5) / 184
    day_bought = rng.exponential(1 / rate)
    again = day_bought + rng.exponential(1 / rate)
    score = 1 / (1 + np.exp(1.5 - pull))
    if peeked:
        score = np.where(day_bought <= 14, 0.99, score)
    known = pl.DataFrame(
        {
            "customer_id": [f"C{i:04d}" for i in range(8_000)],
            "icp_score": score,
            "label": (day_bought <= 184).astype(int),
        }
    )
    in_moved = ((day_bought > 14) & (day_bought <= 198)) | ((again > 14) & (again <= 198))
    return known, known.select("customer_id", label=pl.Series(in_moved.astype(int)))


@pytest.mark.parametrize("seed", range(5))
def test_fourteen_days_move_honest_scores_within_their_interval(seed):
    assert probes.shifted(*scored(seed, peeked=False), DAYS[0], "PDM", seed).passed


@pytest.mark.parametrize("seed", range(5))
def test_scores_that_saw_the_first_days_are_caught(seed):
    found = probes.shifted(*scored(seed, peeked=True), DAYS[0], "PDM", seed)
    assert not found.passed
    assert found.figure < found.at_least


def test_a_season_that_makes_buyers_easier_to_tell_is_no_leak():
    """Seen on UK two years: Christmas & Easter, .758 as it is and .775 two weeks later."""
    known, later = scored(2, peeked=False)
    sure = pl.Series(known["icp_score"].to_numpy() > np.median(known["icp_score"].to_numpy()))
    found = probes.shifted(known, later.with_columns(label=sure.cast(pl.Int64)), DAYS[0], "PDM", 2)
    assert found.figure == pytest.approx(1)
    assert found.passed


def test_few_buyers_cannot_be_shifted():
    known, later = scored(1, peeked=True)
    assert probes.shifted(known.head(20), later.head(20), DAYS[0], "PDM", 1) is None


def test_windows_are_moved_by_days():
    windows = pl.DataFrame({"cutoff": [DAYS[0]], "division": ["PDM"], "window_end": [DAYS[1]]})
    moved = probes.moved_windows(windows)
    assert moved.row(0) == (date(2024, 4, 14), "PDM", date(2024, 7, 14))


def card_slices(cutoff: date, months: int = 6) -> dict[str, dict[str, Any]]:
    """Slices as a model's card tells them, chosen by the platform itself."""
    days = [date(2023, m, d) for m, d in ((3, 31), (6, 30), (9, 30), (12, 31))]
    chosen = slices_by_division(days, cutoff, {"PDM": months}, 6)
    return {
        name: {
            "training": [day.isoformat() for day in own.training],
            "selection": own.selection.isoformat(),
            "split": own.split,
        }
        for name, own in chosen.items()
    }


@pytest.mark.parametrize("cutoff", [date(2023, 9, 30), date(2023, 12, 31), date(2024, 6, 30)])
def test_the_platforms_slices_are_in_order(cutoff):
    (found,) = probes.slices_out_of_order(card_slices(cutoff), {"PDM": 6}, cutoff)
    assert found.passed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"selection": "2023-06-30"}, "calibrated on 2023-06-30, trained on 2023-09-30"),
        ({"selection": "2024-03-31"}, "the window of 2024-03-31 was open on 2024-06-30"),
        ({"split": "customer"}, "not within one cutoff"),
    ],
)
def test_a_calibration_slice_inside_training_or_still_open_is_caught(change, said):
    slices = card_slices(date(2024, 6, 30))
    slices["PDM"] |= change
    (found,) = probes.slices_out_of_order(slices, {"PDM": 6}, date(2024, 6, 30))
    assert not found.passed
    assert said in found.detail


def test_a_gate_that_judges_by_a_later_model_is_caught():
    own = {day: day for day in DAYS}
    assert probes.gate_out_of_order(DAYS, own, "PDM").passed
    found = probes.gate_out_of_order(DAYS, own | {DAYS[0]: DAYS[1]}, "PDM")
    assert not found.passed
    assert "2024-03-31 was scored by the model of 2024-06-30" in found.detail


def test_customers_divided_by_the_platform_are_on_one_side():
    everybody = rows(DAYS[0], 1)
    learned, judged = divide_customers(everybody, 7)
    sides = learned["customer_id"], judged["customer_id"]
    assert probes.on_both_sides(*sides, DAYS[0], "PDM").passed


def test_rows_divided_instead_of_customers_are_caught():
    everybody = rows(DAYS[0], 1)["customer_id"]
    rng = np.random.default_rng(0)
    side = pl.Series(rng.random(everybody.len()) < 0.3)
    found = probes.on_both_sides(everybody.filter(~side), everybody.filter(side), DAYS[0], "PDM")
    assert not found.passed
    assert found.figure > 100
    assert "such as C0" in found.detail


def findings(*found: probes.Finding) -> pl.DataFrame:
    return pl.DataFrame(probes.as_rows(list(found)), schema=SCHEMA)


def test_the_report_tells_all_thirteen_probes():
    leak = probes.Finding(8, False, "x tells all", DAYS[0], "PDM", 1.0)
    fine = probes.Finding(10, True, "in order", DAYS[0], "PDM")
    checks = {check: True for probe in PROBES for check in probe.checks}
    checks[("labels.labels", "windows_closed")] = False
    told = report(findings(leak, fine), checks)
    assert breaches(LEAKAGE_REPORT, told) == []
    results = dict(told.select("probe", "result").iter_rows())
    assert results[8] == results[3] == "failed"
    assert {results[n] for n in (1, 2, 4, 5, 6, 7, 9, 10, 11)} == {"passed"}
    assert results[12] == results[13] == "tested"
    assert "x tells all" in told.filter(probe=8)["detail"].item()
    text = page(told)
    assert text.count("\n| ") == 14
    assert report(findings(), {}).filter(probe=1)["result"].item() == "not run yet"


def test_suspicions_fail_their_own_check_only():
    leak = probes.Finding(8, False, "x tells all", DAYS[0], "PDM", 1.0)
    found = findings(leak)
    assert [b.rule for b in probe_assets.suspicions(found, 8)] == ["PDM, 2024-03-31: x tells all"]
    assert probe_assets.suspicions(found, 7) == []


def test_the_battery_runs_on_a_lake(warehouse: Warehouse, instance: dg.DagsterInstance) -> None:
    write_lake(warehouse)
    room = probe_assets
    result = dg.materialize(
        [*room.ASSETS, *room.CHECKS],
        selection=dg.AssetSelection.assets(*room.ASSETS),
        resources={"warehouse": warehouse, "settings": current_settings()},
        instance=instance,
    )
    assert result.success
    found = warehouse.read(LEAKAGE_PROBES)
    closed = found.filter(pl.col("probe") == 10)
    assert set(closed["division"]) == set(KEYS.divisions)
    assert closed["passed"].all()
    assert warehouse.read(LEAKAGE_REPORT).height == 13
    (event,) = result.asset_materializations_for_node("validation__leakage_report")
    assert "Leakage battery" in event.metadata["report"].value
