"""Drift of the log: volume, divisions, SKUs, industries; and the table of alerts."""

from datetime import date, timedelta

import ibis
import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.calendar import add_months
from gosales_assets.drift import activity
from gosales_assets.drift.alerts import Alert, as_table, hard_alerts
from gosales_assets.drift.contract import DRIFT_ALERTS

CUTOFF = date(2024, 12, 31)
START = date(2022, 1, 5)


def months(per_month: int, last_three: int, division: str = "") -> pl.DataFrame:
    """Orders of the 24 months up to the cutoff; the last three differ."""
    days = [add_months(CUTOFF, -back) for back in range(24)]
    orders = [last_three if back < 3 else per_month for back in range(24)]
    return pl.DataFrame({"division": [division] * 24, "month": days, "orders": orders})


@pytest.mark.parametrize(
    ("last_three", "division", "expected"),
    [
        (100, "", []),
        (75, "", []),
        (60, "", ["warn"]),
        (40, "", ["hard"]),
        (0, "", ["hard"]),
        (200, "", ["info"]),
        (0, "PDM", ["warn"]),
    ],
)
def test_volume_against_the_same_months_of_the_year_before(last_three, division, expected):
    found = list(activity.volume_alerts(months(100, last_three, division), CUTOFF, START))
    assert [alert.severity for alert in found] == expected
    assert [alert.division for alert in found] == [division or None] * len(expected)


def test_volume_needs_a_year_before_and_enough_orders():
    assert list(activity.volume_alerts(months(100, 0), CUTOFF, date(2023, 10, 1))) == []
    assert list(activity.volume_alerts(months(10, 0), CUTOFF, START)) == []


def test_orders_after_the_cutoff_are_not_seen():
    later = months(100, 100).with_columns(pl.col("month").dt.offset_by("1mo").dt.month_end())
    found = activity.monthly_orders(ibis.memtable(later), CUTOFF)
    assert found["month"].max() == CUTOFF


def divisions(*rows: tuple[str, date]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"division": name, "scope": "division", "first_sold": day} for name, day in rows],
        schema={"division": pl.String, "scope": pl.String, "first_sold": pl.Date},
    )


def test_new_and_unlisted_divisions():
    sold = divisions(
        ("Old", START),
        ("New", date(2024, 11, 5)),
        ("Stray", date(2023, 1, 1)),
        ("Later", date(2025, 1, 2)),
    )
    listed = {"old", "new", "later"}
    found = list(activity.division_alerts(sold, listed, CUTOFF, START))
    assert [(a.division, a.severity) for a in found] == [("New", "info"), ("Stray", "warn")]
    assert list(activity.division_alerts(sold, listed | {"stray"}, CUTOFF, date(2024, 6, 1))) == []


def test_share_of_lines_of_new_skus():
    days = [date(2024, 9, 30), date(2024, 10, 1), CUTOFF, CUTOFF, CUTOFF + timedelta(days=1)]
    facts = pl.DataFrame(
        {
            "sku": ["a", "a", "b", "b", "b"],
            "order_date": days,
            "is_return": [False, False, False, True, False],
        }
    )
    products = pl.DataFrame({"sku": ["a", "b"], "first_sold": [START, CUTOFF]})
    counted = activity.lines_by_novelty(ibis.memtable(facts), ibis.memtable(products), CUTOFF)
    assert counted == {"lines": 2, "new": 1}
    nothing = activity.lines_by_novelty(
        ibis.memtable(facts), ibis.memtable(products), date(2021, 1, 31)
    )
    assert nothing == {"lines": 0, "new": 0}


@pytest.mark.parametrize(("new", "alerts"), [(20, 0), (40, 1)])
def test_many_new_skus_are_a_warning(new, alerts):
    lines = {"lines": 100, "new": new}
    assert len(list(activity.sku_alerts(lines, CUTOFF, START))) == alerts
    assert list(activity.sku_alerts(lines, CUTOFF, date(2024, 3, 1))) == []


def customers(new_unknown: int, old_unknown: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "first_order": [date(2024, 12, 1)] * 50 + [START] * 50,
            "industry": [None] * new_unknown
            + ["Retail"] * (50 - new_unknown)
            + [None] * old_unknown
            + ["Retail"] * (50 - old_unknown),
        },
        schema={"first_order": pl.Date, "industry": pl.String},
    )


@pytest.mark.parametrize(("new", "old", "alerts"), [(50, 0, 1), (50, 50, 0), (12, 5, 0)])
def test_industries_unknown_of_newcomers_only(new, old, alerts):
    assert len(list(activity.industry_alerts(customers(new, old), CUTOFF))) == alerts


def test_alerts_as_a_table_and_the_hard_ones_in_words():
    alert = Alert(None, "volume", "hard", 0.3, 0.7, "Orders fell.", "Check the files.")
    mild = Alert("PDM", "prevalence", "warn", 2.0, 1.5, "More bought.", "Retrain.")
    table = as_table([alert, mild], CUTOFF)
    assert breaches(DRIFT_ALERTS, table) == []
    assert hard_alerts(table) == ["Orders fell. Check the files."]
    assert as_table([], CUTOFF).is_empty()
