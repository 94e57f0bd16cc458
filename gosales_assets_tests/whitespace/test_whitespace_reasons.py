"""Reasons: short, true, speakable, and silent about protected attributes."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.whitespace.money import spoken
from gosales_assets.whitespace.reasons import reasons
from gosales_assets.whitespace.words import mentions_protected
from gosales_assets_tests.whitespace.whitespace_world import candidates, listed


def reason(**facts: object) -> str:
    """Reason of one row of a division where .1 is the usual probability."""
    usual = {
        "division": "Simulation",
        "division_rank": 1,
        "icp_score": 0.1,
        "usual": 0.1,
        "top_share": 0.5,
        "expected_gp": None,
        "lift": None,
        "lift_from": None,
        "lift_kind": "division",
        "als_norm": 0.1,
        "trend": "steady",
        "recency_days": None,
        "window_months": 6,
    }
    kinds = {"expected_gp": pl.Float64, "lift": pl.Float64, "lift_from": pl.String}
    kinds |= {"recency_days": pl.Int64}
    rows = pl.DataFrame([usual | facts], schema_overrides=kinds)
    return reasons(rows, "USD")["nba_reason"][0]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"icp_score": 0.9, "expected_gp": 0.9 * 23_400, "lift": 3.14, "lift_from": "PDM"},
            "9x more likely than usual to buy Simulation in 6 months; "
            "owners of PDM adopt it 3.1x more; about $23k",
        ),
        (
            {"icp_score": 0.16, "als_norm": 0.95},
            "1.6x more likely than usual to buy Simulation in 6 months; buys much like its owners",
        ),
        (
            {"lift": 2.0, "lift_from": "PDM", "expected_gp": 12.0},
            "Owners of PDM adopt Simulation 2x more; 10% likely in 6 months; about $120",
        ),
        (
            {"lift": 2.0, "lift_from": "SolidWorks Pro", "lift_kind": "product"},
            "Buyers of SolidWorks Pro adopt Simulation 2x more; 10% likely in 6 months",
        ),
        (
            {"icp_score": 0.4, "lift": 2.0, "lift_from": "SolidWorks Pro", "lift_kind": "product"},
            "4x more likely than usual to buy Simulation in 6 months; "
            "buyers of SolidWorks Pro adopt it 2x more",
        ),
        (
            {"als_norm": 0.8},
            "Buys much like owners of Simulation; 10% likely in 6 months",
        ),
        ({}, "10% likely to buy Simulation in 6 months"),
        ({"lift": 1.2, "lift_from": "PDM"}, "10% likely to buy Simulation in 6 months"),
        (
            {"recency_days": 12, "window_months": 1},
            "10% likely to buy Simulation in 1 month; last order 12 days ago",
        ),
        ({"trend": "up"}, "10% likely to buy Simulation in 6 months; its chance is rising"),
        ({"top_share": 0.031}, "Among the top 4% for Simulation; 10% likely in 6 months"),
        ({"icp_score": 0.0}, "Under 1% likely to buy Simulation in 6 months"),
    ],
)
def test_wording_follows_the_facts(facts, expected):
    assert reason(**facts) == expected


def test_the_same_facts_are_told_in_turn_in_several_wordings():
    facts = {"icp_score": 0.4, "als_norm": 0.9, "expected_gp": 900.0}
    told = [reason(division_rank=rank, **facts) for rank in range(1, 25)]
    assert len(set(told)) == 12
    assert len(set(told[:4])) == 4
    assert all("Simulation" in text for text in told)


def test_no_wording_tells_more_than_its_share_of_a_list():
    rows = listed(candidates(300)).filter("selected")
    shares = rows["wording"].value_counts()["count"] / rows.height
    assert shares.max() <= 0.15
    assert rows["wording"].str.starts_with("plain").mean() < 0.05


def test_usual_is_the_mean_of_the_divisions_potential_rows():
    found = candidates(4, divisions=["PDM"]).with_columns(
        cohort=pl.Series(["expansion", "expansion", "repeat", "expansion"]),
        icp_score=pl.Series([0.3, 0.1, 0.9, 0.2]),
    )
    assert "30% likely to buy PDM in 6 months, 1.5x the usual" in listed(found)["nba_reason"][0]


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=200),
    st.text(min_size=1, max_size=200),
    st.floats(0, 1),
    st.one_of(st.none(), st.floats(-1e9, 1e12)),
    st.one_of(st.none(), st.floats(1.01, 1e4)),
    st.integers(1, 40),
    st.sampled_from(["division", "product"]),
)
def test_always_1_to_150_characters(division, antecedent, p, expected, lift, rank, kind):
    text = reason(
        division=division,
        division_rank=rank,
        icp_score=p,
        expected_gp=expected,
        lift=lift,
        lift_from=antecedent,
        lift_kind=kind,
        recency_days=rank * 50,
    )
    assert 1 <= len(text) <= 150


@pytest.mark.parametrize("text", ["Age care", "old_age_homes", "for GENDER studies", "race", "Sex"])
def test_protected_words_are_seen_as_whole_words(text):
    assert pl.select(mentions_protected(pl.lit(text))).item()


@pytest.mark.parametrize(
    "text", ["page printers", "Storage", "Bracelets", "Package", "Sussex", "Aging"]
)
def test_parts_of_words_pass(text):
    assert not pl.select(mentions_protected(pl.lit(text))).item()


def test_protected_names_are_not_spoken():
    text = reason(division="Age care", icp_score=0.9, lift=4.0, lift_from="Gender books")
    assert text == "9x more likely than usual to buy this line in 6 months"
    assert "page printers" in reason(division="page printers")


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (23_400, "$23k"),
        (2_340, "$2.3k"),
        (2_000, "$2k"),
        (999, "$1k"),
        (998.0, "$1k"),
        (452, "$450"),
        (45.4, "$45"),
        (999_400, "$999k"),
        (999_900, "$1M"),
        (1_240_000, "$1.2M"),
        (99_600_000, "$100M"),
        (0.4, None),
        (1.6e65, None),
        (float("inf"), None),
        (-5_000, None),
        (None, None),
    ],
)
def test_money_is_said_in_two_or_three_digits(amount, expected):
    assert pl.select(spoken(pl.lit(amount, pl.Float64), "USD")).item() == expected


def test_currencies_without_a_sign_go_by_their_code():
    assert pl.select(spoken(pl.lit(23_400.0), "EUR")).item() == "€23k"
    assert pl.select(spoken(pl.lit(23_400.0), "chf")).item() == "CHF 23k"
