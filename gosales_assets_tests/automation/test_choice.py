"""A choice of cutoffs and divisions: what people type, and what of the graph it needs."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gosales_assets import cli
from gosales_assets.automation.choice import Choice, choose, wanted_partitions
from gosales_assets.automation.plan import missing_partitions, plan_steps, range_tags
from gosales_assets.definitions import defs
from gosales_assets.partitions import KEYS, Keys
from gosales_assets.settings import SettingsError, environment
from gosales_assets.warehouse import Warehouse

TYPED = Keys(("2024-03-31", "2024-06-30", "2024-09-30"), ("CAD & PLM", "Sécurité", "Training"))
GRAPH = defs.resolve_asset_graph()
SPECS = list(defs.resolve_all_asset_specs())


@pytest.mark.parametrize(
    ("cutoffs", "expected"),
    [
        ("", None),
        ("2024-06-30", TYPED.cutoffs[1:2]),
        (" 2024-03-31 .. 2024-06-30 ", TYPED.cutoffs[:2]),
        ("2024-06-30..", TYPED.cutoffs[1:]),
        ("..2024-06-30", TYPED.cutoffs[:2]),
    ],
)
def test_cutoffs_are_one_or_a_range(cutoffs: str, expected: tuple[str, ...] | None) -> None:
    assert choose(TYPED, cutoffs).cutoffs == expected


def test_divisions_are_found_however_they_are_spelled_and_keep_their_order() -> None:
    assert choose(TYPED, "", "training, securite").divisions == ("Sécurité", "Training")
    assert not choose(TYPED).is_part


@pytest.mark.parametrize(
    ("cutoffs", "divisions", "says"),
    [
        ("2024-07-05", "", "no cutoff '2024-07-05'; the nearest is '2024-06-30'"),
        ("2024-03-31..2030-12-31", "", "no cutoff '2030-12-31'; the nearest is '2024-09-30'"),
        ("2024-9-30", "", "no cutoff '2024-9-30'; the nearest is '2024-09-30'"),
        ("2024-09-30..2024-03-31", "", "did you mean 2024-03-31..2024-09-30"),
        ("", "Trainings", "no division 'Trainings'; the nearest is 'Training'"),
        ("", ",", "',' names none"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(
    cutoffs: str, divisions: str, says: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(says)) as caught:
        choose(TYPED, cutoffs, divisions)
    assert "\n" not in str(caught.value)


def wanted(choice: Choice) -> dict[str, tuple[str, ...]]:
    found = wanted_partitions(GRAPH, KEYS, choice)
    return {key.to_user_string(): partitions for key, partitions in found.items()}


def test_everything_is_every_partition_of_every_asset() -> None:
    assert set(wanted(Choice())) == {spec.key.to_user_string() for spec in SPECS}
    assert len(wanted(Choice())["scores/icp_scores"]) == len(KEYS.cutoffs) * len(KEYS.divisions)


def test_a_cutoff_needs_the_past_that_it_learns_from_and_nothing_later() -> None:
    cutoff = KEYS.cutoffs[2]
    found = wanted(choose(KEYS, cutoff))
    assert found["validation/backtests"] == tuple(f"{cutoff}|{name}" for name in KEYS.divisions)
    assert found["drift/drift_alerts"] == (cutoff,)
    assert found["labels/prevalence"] == KEYS.cutoffs[:3]
    assert all(key[:10] <= cutoff for keys in found.values() for key in keys)
    assert "validation/gate" not in found, "it judges all cutoffs together"
    assert found["runs/published_database"] == ()


def test_divisions_are_scored_alone_and_learned_from_together() -> None:
    old, new = KEYS.cutoffs[-2:]
    found = wanted(choose(KEYS, new, KEYS.divisions[1]))
    assert found["scores/icp_scores"] == (f"{new}|{KEYS.divisions[1]}",)
    assert found["models/calibration"] == tuple(f"{c}|{KEYS.divisions[1]}" for c in (old, new))
    assert len(found["labels/labels"]) == len(KEYS.cutoffs) * len(KEYS.divisions)
    assert "whitespace/whitespace" not in found


def test_a_room_asks_for_what_is_to_its_left_only() -> None:
    rooms = {name.split("/")[0] for name in wanted(choose(KEYS, rooms=["models", "runs"]))}
    assert rooms == {"raw", "star", "labels", "features", "models", "runs"}
    assert {name.split("/")[0] for name in wanted(choose(KEYS, rooms=["star"]))} == {"raw", "star"}


def test_only_what_is_wanted_is_missing_and_neighbours_share_a_run(warehouse: Warehouse) -> None:
    first, _, third = KEYS.divisions[:3]
    choice = choose(KEYS, KEYS.cutoffs[-1], f"{first},{third}")
    steps = plan_steps(SPECS, wanted_partitions(GRAPH, KEYS, choice))
    (scoring,) = [s for s in steps if any(k.path[-1] == "icp_scores" for k in s.assets)]
    missing = missing_partitions(scoring, {}, warehouse, KEYS)
    assert [partition["division"] for partition in missing] == [first, third]
    tags = range_tags(scoring, missing, KEYS)
    assert [set(each.values()) for each in tags] == [
        {f"{KEYS.cutoffs[-1]}|{first}"},
        {f"{KEYS.cutoffs[-1]}|{third}"},
    ]
    done = [key for step in steps for key in step.assets]
    assert len(done) == len(set(done))
    for position, step in enumerate(steps):
        later = {key for other in steps[position + 1 :] for key in other.assets}
        assert not any(GRAPH.get(key).parent_keys & later for key in step.assets)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--cutoffs", "2023-12-30..2024-12-31"], "the nearest is '2023-12-31'"),
        (["--divisions", "Simulaton"], "the nearest is 'Simulation'"),
    ],
)
def test_the_command_says_it_in_one_line_with_exit_code_2(
    arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    config = str(environment().config)
    done = CliRunner().invoke(cli.app, ["run", "--config", config, *arguments])
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.startswith("gosales: ")
    assert len(done.stderr.strip().splitlines()) == 1
