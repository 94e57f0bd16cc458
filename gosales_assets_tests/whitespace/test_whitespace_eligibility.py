"""Who may be offered what, rule by rule."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.contract import RULES
from gosales_assets.whitespace.eligibility import (
    SideTables,
    eligibility_counts,
    lost_candidates,
    with_state,
)
from gosales_assets.whitespace.installed_assets import by_division
from gosales_assets_tests.whitespace.whitespace_world import CUTOFF, candidates, days_before, side


def state(about: SideTables, cohort: str = "expansion", days: float | None = None, **settings):
    """State and reason of customer C0000 for PDM."""
    found = candidates(2, divisions=["PDM", "Simulation"]).with_columns(
        cohort=pl.lit(cohort), days_since_division=pl.lit(days, pl.Float64)
    )
    rows = with_state(found, about, CUTOFF, Whitespace(**settings))
    this = rows.filter((pl.col("customer_id") == "C0000") & (pl.col("division") == "PDM"))
    return this.select("state", "state_reason").row(0)


C = {"customer_id": "C0000"}


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (side(), ("potential", None)),
        (
            side(deals=[C | {"division": "PDM", "stage": "Quote"}]),
            ("open_deal", "open deal: Quote"),
        ),
        (side(deals=[C]), ("open_deal", "open deal")),
        (side(deals=[C | {"division": "Simulation"}]), ("potential", None)),
        (side(deals=[{"customer_id": "C0001"}]), ("potential", None)),
        (side(blocks=[C | {"reason": "credit hold"}]), ("blocked", "credit hold")),
        (side(blocks=[C | {"until": CUTOFF}]), ("blocked", "blocked, no reason given")),
        (side(blocks=[C | {"until": days_before(1)}]), ("potential", None)),
        (
            side(contacts=[C | {"contact_date": CUTOFF}]),
            ("cooling", "contacted on 2024-12-31"),
        ),
        (
            side(contacts=[C | {"contact_date": days_before(20)}]),
            ("cooling", "contacted on 2024-12-11"),
        ),
        (side(contacts=[C | {"contact_date": days_before(21)}]), ("potential", None)),
        (
            side(contacts=[C | {"contact_date": CUTOFF + timedelta(days=1)}]),
            ("potential", None),
        ),
        (
            side(contacts=[C | {"contact_date": CUTOFF, "division": "Simulation"}]),
            ("potential", None),
        ),
    ],
)
def test_each_rule(about, expected):
    assert state(about) == expected


def test_first_rule_that_holds_decides():
    all_of_them = side(
        deals=[C], blocks=[C | {"reason": "credit hold"}], contacts=[C | {"contact_date": CUTOFF}]
    )
    assert state(all_of_them, cohort="repeat", days=10)[0] == "owned"
    assert state(all_of_them)[0] == "cooling"
    assert state(side(deals=[C], blocks=[C]))[0] == "open_deal"


def test_a_divisions_own_row_says_more_than_the_row_about_all():
    both = side(blocks=[C | {"reason": "general"}, C | {"reason": "special", "division": "PDM"}])
    assert state(both) == ("blocked", "special")


def test_many_rows_of_one_customer_do_not_multiply_candidates():
    contacts = [C | {"contact_date": days_before(n)} for n in range(10)]
    found = candidates(3)
    rows = with_state(found, side(contacts=contacts, deals=[C, C]), CUTOFF, Whitespace())
    assert rows.height == found.height


def test_owners_are_out_for_ever_or_within_the_months_that_are_set():
    assert state(side(), cohort="repeat", days=4000) == (
        "owned",
        "last bought 4000 days before the cutoff",
    )
    last_day_inside = (CUTOFF - date(2023, 12, 31)).days - 1
    assert state(side(), "repeat", last_day_inside, owned_within_months=12)[0] == "owned"
    assert state(side(), "repeat", last_day_inside + 1, owned_within_months=12)[0] == "potential"


def test_no_cooldown_when_it_is_set_to_0_days():
    contacts = side(contacts=[C | {"contact_date": CUTOFF}])
    assert state(contacts, contact_cooldown_days=0)[0] == "potential"


def test_conservation_names_the_division_that_lost_candidates():
    assert lost_candidates({"PDM": 5}, {"PDM": 5}) == {}
    assert lost_candidates({"CPE": 7, "PDM": 5}, {"CPE": 7, "PDM": 8}) == {"PDM": 3}
    assert lost_candidates({"CPE": 7}, {"CPE": 7, "PDM": 8}) == {"PDM": 8}


NOT_NOW = {"kind": "not_now", "until": CUTOFF}
EXPIRED = C | {"division": "PDM", "purchase_date": days_before(900)}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([{"kind": "talking"}], ("open_deal", "talking since 2024-12-30, says Kim")),
        ([{"kind": "won"}], ("owned", "won on 2024-12-30, says Kim")),
        ([{"kind": "lost"}], ("cooling", "lost on 2024-12-30, says Kim")),
        ([NOT_NOW], ("cooling", "not before the end of 2024-12-31, says Kim")),
        ([NOT_NOW | {"until": days_before(1)}], ("potential", None)),
        ([{"kind": "blocked", "reason": "moved away"}], ("blocked", "moved away, says Kim")),
        ([{"kind": "blocked", "reason": "x", "division": "Simulation"}], ("potential", None)),
        (
            [{"kind": "talking", "division": None}],
            ("open_deal", "talking since 2024-12-30, says Kim"),
        ),
        # The last word counts, also where one was about all divisions.
        (
            [{"kind": "blocked", "reason": "x"}, NOT_NOW | {"until": days_before(1)}],
            ("potential", None),
        ),
        (
            [{"kind": "blocked", "reason": "x"}, {"kind": "lost", "division": None}],
            ("cooling", "lost on 2024-12-30, says Kim"),
        ),
        (
            [{"kind": "talking", "division": None}, {"kind": "won"}],
            ("owned", "won on 2024-12-30, says Kim"),
        ),
        ([{"kind": "talking", "recorded_at": datetime(2025, 1, 1)}], ("potential", None)),
        # An answer that is withdrawn stands no more, until somebody answers anew.
        ([{"kind": "blocked", "reason": "x"}, {"kind": "withdrawn"}], ("potential", None)),
        (
            [{"kind": "blocked", "reason": "x", "division": None}, {"kind": "withdrawn"}],
            ("potential", None),
        ),
        (
            [{"kind": "withdrawn"}, {"kind": "talking"}],
            ("open_deal", "talking since 2024-12-30, says Kim"),
        ),
    ],
)
def test_actions_give_states(answers, expected):
    told = [C | {"division": "PDM"} | answer for answer in answers]
    assert state(side(actions=told)) == expected


def test_a_lost_deal_cools_down_for_the_days_that_are_set():
    lost = side(actions=[C | {"kind": "lost", "recorded_at": datetime(2024, 12, 1)}])
    assert state(lost)[0] == "cooling"
    assert state(lost, lost_cooldown_days=30)[0] == "potential"
    won = side(actions=[C | {"kind": "won", "recorded_at": datetime(2022, 12, 1)}])
    assert state(won)[0] == "owned"
    assert state(won, owned_within_months=12)[0] == "potential"


def test_a_past_list_knows_actions_up_to_its_day():
    later = side(actions=[C | {"kind": "talking", "recorded_at": datetime(2025, 1, 1)}])
    assert state(later.as_known(newest=False))[0] == "potential"
    found = candidates(1, divisions=["PDM"]).with_columns(cohort=pl.lit("expansion"))
    on_the_day = with_state(found, later, date(2025, 1, 1), Whitespace())
    assert on_the_day["state"].to_list() == ["open_deal"]


@pytest.mark.parametrize(
    ("asset", "cohort", "days", "expected"),
    [
        ({"expiration_date": None}, "expansion", None, ("owned", "has it installed")),
        (
            {"expiration_date": date(2025, 6, 30)},
            "expansion",
            None,
            ("owned", "has it until 2025-06-30"),
        ),
        (
            {"expiration_date": days_before(364)},
            "expansion",
            None,
            ("owned", "its last asset expired 364 days ago"),
        ),
        ({"expiration_date": days_before(365)}, "expansion", None, ("potential", None)),
        ({"expiration_date": days_before(365)}, "repeat", 800, ("potential", None)),
        (
            {"expiration_date": days_before(365)},
            "repeat",
            364,
            ("owned", "last bought 364 days before the cutoff"),
        ),
        ({"purchase_date": CUTOFF + timedelta(days=1)}, "expansion", None, ("potential", None)),
        ({"division": "Simulation"}, "expansion", None, ("potential", None)),
    ],
)
def test_owners_by_the_installed_base(asset, cohort, days, expected):
    assert state(side(assets=[EXPIRED | asset]), cohort, days) == expected


def test_one_active_asset_is_enough_and_days_to_come_back_are_a_setting():
    old = EXPIRED | {"expiration_date": days_before(400)}
    assert state(side(assets=[old]))[0] == "potential"
    assert state(side(assets=[old]), expired_back_days=401)[0] == "owned"
    assert state(side(assets=[old, EXPIRED | {"expiration_date": days_before(-5)}]))[0] == "owned"


def test_assets_without_a_purchase_day_count_for_the_newest_list_only():
    undated = side(assets=[EXPIRED | {"purchase_date": None}])
    assert state(undated)[0] == "owned"
    assert state(undated.as_known(newest=False))[0] == "potential"


def test_assets_belong_to_the_division_of_their_product_and_to_sku_sets():
    base = pl.DataFrame(
        {
            "customer_id": ["C", "D"],
            "sku": ["s1", "s9"],
            "purchase_date": [None, None],
            "expiration_date": [None, None],
        }
    )
    products = pl.DataFrame({"sku": ["s1"], "division": ["PDM"]})
    found = by_division(base, products, {"Seats": ["s1"]}).sort("division")
    assert found.select("division", "customer_id").rows() == [("PDM", "C"), ("Seats", "C")]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"regions": {"PDM": ["East"]}}, ("out_of_region", "PDM is not sold in North")),
        ({"regions": {"PDM": ["West"]}}, ("potential", None)),
        ({"regions": {"PDM": ["North"]}}, ("potential", None)),
        ({"regions": {"Simulation": ["East"]}}, ("potential", None)),
        ({"territories": {"Kim": ["South"]}}, ("out_of_region", "Kim does not cover North")),
        ({"territories": {"Lee": ["South"]}}, ("potential", None)),
    ],
)
def test_out_of_region(about, expected):
    assert state(side(), **about) == expected


def test_nobody_is_out_of_a_region_that_is_unknown():
    found = candidates(1, divisions=["PDM"]).with_columns(
        cohort=pl.lit("expansion"),
        region=pl.lit(None, pl.String),
        territory=pl.lit(None, pl.String),
    )
    rows = with_state(found, side(), CUTOFF, Whitespace(regions={"PDM": ["East"]}))
    assert rows["state"].to_list() == ["potential"]


def told(kind: str, **about: object) -> SideTables:
    return side(actions=[C | {"kind": kind, "division": "PDM", "reason": "x"} | about])


def asset(expired: date | None) -> SideTables:
    return side(assets=[EXPIRED | {"expiration_date": expired}])


RULE_HOLDS = {
    "bought": (side(), {"cohort": "repeat", "days": 3.0}),
    "installed": (asset(None), {}),
    "won": (told("won"), {}),
    "contacted": (side(contacts=[C | {"contact_date": CUTOFF}]), {}),
    "not_now": (told("not_now", until=CUTOFF), {}),
    "lost": (told("lost"), {}),
    "open_deal": (side(deals=[C]), {}),
    "talking": (told("talking"), {}),
    "block_list": (side(blocks=[C]), {}),
    "told_to_block": (told("blocked"), {}),
    "region": (side(), {"regions": {"PDM": ["East"]}}),
    "territory": (side(), {"territories": {"Kim": ["East"]}}),
    "back_in": (asset(days_before(400)), {}),
    "none": (side(), {}),
}


@pytest.mark.parametrize("rule", list(RULES))
def test_each_rule_is_counted_for_its_division(rule: str) -> None:
    about, others = RULE_HOLDS[rule]
    cohort, days = others.pop("cohort", "expansion"), others.pop("days", None)
    found = candidates(1, divisions=["PDM"]).with_columns(
        cohort=pl.lit(cohort), days_since_division=pl.lit(days, pl.Float64)
    )
    counts = eligibility_counts(with_state(found, about, CUTOFF, Whitespace(**others)))
    assert counts.filter(pl.col("rows") > 0).rows() == [
        (CUTOFF, "PDM", RULES[rule], rule, list(RULES).index(rule) + 1, 1)
    ]
    assert counts["rule"].to_list() == list(RULES)


def test_owners_of_long_ago_are_counted_as_back_in():
    found = candidates(1, divisions=["PDM"]).with_columns(
        cohort=pl.lit("repeat"), days_since_division=pl.lit(800.0)
    )
    rows = with_state(found, side(), CUTOFF, Whitespace(owned_within_months=12))
    assert rows.select("state", "rule", "state_reason").rows() == [("potential", "back_in", None)]
