"""Column profiles: exact where cheap, the same in any order, and quiet unless something is odd."""

import random
from datetime import date, datetime
from decimal import Decimal

import dagster as dg
import duckdb
import ibis
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.contracts import asset_key
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.sources.contract import SALES_LINES
from gosales_assets.star.column_profiles import TEXT_SHOWN, changes, column_profile
from gosales_assets.star.contract import COLUMN_PROFILE
from gosales_assets.star.profile_assets import ASSETS, CHECKS, PROFILED
from gosales_assets.tables import Contract, Money, table
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.star.order_lines import line, sales_lines


class Things(Contract):
    """Things."""

    name: str = pa.Field(unique=True, description="Name.")
    note: str = pa.Field(nullable=True, description="Note; null: none.")
    day: pl.Date = pa.Field(nullable=True, description="Day.")
    amount: Money = pa.Field(description="Amount.")
    good: bool = pa.Field(description="Whether it is good.")
    seen: pl.Datetime = pa.Field(description="Differs between runs.")


THINGS = table(Things, "toy.things", grain="one per thing", sort=("name",), volatile=("seen",))


def things(rows: int, values: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "name": [f"n{i}" for i in range(rows)],
            "note": [None if i % 4 == 0 else "x" * (90 + i % values) for i in range(rows)],
            "day": [date(2024, 1, 1 + i % values) for i in range(rows)],
            "amount": [Decimal(i % values) for i in range(rows)],
            "good": [i % 2 == 0 for i in range(rows)],
            "seen": [datetime(2024, 1, 1)] * rows,
        },
        schema=THINGS.types,
    )


def profile(frame: pl.DataFrame, exact_up_to: int = 1000) -> pl.DataFrame:
    return column_profile(ibis.memtable(frame), THINGS, "sum", exact_up_to)


def by_column(frame: pl.DataFrame) -> dict[str, dict]:
    return {row["column_name"]: row for row in frame.iter_rows(named=True)}


def test_types_gaps_different_values_and_extremes() -> None:
    made = profile(things(8))
    assert COLUMN_PROFILE.typed(made).schema == made.schema
    assert made["column_name"].to_list() == list(THINGS.types)
    columns = by_column(made)
    assert [columns[name]["type"] for name in THINGS.types] == [
        "string", "string", "date", "decimal(18, 2)", "boolean", "timestamp(6)",
    ]  # fmt: skip
    note = columns["note"]
    assert (note["nullable"], note["null_share"], note["distinct_values"]) == (True, 0.25, 3)
    assert note["meaning"] == "Note; null: none."
    assert note["minimum"] == note["maximum"] == "x" * TEXT_SHOWN
    assert (columns["day"]["minimum"], columns["day"]["maximum"]) == ("2024-01-01", "2024-01-03")
    assert (columns["amount"]["minimum"], columns["amount"]["maximum"]) == ("0.00", "2.00")
    assert (columns["good"]["minimum"], columns["good"]["distinct_values"]) == ("false", 2)
    seen = columns["seen"]
    assert (seen["null_share"], seen["distinct_values"], seen["minimum"]) == (0, None, None)


def test_a_table_without_rows_has_a_schema_and_no_figures() -> None:
    made = profile(THINGS.empty())
    assert made["rows"].to_list() == [0] * 6
    assert made["null_share"].null_count() == made["minimum"].null_count() == 6
    assert made["distinct_values"].drop_nulls().to_list() == [0] * 5


def test_many_values_of_a_big_table_are_estimated_and_keys_and_few_values_counted() -> None:
    frame = pl.DataFrame(
        {
            "name": [f"n{i}" for i in range(20_000)],
            "note": [f"note {i % 12_345}" for i in range(20_000)],
            "day": [date(2024, 1, 1)] * 20_000,
            "amount": [Decimal(i % 7) for i in range(20_000)],
            "good": [True] * 20_000,
            "seen": [datetime(2024, 1, 1)] * 20_000,
        },
        schema=THINGS.types,
    )
    columns = by_column(profile(frame))
    exact = {name: (c["distinct_values"], c["distinct_is_exact"]) for name, c in columns.items()}
    assert exact["name"] == (20_000, True)
    assert exact["amount"] == (7, True)
    estimate, counted = exact["note"]
    assert not counted
    assert estimate % 1_000 == 0
    assert abs(estimate / 12_345 - 1) < 0.1


def test_the_same_for_any_order_of_rows_and_number_of_threads() -> None:
    rows = list(range(30_000))
    made = []
    for threads in (1, 2):
        random.Random(threads).shuffle(rows)  # noqa: S311 - an order, not a secret
        with duckdb.connect(config={"threads": threads}) as connection:
            connection.register("frame", things(30_000, values=20)[rows].to_arrow())
            connection.sql("create table t as from frame")
            scanned = ibis.duckdb.from_connection(connection).table("t")
            made.append(column_profile(scanned, THINGS, "sum", exact_up_to=5))
    assert made[0].equals(made[1])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | st.text(max_size=5), max_size=12))
def test_figures_are_those_of_the_values(notes: list[str | None]) -> None:
    frame = things(len(notes)).with_columns(note=pl.Series(notes, dtype=pl.String))
    note = by_column(profile(frame))["note"]
    known = [text for text in notes if text is not None]
    assert note["distinct_values"] == len(set(known))
    assert note["null_share"] == (notes.count(None) / len(notes) if notes else None)


def test_nothing_changed_is_nothing_told() -> None:
    now = profile(things(100))
    assert changes(now, now, set()).is_empty()
    assert changes(COLUMN_PROFILE.empty(), now, set()).is_empty()
    assert changes(profile(things(90)), now, set()).is_empty(), "more rows are what one hopes for"


@pytest.mark.parametrize(
    ("now", "told"),
    [
        pytest.param(
            profile(things(90)), [(None, "90 rows, 100 before: 10.0% fewer")], id="fewer rows"
        ),
        pytest.param(
            profile(things(100).with_columns(day=pl.lit(None, pl.Date))),
            [("day", "100.0% of values missing, 0.0% before")],
            id="gaps",
        ),
        pytest.param(
            profile(things(100)).with_columns(
                type=pl.when(column_name="day").then(pl.lit("string")).otherwise("type")
            ),
            [("day", "type string, date before")],
            id="type",
        ),
        pytest.param(
            profile(things(100)).with_columns(nullable=True),
            [(name, "values may now be missing") for name in ("amount", "good", "name", "seen")],
            id="nullable",
        ),
        pytest.param(
            profile(things(100)).filter(pl.col("column_name") != "day"),
            [("day", "the column is gone")],
            id="column gone",
        ),
        pytest.param(COLUMN_PROFILE.empty(), [(None, "the table is gone")], id="table gone"),
    ],
)
def test_what_a_person_should_look_at_is_told(
    now: pl.DataFrame, told: list[tuple[str | None, str]]
) -> None:
    before = profile(things(100))
    assert changes(before, now, set()).drop("table_name").rows() == told


def test_a_new_column_is_told_and_tables_that_come_and_go_are_not() -> None:
    before = profile(things(100))
    fewer = before.filter(pl.col("column_name") != "note")
    assert changes(fewer, before, set())["change"].to_list() == ["the column is new"]
    assert changes(before, profile(things(1)), {"toy.things"}).is_empty()


def profiled(
    instance: dg.DagsterInstance, warehouse: Warehouse, lines: pl.DataFrame
) -> tuple[dg.ExecuteInProcessResult, dg.AssetCheckEvaluation]:
    """Materialize the profile of a lake whose other tables are empty, and compare."""
    for one in PROFILED:
        warehouse.write(one, lines if one is SALES_LINES else one.empty())
    result = dg.materialize(
        [*ASSETS, *CHECKS],
        selection=dg.AssetSelection.assets(*ASSETS),
        resources={"warehouse": warehouse},
        instance=instance,
    )
    (compared,) = (e for e in result.get_asset_check_evaluations() if e.check_name == "as_before")
    return result, compared


def test_every_raw_and_star_table_is_profiled_and_compared_with_the_last_time(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    lines = sales_lines(*(line(f"c{i}", "2024-01-31", rep="r") for i in range(50)))
    result, first = profiled(instance, warehouse, lines)
    assert first.passed
    made = warehouse.read(COLUMN_PROFILE)
    every = {t.name: len(t.types) for t in ALL_TABLES if t.room in {"raw", "star"}}
    del every["star.column_profile"]
    assert dict(made.group_by("table_name").len().iter_rows()) == every
    assert made["meaning"].str.len_chars().min() > 0
    of_lines = made.filter(table_name="raw.sales_lines")
    assert set(of_lines["checksum"]) == {warehouse.footer(SALES_LINES)["gosales.checksum"]}
    shown = {
        event.asset_observation_data.asset_observation.asset_key: event.asset_observation_data
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_OBSERVATION
    }
    columns = shown[asset_key(SALES_LINES)].asset_observation.metadata["columns"].records
    assert [c.data["column_name"] for c in columns] == list(SALES_LINES.types)

    changed = lines.head(40).with_columns(rep=pl.lit(None, pl.String))
    _, second = profiled(instance, warehouse, changed)
    assert not second.passed
    assert not second.blocking
    assert second.description == (
        "raw.sales_lines: 40 rows, 50 before: 20.0% fewer; "
        "raw.sales_lines.rep: 100.0% of values missing, 0.0% before"
    )
    _, third = profiled(instance, warehouse, changed)
    assert third.passed, "each time is compared with the time before"


def test_a_profile_of_other_columns_is_no_comparison(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    older = pl.DataFrame({"table_name": ["raw.gone"]})
    path = warehouse.path(COLUMN_PROFILE)
    path.parent.mkdir(parents=True)
    older.write_parquet(path)
    assert profiled(instance, warehouse, sales_lines(line("c", "2024-01-31")))[1].passed
