"""A contract's breaches are found, counted, shown, and stop what is downstream."""

from datetime import date

import dagster as dg
import pandera.polars as pa
import polars as pl
import pytest

from gosales_assets.breaches import Breach, breaches, breaches_of_each
from gosales_assets.contracts import (
    asset_key,
    check_partitions,
    column_schema,
    contract_check,
    dep,
    table_asset,
)
from gosales_assets.partitions import ALL_DIVISIONS, KEYS, divisions_by_cutoff
from gosales_assets.storing import store
from gosales_assets.tables import Contract, Table, table
from gosales_assets.warehouse import Warehouse


class Counts(Contract):
    """How many there are of each."""

    name: str = pa.Field(description="Name.")
    count: int = pa.Field(ge=0, description="How many.")
    day: pl.Date = pa.Field(nullable=True, description="When; null: never.")


class Doubled(Contract):
    """Twice as many."""

    name: str = pa.Field(unique=True, description="Name.")
    count: int = pa.Field(ge=0, description="Twice as many.")


COUNTS = table(
    Counts, "toy.counts", grain="one row per name", sort=("name",), partitions=("cutoff",)
)
DOUBLED = table(
    Doubled, "toy.doubled", grain="one row per name", sort=("name",), partitions=("cutoff",)
)


def frame(names: list[str], counts: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"name": names, "count": counts, "day": [date(2024, 1, 1)] * len(names)})


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        pytest.param(frame(["a"], [-1]), ("count", "greater_than_or_equal_to(0)", 1), id="range"),
        pytest.param(frame(["a", "a"], [1, 2]), ("name", "one row per key", 2), id="key"),
        pytest.param(frame(["a"], [1]).drop("day"), ("day", "column is present", 1), id="missing"),
        pytest.param(
            frame(["a"], [1]).with_columns(x=1), ("x", "column is declared", 1), id="unknown"
        ),
        pytest.param(
            frame(["a"], [1]).with_columns(count=pl.lit(1.0)),
            ("count", "type is Int64", 1),
            id="type",
        ),
        pytest.param(
            frame(["a"], [1]).with_columns(name=pl.lit(None, pl.String)),
            ("name", "not_nullable", 1),
            id="null",
        ),
        pytest.param(COUNTS.empty(), ("", "at least one row", 0), id="empty"),
    ],
)
def test_each_kind_of_breach_is_named(broken: pl.DataFrame, expected: tuple[str, str, int]) -> None:
    found = breaches(COUNTS, broken)
    assert [(b.column, b.rule, b.rows) for b in found] == [expected]


def test_a_range_only_warns_and_everything_else_blocks() -> None:
    both = frame(["a", "b", "b"], [-1, 1, 2])
    assert {b.rule: b.blocking for b in breaches(COUNTS, both)} == {
        "greater_than_or_equal_to(0)": False,
        "one row per key": True,
    }
    for broken in (frame(["a"], [1]).with_columns(name=pl.lit(None, pl.String)), COUNTS.empty()):
        assert all(b.blocking for b in breaches(COUNTS, broken))


def test_failing_rows_are_named_by_their_key_up_to_twenty() -> None:
    many = frame([f"n{i:02}" for i in range(30)], [-i for i in range(30)])
    (found,) = breaches(COUNTS, many)
    assert found.rows == 29
    assert len(found.examples) == 20
    assert found.examples[:2] == ("name n01: -1", "name n02: -2")
    (doubled_key,) = breaches(COUNTS, frame(["a", "b", "b"], [1, 2, 3]))
    assert doubled_key.examples == ("name b",)


def test_a_kept_contract_has_no_breaches() -> None:
    assert breaches(COUNTS, frame(["a", "b"], [0, 1])) == []


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(frame(["a"], [-1]), id="value"),
        pytest.param(frame(["a", "a"], [1, 1]), id="key"),
        pytest.param(frame(["a"], [1]).drop("day"), id="column"),
        pytest.param(COUNTS.empty(), id="empty"),
    ],
)
def test_looking_at_partitions_together_finds_what_each_alone_shows(bad: pl.DataFrame) -> None:
    good = frame(["a", "b"], [0, 1])
    found = breaches_of_each(COUNTS, {"1": good, "2": bad, "3": good})
    assert found == {"1": [], "2": breaches(COUNTS, bad), "3": []}
    assert found["2"]
    assert breaches_of_each(COUNTS, {"1": good, "3": good}) == {"1": [], "3": []}


def test_the_ui_shows_meaning_and_constraints() -> None:
    columns = {column.name: column for column in column_schema(COUNTS).columns}
    assert columns["count"].description == "How many."
    assert columns["day"].constraints.nullable
    assert not columns["name"].constraints.nullable


BAD, ODD = KEYS.cutoffs[1], KEYS.cutoffs[2]


@table_asset(COUNTS)
def counts(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    for cutoff in context.partition_keys:
        names = ["a", "a"] if cutoff == BAD else ["a"]
        made = frame(names, [-1 if cutoff == ODD else 1] * len(names))
        store(context, warehouse, COUNTS, made, cutoff=cutoff)


@table_asset(DOUBLED, deps=[dep(COUNTS)])
def doubled(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    for cutoff in context.partition_keys:
        twice = warehouse.read(COUNTS, cutoff=cutoff).select("name", count=pl.col("count") * 2)
        store(context, warehouse, DOUBLED, twice, cutoff=cutoff)


def between(first: str, last: str) -> dict[str, str]:
    return {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }


def run(
    instance: dg.DagsterInstance, warehouse: Warehouse, cutoffs: list[str], *tables: Table
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [counts, doubled, contract_check(COUNTS), contract_check(DOUBLED)],
        selection=dg.AssetSelection.assets(*(asset_key(t) for t in tables)),
        tags=between(cutoffs[0], cutoffs[-1]),
        instance=instance,
        resources={"warehouse": warehouse},
        raise_on_error=False,
    )


def test_a_breach_stops_downstream_now_and_later(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    both = list(KEYS.cutoffs[:2])
    result = run(instance, warehouse, both, COUNTS, DOUBLED)
    assert not result.success
    evaluations = result.get_asset_check_evaluations()
    states = {e.partition: e.passed for e in evaluations if e.check_name == "contract"}
    assert states == {both[0]: True, BAD: False, None: False}
    assert not warehouse.has(DOUBLED, cutoff=both[0])
    later = run(instance, warehouse, [BAD], DOUBLED)
    assert not later.success
    failures = [e.step_failure_data.error for e in later.all_events if e.is_step_failure]
    assert any("failed a check" in failure.to_string() for failure in failures)
    good = run(instance, warehouse, both[:1], DOUBLED)
    assert good.success
    assert warehouse.read(DOUBLED, cutoff=both[0])["count"].to_list() == [2]


def test_a_value_out_of_range_is_shown_and_stops_nothing(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    result = run(instance, warehouse, [ODD, ODD], COUNTS, DOUBLED)
    assert result.success
    assert warehouse.read(DOUBLED, cutoff=ODD)["count"].to_list() == [-2]
    of_counts = [e for e in result.get_asset_check_evaluations() if e.asset_key.path[1] == "counts"]
    assert {e.check_name: (e.passed, e.blocking) for e in of_counts} == {
        "contract": (True, True),
        "values": (False, False),
    }
    (warning,) = (e for e in of_counts if not e.passed)
    assert warning.severity == dg.AssetCheckSeverity.WARN
    (row,) = warning.metadata["failing rows"].records
    assert row.data["partition"] == ODD
    assert row.data["row"] == "name a: -1"


def test_each_partition_shows_its_own_rows(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    result = run(instance, warehouse, [KEYS.cutoffs[0], KEYS.cutoffs[0]], COUNTS)
    (made,) = result.asset_materializations_for_node("toy__counts")
    assert made.partition == KEYS.cutoffs[0]
    assert made.metadata["dagster/row_count"].value == 1
    assert made.metadata["checksum"].value


def test_a_custom_check_is_recorded_and_marks_the_partition(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    @dg.asset_check(
        asset=asset_key(COUNTS), name="odd", blocking=True, partitions_def=counts.partitions_def
    )
    def odd(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        return check_partitions(
            context, COUNTS, lambda _: [Breach("count", "is odd", 1, ("2",))], name="odd"
        )

    good = KEYS.cutoffs[0]
    dg.materialize(
        [counts, odd],
        selection=dg.AssetSelection.assets(asset_key(COUNTS)),
        partition_key=good,
        instance=instance,
        resources={"warehouse": warehouse},
        raise_on_error=False,
    )
    assert warehouse.is_broken(COUNTS, cutoff=good)


def test_a_check_that_cannot_be_carried_out_has_failed(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    crash = [True]

    @dg.asset_check(
        asset=asset_key(COUNTS), name="fit", blocking=True, partitions_def=counts.partitions_def
    )
    def fit(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        def find(keys: dict[str, str]) -> list[Breach]:
            if crash:
                raise RuntimeError("no ruler")
            return [] if warehouse.read(COUNTS, **keys).height else [Breach("", "rows", 0, ())]

        return check_partitions(context, COUNTS, find, name="fit")

    @table_asset(COUNTS)
    def kept(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
        if not warehouse.has(COUNTS, cutoff=context.partition_key):
            store(context, warehouse, COUNTS, frame(["a"], [1]), cutoff=context.partition_key)

    def carry_out() -> dg.AssetCheckEvaluation:
        result = dg.materialize(
            [kept, fit],
            selection=dg.AssetSelection.assets(asset_key(COUNTS)),
            partition_key=KEYS.cutoffs[0],
            instance=instance,
            resources={"warehouse": warehouse},
            raise_on_error=False,
        )
        (evaluation,) = result.get_asset_check_evaluations()
        return evaluation

    failed = carry_out()
    assert not failed.passed
    assert "no ruler" in str(failed.metadata)
    assert warehouse.is_broken(COUNTS, cutoff=KEYS.cutoffs[0])
    crash.clear()
    warehouse.mark(COUNTS, "other", "too short", cutoff=KEYS.cutoffs[0])
    assert carry_out().passed, "a check may read what checks have marked"
    assert warehouse.is_broken(COUNTS, cutoff=KEYS.cutoffs[0]), "the other check still stands"
    warehouse.mark(COUNTS, "other", None, cutoff=KEYS.cutoffs[0])
    assert not warehouse.is_broken(COUNTS, cutoff=KEYS.cutoffs[0])


CELLS = table(
    Counts,
    "toy.cells",
    grain="one row per name",
    sort=("name",),
    partitions=("cutoff", "division"),
)
TOTALS = table(
    Counts, "toy.totals", grain="one row per name", sort=("name",), partitions=("cutoff",)
)
HERE, NEXT = KEYS.cutoffs[:2]
A, B, C = KEYS.divisions[:3]


def cells_with(bad: set[tuple[str, str]]) -> dg.AssetsDefinition:
    @table_asset(CELLS)
    def cells(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
        for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
            for division in divisions:
                names = [division] * (2 if (cutoff, division) in bad else 1)
                made = frame(names, [1] * len(names))
                store(context, warehouse, CELLS, made, cutoff=cutoff, division=division)

    return cells


@table_asset(TOTALS, deps=[dep(CELLS, ALL_DIVISIONS)])
def totals(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    for cutoff in context.partition_keys:
        of_cutoff = [{"cutoff": cutoff, "division": division} for division in (A, B, C)]
        with warehouse.engine() as engine:
            scanned = warehouse.scan(engine, CELLS, of_cutoff).count().to_polars()
        together = warehouse.read_many(CELLS, of_cutoff)
        assert together.height == scanned
        store(context, warehouse, TOTALS, together, cutoff=cutoff)


def run_cells(
    instance: dg.DagsterInstance, warehouse: Warehouse, bad: set[tuple[str, str]], last: str = C
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [cells_with(bad), contract_check(CELLS)],
        instance=instance,
        resources={"warehouse": warehouse},
        tags=between(f"{HERE}|{A}", f"{NEXT}|{last}"),
        raise_on_error=False,
    )


def test_one_bad_division_is_left_out_and_the_others_go_on(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    done = run_cells(instance, warehouse, {(NEXT, B)})
    assert done.success
    states = {e.partition: e.passed for e in done.get_asset_check_evaluations()}
    assert states.pop(None) is False
    assert {key for key, passed in states.items() if not passed} == {f"{NEXT}|{B}"}
    assert len(states) == 6
    shown = instance.event_log_storage.get_asset_check_partition_info(
        [dg.AssetCheckKey(asset_key(CELLS), "contract")]
    )
    in_ui = {each.partition_key: each.latest_execution_status.value for each in shown}
    wanted = {key: "SUCCEEDED" if passed else "FAILED" for key, passed in states.items()}
    assert {key: in_ui[key] for key in wanted} == wanted, "as the page of the check shows them"
    bad = {"cutoff": NEXT, "division": B}
    assert warehouse.is_broken(CELLS, **bad)
    assert warehouse.read(CELLS, **bad).is_empty()
    assert warehouse.read(CELLS, columns=["name"], **bad).columns == ["name"]
    assert warehouse.read_unchecked(CELLS, **bad).height == 2, "its checks see what was written"
    dg.materialize(
        [totals],
        instance=instance,
        resources={"warehouse": warehouse},
        tags=between(HERE, NEXT),
    )
    assert warehouse.read(TOTALS, cutoff=HERE)["name"].to_list() == [A, B, C]
    assert warehouse.read(TOTALS, cutoff=NEXT)["name"].to_list() == [A, C]
    healed = run_cells(instance, warehouse, set())
    assert healed.success
    assert warehouse.read(CELLS, **bad).height == 1


def test_a_cutoff_without_a_whole_division_stops(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    assert not run_cells(instance, warehouse, {(NEXT, name) for name in (A, B, C)}).success
    assert not run_cells(instance, warehouse, {(HERE, A), (NEXT, A)}, last=A).success
