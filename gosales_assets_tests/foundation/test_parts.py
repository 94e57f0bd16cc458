"""Tables in parts: a version is seen whole or not at all, and only what changed is written."""

from pathlib import Path

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.contracts import breaches_in_parts
from gosales_assets.parts import (
    Part,
    Rewrite,
    basis_of,
    changed_parts,
    files_of,
    hold_parts,
    publish_parts,
)
from gosales_assets.tables import Contract, table
from gosales_assets.warehouse import BrokenPartition, MissingPartition, Warehouse


class Sales(Contract):
    """Sales."""

    month: str = pa.Field(description="Month.")
    name: str = pa.Field(unique=True, description="Name.")
    count: int = pa.Field(ge=0, description="Count.")


SALES = table(Sales, "room.sales", grain="one row per sale", sort=("month", "name"), parts="month")


def rows(month: str, *names: str, count: int = 1) -> pl.DataFrame:
    return pl.DataFrame({"month": month, "name": list(names), "count": [count] * len(names)})


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(home=str(tmp_path), code_version="1", basis="b")


@pytest.fixture
def two_months(warehouse: Warehouse) -> Warehouse:
    with warehouse.rewrite(SALES, "run") as rewrite:
        rewrite.write("02", rows("02", "d", "c"), basis="two", notes={"seen": [1]})
        rewrite.write("01", rows("01", "b", "a"), basis="one")
    return warehouse


def test_parts_are_sorted_and_read_in_order_of_their_names(two_months: Warehouse) -> None:
    assert two_months.read(SALES)["name"].to_list() == ["a", "b", "c", "d"]
    assert two_months.read(SALES, columns=["count"]).columns == ["count"]
    with two_months.engine() as engine:
        assert two_months.scan(engine, SALES).count().execute() == 4
    written = two_months.written(SALES)
    assert written.rows == 4
    assert two_months.footer(SALES)["gosales.run"] == "run"
    assert two_months.partitions(SALES) == [{}]
    assert two_months.parts(SALES)["02"].notes == {"seen": [1]}


def test_a_part_that_is_kept_is_not_written_again(two_months: Warehouse) -> None:
    before = {file: file.stat().st_mtime_ns for file in two_months.files(SALES)}
    with two_months.rewrite(SALES) as rewrite:
        rewrite.keep("01")
        rewrite.write("02", rows("02", "e"), basis="more")
    first, second = two_months.files(SALES)
    assert before[first] == first.stat().st_mtime_ns
    assert second not in before
    assert two_months.read(SALES)["name"].to_list() == ["a", "b", "e"]


def test_the_same_content_keeps_its_file_and_takes_the_new_basis(two_months: Warehouse) -> None:
    before = {file: file.stat().st_ino for file in two_months.files(SALES)}
    checksum = two_months.written(SALES).checksum
    with two_months.rewrite(SALES) as rewrite:
        rewrite.write("01", rows("01", "a", "b"), basis="new")
        rewrite.keep("02")
    assert {file: file.stat().st_ino for file in two_months.files(SALES)} == before
    assert two_months.parts(SALES)["01"].basis == "new"
    assert two_months.written(SALES).checksum == checksum


def test_a_part_that_is_not_named_again_is_gone(two_months: Warehouse) -> None:
    with two_months.rewrite(SALES) as rewrite:
        rewrite.keep("02")
    assert two_months.read(SALES)["month"].unique().to_list() == ["02"]


def _two_parts(rewrite: Rewrite, one: pl.DataFrame, two: pl.DataFrame) -> None:
    rewrite.write("01", one)
    rewrite.write("02", two)


def test_an_interrupted_rewrite_leaves_the_table_as_it_was(two_months: Warehouse) -> None:
    before, checksum = two_months.files(SALES), two_months.written(SALES).checksum
    with pytest.raises(ValueError, match="missing columns"), two_months.rewrite(SALES) as rewrite:
        _two_parts(rewrite, rows("01", "z"), pl.DataFrame())
    assert two_months.files(SALES) == before
    assert two_months.written(SALES).checksum == checksum
    assert two_months.read(SALES).height == 4


def test_nobody_loses_a_file_while_reading_it(two_months: Warehouse) -> None:
    reading = two_months.files(SALES)
    two_months.write(SALES, rows("03", "x"))
    assert pl.read_parquet(reading).height == 4  # the version before
    two_months.write(SALES, rows("03", "y"))
    assert not any(file.exists() for file in reading)
    assert two_months.read(SALES)["name"].to_list() == ["y"]


def test_what_the_published_database_looks_at_stays(two_months: Warehouse) -> None:
    published = two_months.files(SALES)
    folder = two_months.path(SALES).parent
    assert files_of(folder, hold_parts(folder).parts.values()) == published
    for name in "uv":  # while the database is still being made
        two_months.write(SALES, rows("03", name))
    assert pl.read_parquet(published).height == 4
    publish_parts(folder)
    for name in "wx":
        two_months.write(SALES, rows("03", name))
    assert pl.read_parquet(published).height == 4
    hold_parts(folder)
    publish_parts(folder)
    two_months.write(SALES, rows("03", "y"))
    assert not any(file.exists() for file in published)


def test_a_table_without_rows_can_be_read(warehouse: Warehouse) -> None:
    with pytest.raises(MissingPartition):
        warehouse.read(SALES)
    assert not warehouse.has(SALES)
    with warehouse.rewrite(SALES):
        pass
    assert warehouse.read(SALES).schema == SALES.types
    with warehouse.engine() as engine:
        assert warehouse.scan(engine, SALES).count().execute() == 0
    assert [b.rule for b in breaches_in_parts(SALES, warehouse)] == ["at least one row"]


def test_parts_that_failed_a_check_are_not_kept(two_months: Warehouse) -> None:
    two_months.mark(SALES, "contract", "bad")
    with pytest.raises(BrokenPartition):
        two_months.read(SALES)
    with two_months.rewrite(SALES) as rewrite:
        assert rewrite.before == {}
        rewrite.write("01", rows("01", "a"))
    assert two_months.read(SALES).height == 1


def test_breaches_are_summed_over_the_parts(two_months: Warehouse) -> None:
    assert breaches_in_parts(SALES, two_months) == []
    with two_months.rewrite(SALES) as rewrite:
        rewrite.write("01", rows("01", "a", "a", count=-1))
        rewrite.write("02", rows("02", "b", count=-2))
    found = {breach.column: breach.rows for breach in breaches_in_parts(SALES, two_months)}
    assert found["count"] == 3
    assert found["month, name"] == 2


def test_freshness_is_told_by_the_manifest(two_months: Warehouse) -> None:
    assert two_months.is_fresh(SALES)
    other = Warehouse(home=two_months.home, code_version="2", basis="b")
    assert not other.is_fresh(SALES)


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["one", "two"])))
def test_what_changed_is_what_has_another_basis_or_is_new(wanted: dict[str, str]) -> None:
    known = {"a": "one", "b": "two"}
    with_parts = {name: Part("file", 1, "sum", basis) for name, basis in known.items()}
    due = changed_parts(with_parts, wanted)
    assert due == sorted(n for n, basis in wanted.items() if known.get(n) != basis)


def test_a_basis_tells_what_it_is_made_of_apart() -> None:
    assert basis_of("a", ["b"]) == basis_of("a", ["b"])
    assert len({basis_of("a", ["b"]), basis_of("ab", []), basis_of("a", "b"), basis_of()}) == 4
