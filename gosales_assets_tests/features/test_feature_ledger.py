"""Ledgers: sums, squares and gaps of any window are what adding the rows up gives."""

from datetime import date
from statistics import median

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.features.ledger import Ledger, ledgers_of

Rows = dict[tuple[int, int], int]
HUGE = 2**62
rows_of_customers = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 30)),
    st.one_of(st.integers(-1_000, 1_000), st.just(HUGE)),
    max_size=40,
)
days = st.integers(-3, 33)


def ledger(rows: Rows) -> Ledger:
    """The second of four ledgers; the first and the last hold other rows, the third none."""
    others = {(customer + 1, time - 1): HUGE - 3 for customer, time in rows}
    numbered = [
        (n, *key, v) for n, of in ((3, others), (1, rows), (0, others)) for key, v in of.items()
    ]
    frame = pl.DataFrame(
        numbered,
        schema=dict.fromkeys(("ledger", "customer", "time", "value"), pl.Int64),
        orient="row",
    )
    numbers, customers = (frame[name].to_numpy() for name in ("ledger", "customer"))
    measures = {"value": pl.col("value")}
    first, second, third, last = ledgers_of(
        frame, numbers, customers, pl.col("time"), measures, count=4
    )
    assert first.customers.tolist() == last.customers.tolist()
    assert not third.times.size
    return second


def inside(rows: Rows, customer: int, after: int, until: int) -> list[int]:
    return [v for (c, time), v in sorted(rows.items()) if c == customer and after < time <= until]


@given(rows=rows_of_customers, now=days, after=days, until=days)
def test_sums_are_of_the_rows_in_the_window(rows: Rows, now: int, after: int, until: int) -> None:
    after, until = sorted((after, until))
    seen = ledger(rows).as_of(now)
    assert seen.customers.tolist() == sorted({c for c, time in rows if time <= now})
    whole, part = seen.sum("value"), seen.sum("value", after, until)
    for place, customer in enumerate(seen.customers.tolist()):
        for found, bounds in ((whole, (-99, now)), (part, (min(after, now), min(until, now)))):
            expected = sum(inside(rows, customer, *bounds))
            # Wrapped around where it does not fit, as whole numbers of 64 bits do.
            assert (int(found[place]) - expected) % 2**64 == 0


@given(rows=rows_of_customers, now=days, after=days)
def test_squares_and_gaps_are_of_what_is_seen(rows: Rows, now: int, after: int) -> None:
    seen = ledger(rows).as_of(now)
    squares = seen.squares("value", after)
    for place, customer in enumerate(seen.customers.tolist()):
        values = inside(rows, customer, after, now)
        assert squares[place] == pytest.approx(sum(v * v for v in values), rel=1e-12)
        times = sorted(time for c, time in rows if c == customer and time <= now)
        gaps = np.diff(times).tolist()
        assert seen.gap_squares[place] == sum(gap * gap for gap in gaps)
        assert (seen.first[place], seen.last[place]) == (times[0], times[-1])
        if gaps:
            assert (seen.median_gap[place], seen.last_gap[place]) == (median(gaps), gaps[-1])
        else:
            assert np.isnan([seen.median_gap[place], seen.last_gap[place]]).all()


@given(rows=rows_of_customers, later=rows_of_customers, now=days)
def test_later_rows_change_nothing(rows: Rows, later: Rows, now: int) -> None:
    past = {key: value for key, value in rows.items() if key[1] <= now}
    both = past | {key: value for key, value in later.items() if key[1] > now}
    ours, theirs = (ledger(each).as_of(now) for each in (past, both))
    assert ours.customers.tolist() == theirs.customers.tolist()
    for of in ("sum", "squares"):
        found = (getattr(seen, of)("value", now - 5) for seen in (ours, theirs))
        assert next(found).tobytes() == next(found).tobytes()
    assert ours.median_gap.tobytes() == theirs.median_gap.tobytes()


def test_nobody_bought_anything() -> None:
    seen = ledger({}).as_of(date(2024, 6, 30).toordinal())
    assert seen.customers.tolist() == seen.sum("value").tolist() == seen.median_gap.tolist() == []
