"""Prospects: what is planted is found, what is not there is not, and nothing later is known."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from gosales_assets.calendar import add_months
from gosales_assets.models.metrics import auc, sigmoid
from gosales_assets.models.prospect_rows import (
    ATTRIBUTES,
    attributes_by,
    slice_rows,
    weighted_sample,
    with_attributes,
)
from gosales_assets.models.prospects import (
    BASE_RATE,
    ENOUGH,
    SCORED,
    TOO_FEW,
    WARM_UP,
    Learned,
    learn,
)
from gosales_assets.models.slices import slices_by_division
from gosales_assets.sources.contract import PROSPECTS
from gosales_assets_tests.star.order_lines import made

WINDOWS = {"Paint": 6, "Tools": 6}
CUTOFFS = [add_months(date(2020, 12, 31), 3 * number) for number in range(6)]
NOW, NEXT = CUTOFFS[-1], add_months(CUTOFFS[-1], 3)
INDUSTRIES = ["Aerospace", "Food", "Glass", "Steel"]
WANTED = {"Paint": "Glass", "Tools": "Aerospace"}
COMPANIES = 900


def companies(count: int = COMPANIES) -> pl.DataFrame:
    random = np.random.default_rng(4)
    return made(
        PROSPECTS,
        [
            {
                "customer_id": f"P{number:04}",
                "valid_from": date(2020, 1, 1),
                "company_name": f"Company {number}",
                "industry": str(random.choice(INDUSTRIES)),
                "size": str(random.choice(["L", "M", "S"])),
                "postcode": f"{number:05}",
            }
            for number in range(count)
        ],
    )


def outcomes(known: pl.DataFrame, effect: float, rate: float = 0.08, seed: int = 1) -> pl.DataFrame:
    """New logos of each cutoff, drawn anew; each division wants one industry."""
    random = np.random.default_rng(seed)
    parts = []
    for cutoff in [*CUTOFFS, NEXT]:
        for division, industry in WANTED.items():
            logits = np.log(rate) + effect * (known["industry"] == industry).to_numpy()
            bought = random.random(known.height) < sigmoid(logits)
            parts.append(
                known.select(
                    cutoff=pl.lit(cutoff),
                    division=pl.lit(division),
                    customer_id="customer_id",
                    window_months=pl.lit(6),
                    label=pl.Series(bought.astype(np.int64)),
                )
            )
    return pl.concat(parts)


def learned_of(known: pl.DataFrame, happened: pl.DataFrame, most: int = 100_000) -> Learned:
    slices = slices_by_division(CUTOFFS, NOW, WINDOWS, 6)
    rows = slice_rows(happened, slices, WINDOWS)
    return learn(rows, known, slices, list(WINDOWS), most=most, replicates=60, seed=3)


def at(cutoff: date, known: pl.DataFrame, happened: pl.DataFrame) -> pl.DataFrame:
    return with_attributes(happened.filter(pl.col("cutoff") == cutoff), known)


@pytest.mark.parametrize("most", [100_000, 3_000])
def test_a_planted_signal_is_found_out_of_time(most: int) -> None:
    known = companies()
    happened = outcomes(known, effect=1.8)
    found = learned_of(known, happened, most)
    assert found.divisions["status"].to_list() == [SCORED, SCORED]
    assert (found.divisions["auc_low"] > 0.5).all()
    assert (found.divisions["log_loss"] < found.divisions["naive_log_loss"]).all()
    later = at(NEXT, known, happened)
    chances, labels = found.probabilities(later), later["label"].to_numpy().astype(float)
    for division in WINDOWS:
        own = (later["division"] == division).to_numpy()
        assert (auc(chances[own], labels[own]) or 0) > 0.6
        assert chances[own].sum() == pytest.approx(labels[own].sum(), rel=0.25)
    assert found.model is not None
    moves = np.abs(found.model.contributions(later)).mean(axis=0)
    assert ATTRIBUTES[int(moves.argmax())] == "industry"


def test_without_a_signal_everybody_gets_the_base_rate() -> None:
    known = companies()
    happened = outcomes(known, effect=0)
    found = learned_of(known, happened)
    assert found.divisions["status"].to_list() == [BASE_RATE, BASE_RATE]
    assert found.divisions["note"].str.contains("the attributes say nothing: base rate").all()
    newest = happened.filter(pl.col("cutoff") == CUTOFFS[-3]).group_by("division")
    shares = dict(newest.agg(pl.col("label").mean()).iter_rows())
    later = at(NEXT, known, happened)
    for division, share in shares.items():
        own = found.probabilities(later.filter(pl.col("division") == division))
        assert own == pytest.approx(np.full(len(own), share))


def test_below_enough_conversions_there_is_no_number() -> None:
    known = companies()
    happened = outcomes(known, effect=1.8)
    closed = happened.filter(pl.col("cutoff") <= CUTOFFS[-3])
    buyers = closed.filter((pl.col("division") == "Tools") & (pl.col("label") == 1))
    kept = buyers["customer_id"].unique().sort().head(ENOUGH - 1).implode()
    fewer = happened.with_columns(
        label=pl.when(pl.col("division") == "Paint")
        .then("label")
        .otherwise(pl.col("label") * pl.col("customer_id").is_in(kept).cast(pl.Int64))
    )
    paint, tools = learned_of(known, fewer).divisions.rows(named=True)
    assert paint["status"] == SCORED
    assert (tools["status"], tools["conversions"]) == (TOO_FEW, ENOUGH - 1)
    assert "49 prospects bought it in closed windows, fewer than 50" in tools["note"]
    assert tools["base_rate"] is None
    assert tools["auc"] is None


def test_without_anybody_left_to_judge_it_on_there_is_the_base_rate() -> None:
    known = companies()
    happened = outcomes(known, effect=1.8).filter(pl.col("cutoff") != CUTOFFS[-3])
    found = learned_of(known, happened)
    assert found.divisions["status"].to_list() == [BASE_RATE, BASE_RATE]
    assert found.divisions["note"].str.contains("there is nobody to judge it on").all()
    assert found.divisions["auc"].is_null().all()


def test_a_sample_is_judged_like_the_whole() -> None:
    known = companies(3_000)
    happened = outcomes(known, effect=1.8, rate=0.01)
    whole, sample = (learned_of(known, happened, most).divisions for most in (100_000, 1_500))
    assert sample["conversions"].equals(whole["conversions"])
    assert sample["rows"].to_list() == pytest.approx([3_000, 3_000], rel=0.02)
    for figure in ("base_rate", "log_loss", "naive_log_loss"):
        assert sample[figure].to_list() == pytest.approx(whole[figure].to_list(), rel=0.04)


def test_conversions_of_the_newest_window_alone_teach_nothing() -> None:
    known = companies()
    happened = outcomes(known, effect=1.8, rate=0.3)
    newest = (pl.col("cutoff") == CUTOFFS[-3]).cast(pl.Int64)
    found = learned_of(known, happened.with_columns(pl.col("label") * newest))
    assert (found.divisions["conversions"] >= ENOUGH).all()
    assert found.divisions["status"].to_list() == [TOO_FEW, TOO_FEW]
    assert found.model is None


def test_the_warm_up_says_so() -> None:
    rows = slice_rows(outcomes(companies(50), 0), {}, WINDOWS)
    found = learn(rows, companies(50), {}, ["Tools"], most=10, replicates=5, seed=1)
    assert found.divisions.select("status", "conversions").rows() == [(WARM_UP, 0)]


def test_the_newest_cutoffs_are_judged_and_open_windows_do_not_exist() -> None:
    known = companies(60)
    slices = slices_by_division(CUTOFFS, NOW, WINDOWS, 6)
    rows = slice_rows(outcomes(known, 0), slices, WINDOWS)
    assert rows["cutoff"].max() == CUTOFFS[-3]
    assert rows.filter("judges")["cutoff"].unique().to_list() == [CUTOFFS[-3]]
    assert rows.filter("learns")["cutoff"].unique().sort().to_list() == CUTOFFS[:-3]


def test_what_happens_after_the_cutoff_changes_nothing() -> None:
    known = companies()
    happened = outcomes(known, effect=1.8)
    open_window = pl.col("cutoff") > CUTOFFS[-3]
    turned = happened.with_columns(label=pl.when(open_window).then(1).otherwise("label"))
    renamed = known.with_columns(
        valid_from=pl.lit(date(2030, 1, 1)), industry=pl.lit("Known later")
    )
    before = learned_of(known, happened)
    after = learned_of(pl.concat([known, renamed]), turned)
    assert after.divisions.equals(before.divisions)
    people = at(NEXT, known, happened)
    assert (after.probabilities(people) == before.probabilities(people)).all()


def test_shuffled_rows_teach_the_same() -> None:
    known = companies()
    happened = outcomes(known, effect=1.8)
    people = at(NEXT, known, happened)
    one = learned_of(known, happened, most=3_000)
    other = learned_of(
        known.sample(fraction=1, shuffle=True, seed=2),
        happened.sample(fraction=1, shuffle=True, seed=5),
        most=3_000,
    )
    assert other.divisions.equals(one.divisions)
    assert (other.probabilities(people) == one.probabilities(people)).all()


def test_attributes_are_those_of_the_newest_row_by_the_cutoff() -> None:
    rows = made(
        PROSPECTS,
        [
            {"customer_id": "moved", "valid_from": date(2020, 1, 1), "region": "North"},
            {"customer_id": "moved", "valid_from": date(2021, 6, 30), "region": "South"},
            {"customer_id": "known later", "valid_from": date(2021, 7, 1), "region": "North"},
            {"customer_id": "undated", "region": "North"},
        ],
    )

    def regions(day: date) -> list[tuple]:
        return attributes_by(rows, day).select("customer_id", "region").sort("customer_id").rows()

    assert regions(date(2021, 6, 29)) == [("moved", "North")]
    assert regions(date(2021, 6, 30)) == [("moved", "South")]
    assert regions(date(2021, 7, 1)) == [("known later", "North"), ("moved", "South")]


def test_a_sample_keeps_every_buyer_and_stands_for_all_rows() -> None:
    known = companies(300)
    slices = slices_by_division(CUTOFFS, NOW, WINDOWS, 6)
    rows = slice_rows(outcomes(known, 1), slices, WINDOWS)
    sample = weighted_sample(rows, 200, seed=1)
    assert sample.height < rows.height
    assert sample["label"].sum() == rows["label"].sum()
    assert sample["weight"].sum() == pytest.approx(rows.height)


def test_labels_of_other_windows_are_refused() -> None:
    slices = slices_by_division(CUTOFFS, NOW, WINDOWS, 6)
    happened = outcomes(companies(5), 0).with_columns(window_months=pl.lit(3))
    with pytest.raises(ValueError, match="of Paint look 3 months ahead"):
        slice_rows(happened, slices, WINDOWS)


def test_a_single_closed_cutoff_is_judged_on_companies_not_learned_from() -> None:
    known = companies(2_000)
    happened = outcomes(known, effect=2.5, rate=0.1)
    cutoff = add_months(CUTOFFS[0], 6)
    slices = slices_by_division(CUTOFFS, cutoff, WINDOWS, 6)
    rows = slice_rows(happened, slices, WINDOWS)
    assert (rows["learns"] & rows["judges"]).all()
    found = learn(rows, known, slices, list(WINDOWS), most=99_999, replicates=60, seed=3)
    assert found.divisions["status"].to_list() == [SCORED, SCORED]
    assert found.divisions["rows"].to_list() == [2_000, 2_000]
