"""The graph is cut into runs of one partition set each, parents before children."""

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.automation.plan import plan_steps, range_tags
from gosales_assets.partitions import Keys

CUTOFFS = dg.StaticPartitionsDefinition(["2024-06-30", "2024-09-30"])
GRID = dg.MultiPartitionsDefinition(
    {"cutoff": CUTOFFS, "division": dg.StaticPartitionsDefinition(["A", "B"])}
)
KINDS = {(): None, ("cutoff",): CUTOFFS, ("cutoff", "division"): GRID}


def spec(name: str, kind: tuple[str, ...], deps: list[str]) -> dg.AssetSpec:
    return dg.AssetSpec(name, deps=deps, partitions_def=KINDS[kind])


def names(step_assets: tuple[dg.AssetKey, ...]) -> list[str]:
    return [key.to_user_string() for key in step_assets]


def test_a_step_takes_all_it_can_of_one_partition_set() -> None:
    steps = plan_steps(
        [
            spec("raw", (), []),
            spec("facts", (), ["raw"]),
            spec("labels", ("cutoff", "division"), ["facts"]),
            spec("features", ("cutoff",), ["facts"]),
            spec("matrix", ("cutoff", "division"), ["features", "labels"]),
            spec("report", (), ["matrix", "facts"]),
        ]
    )
    assert [names(step.assets) for step in steps] == [
        ["raw", "facts"],
        ["features"],
        ["labels", "matrix"],
        ["report"],
    ]


def test_an_asset_that_reads_its_own_past_is_no_circle() -> None:
    steps = plan_steps([spec("scores", ("cutoff",), ["scores"])])
    assert [names(step.assets) for step in steps] == [["scores"]]


@st.composite
def graphs(draw: st.DrawFn) -> list[dg.AssetSpec]:
    size = draw(st.integers(1, 12))
    kinds = st.sampled_from(list(KINDS))
    return [
        spec(
            f"a{i}",
            draw(kinds),
            [f"a{j}" for j in draw(st.sets(st.integers(0, i - 1), max_size=3))] if i else [],
        )
        for i in range(size)
    ]


@given(graphs())
def test_every_asset_runs_once_after_its_parents(specs: list[dg.AssetSpec]) -> None:
    steps = plan_steps(specs)
    by_key = {s.key: s for s in specs}
    position = {key: n for n, step in enumerate(steps) for key in step.assets}
    assert sorted(position) == sorted(by_key)
    assert sum(len(step.assets) for step in steps) == len(specs)
    for key, one in by_key.items():
        for parent in one.deps:
            assert position[parent.asset_key] <= position[key]
    for step in steps:
        assert len({by_key[key].partitions_def for key in step.assets}) == 1


def test_a_range_spans_all_divisions_from_first_to_last_missing() -> None:
    grid = plan_steps([spec("labels", ("cutoff", "division"), [])])[0]
    keys = Keys(("2024-06-30", "2024-09-30"), ("A", "B"))
    missing = [
        {"cutoff": "2024-09-30", "division": "A"},
        {"cutoff": "2024-06-30", "division": "B"},
    ]
    assert range_tags(grid, missing, keys) == [
        {
            "dagster/asset_partition_range_start": "2024-06-30|A",
            "dagster/asset_partition_range_end": "2024-09-30|B",
        }
    ]
