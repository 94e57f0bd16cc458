"""Validity: the newest row by a day holds on it; what comes later is not used."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.sources.contract import CUSTOMERS
from gosales_assets.star.validity import known_by, shown
from gosales_assets_tests.star.order_lines import Row, made

DAY = date(2024, 6, 30)


def rows(*since_and_region: tuple[str | None, str | None]) -> pl.DataFrame:
    return made(CUSTOMERS, [_row("a", since, region) for since, region in since_and_region])


def _row(customer: str, since: str | None, region: str | None) -> Row:
    day = None if since is None else date.fromisoformat(since)
    return {"customer_id": customer, "valid_from": day, "region": region, "size": "big"}


def told(frame: pl.DataFrame) -> list[tuple[str | None, str | None]]:
    return frame.select("region", "size").rows()


HISTORY = [("2023-01-01", "West"), ("2024-06-30", "East"), ("2024-07-01", "South")]


@pytest.mark.parametrize(
    ("since_and_region", "known", "shown_as"),
    [
        (HISTORY, [("East", "big")], "East"),
        (HISTORY[::-1], [("East", "big")], "East"),
        ([("2023-01-01", "West"), ("2024-01-01", None)], [(None, "big")], None),
        ([("2024-07-01", "South"), ("2024-09-01", "North")], [], "South"),
        ([(None, "Now")], [("Now", None)], "Now"),
        ([(None, "Now"), ("2024-07-01", "South")], [("Now", None)], "Now"),
        ([(None, "Now"), ("2024-06-01", "East")], [("East", "big")], "East"),
    ],
    ids=[
        "the newest row by the day",
        "whatever the order of rows",
        "an empty cell means unknown",
        "nothing is known before the first row",
        "of a snapshot only stable columns",
        "a snapshot until a dated row holds",
        "dated rows before a snapshot",
    ],
)
def test_what_holds_on_a_day(
    since_and_region: list[tuple[str | None, str | None]],
    known: list[tuple[str | None, str | None]],
    shown_as: str | None,
) -> None:
    table = rows(*since_and_region)
    assert told(known_by(table, "customer_id", DAY, stable={"region"})) == known
    assert shown(table, "customer_id", DAY)["region"].to_list() == [shown_as]


histories = st.lists(
    st.builds(
        lambda customer, days, region: _row(
            customer, (DAY + timedelta(days=days)).isoformat() if days is not None else None, region
        ),
        st.sampled_from("abc"),
        st.none() | st.integers(-3, 3),
        st.sampled_from(["West", "East", None]),
    ),
    unique_by=lambda row: (row["customer_id"], row["valid_from"]),
)


@settings(deadline=None, max_examples=60)
@given(table=histories)
def test_one_row_each_and_nothing_from_the_future(table: list[Row]) -> None:
    everything = made(CUSTOMERS, table)
    known = known_by(everything, "customer_id", DAY, stable=set(CUSTOMERS.types))
    assert known["customer_id"].is_unique().all()
    past = everything.filter(pl.col("valid_from").is_null() | (pl.col("valid_from") <= DAY))
    again = known_by(past, "customer_id", DAY, stable=set(CUSTOMERS.types))
    assert known.sort("customer_id").equals(again.sort("customer_id"))
    to_show = shown(everything, "customer_id", DAY)["customer_id"]
    assert sorted(to_show) == sorted({row["customer_id"] for row in table})
