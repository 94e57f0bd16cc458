"""Partitions are typed, sorted, whole or not there, and keep what they were made on."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gosales_assets.division_names import division_identity, division_key, registry_name
from gosales_assets.parts import checksum_of
from gosales_assets.read_ahead import read_ahead
from gosales_assets.tables import Contract, table
from gosales_assets.warehouse import BrokenPartition, MissingPartition, Warehouse


class Things(Contract):
    """Things."""

    name: str = pa.Field(unique=True, description="Name.")
    count: int = pa.Field(ge=0, description="Count.")
    day: pl.Date = pa.Field(nullable=True, description="Day.")
    seen: str = pa.Field(nullable=True, description="Differs between runs.")


THINGS = table(
    Things,
    "room.things",
    grain="one row per thing",
    sort=("name",),
    partitions=("cutoff", "division"),
    volatile=("seen",),
)
KEYS = {"cutoff": "2024-12-31", "division": "Bath beauty & häalth (x) it's"}


def frame(names: list[str], seen: str = "now") -> pl.DataFrame:
    return pl.DataFrame(
        {"name": names, "count": list(range(len(names))), "day": [date(2024, 1, 1)] * len(names)}
    ).with_columns(seen=pl.lit(seen))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(home=str(tmp_path), code_version="1", basis="b")


def test_what_is_written_is_read_back_sorted(warehouse: Warehouse) -> None:
    written = warehouse.write(THINGS, frame(["b", "a"]), **KEYS)
    assert warehouse.read(THINGS, **KEYS)["name"].to_list() == ["a", "b"]
    assert written.rows == 2
    assert warehouse.partitions(THINGS) == [KEYS]
    with warehouse.engine() as engine:
        counted = warehouse.scan(engine, THINGS, [KEYS]).count().execute()
    assert counted == 2


def test_checksum_ignores_row_order_and_volatile_columns(warehouse: Warehouse) -> None:
    one = warehouse.write(THINGS, frame(["a", "b"]), **KEYS)
    two = warehouse.write(THINGS, frame(["a", "b"], seen="later")[::-1], **KEYS)
    three = warehouse.write(THINGS, frame(["a", "c"]), **KEYS)
    assert one.checksum == two.checksum != three.checksum


def test_null_differs_from_zero_and_empty() -> None:
    nulls = pl.DataFrame({"x": [None, 0]}, schema={"x": pl.Int64})
    zeros = pl.DataFrame({"x": [0, 0]}, schema={"x": pl.Int64})
    assert checksum_of(nulls) != checksum_of(zeros)


def test_a_missing_partition_says_what_to_do(warehouse: Warehouse) -> None:
    with pytest.raises(MissingPartition, match=r"room\.things \[cutoff=2024-12-31.*materialize"):
        warehouse.read(THINGS, **KEYS)


def test_wrong_columns_are_named_and_nothing_is_written(warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match=r"missing columns \['count'\], unknown columns \['x'\]"):
        warehouse.write(THINGS, frame(["a"]).rename({"count": "x"}), **KEYS)
    with pytest.raises(ValueError, match=r"room\.things"):
        warehouse.write(THINGS, frame(["a"]).with_columns(count=pl.lit("many")), **KEYS)
    assert not warehouse.has(THINGS, **KEYS)


def test_a_crash_while_writing_leaves_the_old_partition(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.write(THINGS, frame(["a"]), **KEYS)

    def crash(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("gosales_assets.parts.os.replace", crash)
    with pytest.raises(OSError, match="disk full"):
        warehouse.write(THINGS, frame(["a", "b"]), **KEYS)
    assert warehouse.read(THINGS, **KEYS).height == 1
    assert [p.name for p in warehouse.path(THINGS, **KEYS).parent.iterdir()] == ["part.parquet"]


def test_fresh_means_same_code_and_basis_and_no_failed_check(warehouse: Warehouse) -> None:
    assert not warehouse.is_fresh(THINGS, **KEYS)
    warehouse.write(THINGS, frame(["a"]), **KEYS)
    assert warehouse.is_fresh(THINGS, **KEYS)
    newer = Warehouse(home=warehouse.home, code_version="2", basis="b")
    assert not newer.is_fresh(THINGS, **KEYS)
    warehouse.mark(THINGS, "contract", "count: below 0", **KEYS)
    assert not warehouse.is_fresh(THINGS, **KEYS)


def test_a_broken_partition_is_not_built_on_until_it_is_written_anew(warehouse: Warehouse) -> None:
    whole = replace(THINGS, name="room.whole", partitions=("cutoff",))
    cutoff = KEYS["cutoff"]
    warehouse.write(whole, frame(["a"]), cutoff=cutoff)
    warehouse.mark(whole, "contract", "count: below 0", cutoff=cutoff)
    with pytest.raises(BrokenPartition, match="count: below 0"):
        warehouse.read(whole, cutoff=cutoff)
    assert warehouse.read_unchecked(whole, cutoff=cutoff).height == 1
    warehouse.mark(whole, "conservation", None, cutoff=cutoff)
    assert warehouse.is_broken(whole, cutoff=cutoff)
    warehouse.write(whole, frame(["a"]), cutoff=cutoff)
    assert warehouse.read(whole, cutoff=cutoff).height == 1


def test_a_broken_division_has_no_rows_until_it_is_written_anew(warehouse: Warehouse) -> None:
    warehouse.write(THINGS, frame(["a"]), **KEYS)
    warehouse.mark(THINGS, "contract", "count: below 0", **KEYS)
    assert warehouse.read(THINGS, **KEYS).is_empty()
    assert warehouse.problems(THINGS, **KEYS) == ["count: below 0"]
    assert warehouse.read_unchecked(THINGS, **KEYS).height == 1
    warehouse.write(THINGS, frame(["a"]), **KEYS)
    assert warehouse.read(THINGS, **KEYS).height == 1


def test_connections_close_after_an_error(warehouse: Warehouse, tmp_path: Path) -> None:
    database = str(tmp_path / "x.duckdb")

    def fail() -> None:
        with warehouse.connect(database) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1")
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        fail()
    with warehouse.connect(database) as connection:
        assert connection.sql("SELECT count(*) FROM t").fetchall() == [(1,)]


def test_what_failed_is_told_though_another_thread_still_asks(warehouse: Warehouse) -> None:
    slow = "select count(*) from range(100000) a, range(100000) b where a.range * b.range % 7 = 3"
    asking = threading.Event()

    def asked(connection: duckdb.DuckDBPyConnection) -> Iterator[int]:
        yield 0
        asking.set()
        yield len(connection.execute(slow).fetchall())

    def fails_meanwhile() -> None:
        with warehouse.connect() as connection:
            answers = read_ahead(asked(connection))
            for _ in answers:  # kept by its name, so nobody ends it when the loop fails
                assert asking.wait(10)
                time.sleep(0.2)
                raise ValueError("this partition is bad")

    began = time.monotonic()
    with pytest.raises(ValueError, match="this partition is bad"):
        fails_meanwhile()
    assert time.monotonic() - began < 30  # nobody waits for an answer that nobody wants


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(name=st.text(min_size=1, max_size=30))
def test_any_division_name_makes_a_usable_path(warehouse: Warehouse, name: str) -> None:
    key = division_key(name)
    if not key or key in {".", ".."}:
        return
    keys = {"cutoff": "2024-12-31", "division": key}
    path = warehouse.path(THINGS, **keys)
    assert path.resolve().is_relative_to(warehouse.lake.resolve())
    assert len(path.relative_to(warehouse.lake).parts) == 5
    assert division_key(key) == key


def test_spellings_of_one_division_are_one() -> None:
    assert division_identity("POST_processing") == division_identity(" Post  Procéssing")
    assert division_identity("PDM") != division_identity("PDM 2")
    assert registry_name("Bath & beauty") == "icp_Bath_beauty"


def test_divisions_keep_names_of_their_own_in_the_registry() -> None:
    """Where letters are lost on the way, as MLflow takes only some, a checksum keeps them apart."""
    names = {registry_name(division) for division in ("建築", "機械", "Türen", "T ren")}
    assert len(names) == 4
    assert all(re.fullmatch(r"icp_[A-Za-z0-9_.-]+", name) for name in names)
