"""Who may be offered what, rule by rule."""

from datetime import date, timedelta

import polars as pl
import pytest

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.eligibility import SideTables, lost_candidates, with_state
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
