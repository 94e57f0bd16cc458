"""What is put in order once and looked up per cutoff is what looking at all lines gives."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.features.ledger import layout
from gosales_assets.features.numbering import day_number, numbers_among, numbers_of_runs
from gosales_assets.features.purchases import purchases_of
from gosales_assets.features.served import served_of

FIRST = date(1969, 12, 20)  # days before 1970 have negative numbers
CUSTOMERS = pl.Series(["a", "b", "c", "d"])
days = st.integers(0, 30).map(lambda after: FIRST + timedelta(days=after))
customers = st.sampled_from(CUSTOMERS.to_list())
lines = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": customers,
            "sku": st.sampled_from(["x", "y", "z"]),
            "order_date": days,
            "is_return": st.booleans(),
        }
    ),
    max_size=30,
)
names = st.one_of(st.none(), st.sampled_from(["north", "south"]))
# One row per customer and day: what an engine gives.
served_days = st.dictionaries(
    st.tuples(customers, days), st.fixed_dictionaries({"branch": names, "rep": names}), max_size=30
)


@given(lines=lines, window=st.tuples(days, days).map(sorted), taught=days)
def test_products_of_a_window_are_those_of_its_lines(
    lines: list[dict[str, object]], window: list[date], taught: date
) -> None:
    after, until = window
    kinds = {"customer_id": pl.String, "sku": pl.String, "order_date": pl.Date}
    frame = pl.DataFrame(lines, schema=kinds | {"is_return": pl.Boolean})
    found = purchases_of(frame.lazy(), CUSTOMERS).between(after, until, taught)
    bought: dict[tuple[object, object], bool] = {}
    for line in lines:
        day = line["order_date"]
        if not line["is_return"] and isinstance(day, date) and after < day <= until:
            key = line["customer_id"], line["sku"]
            bought[key] = bought.get(key, False) or day <= taught
    assert [
        ((CUSTOMERS[customer], sku), learned) for customer, sku, learned in found.iter_rows()
    ] == sorted(bought.items(), key=str)


@given(served=served_days, cutoff=days)
def test_who_serves_is_named_by_the_newest_day_that_names_one(
    served: dict[tuple[str, date], dict[str, str | None]], cutoff: date
) -> None:
    kinds = {"customer_id": pl.String, "order_date": pl.Date}
    rows = [{"customer_id": c, "order_date": day, **of} for (c, day), of in served.items()]
    frame = pl.DataFrame(rows, schema=kinds | dict.fromkeys(("branch", "rep"), pl.String))
    wanted = [0, 2, 3]
    for column, named in served_of(frame, CUSTOMERS).items():
        found = named.as_of(day_number(cutoff), np.array(wanted)).to_list()
        for place, number in enumerate(wanted):
            told = {
                day: of[column]
                for (customer, day), of in served.items()
                if customer == CUSTOMERS[number] and day <= cutoff and of[column] is not None
            }
            assert found[place] == (told[max(told)] if told else None)


@given(seen=st.sets(st.integers(0, 9)), others=st.sets(st.integers(0, 9)))
def test_values_are_laid_out_for_whom_they_are_of(seen: set[int], others: set[int]) -> None:
    ours, theirs = (np.array(sorted(each), dtype=np.int64) for each in (seen, others))
    laid = layout(ours, theirs)(ours * 10)
    assert pl.Series(laid).fill_nan(None).to_list() == [
        customer * 10 if customer in seen else None for customer in sorted(others)
    ]


@given(texts=st.lists(st.sampled_from(["a", "c", "d", "e"]), max_size=12))
def test_runs_are_numbered_like_single_texts(texts: list[str]) -> None:
    given_texts = pl.Series(texts, dtype=pl.String)
    places = {name: place for place, name in enumerate(CUSTOMERS)}
    expected = [places.get(text, -1) for text in texts]
    for number in (numbers_among, numbers_of_runs):
        assert number(CUSTOMERS, given_texts, strict=False).tolist() == expected


def test_a_text_that_must_be_known_is_told() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError, match="stranger"):
        numbers_among(CUSTOMERS, pl.Series(["a", "stranger"]))
