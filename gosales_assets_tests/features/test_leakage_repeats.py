"""Probe 13: the same log gives the same bytes, however it is run, ordered or spelled."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import ibis
import pytest

from gosales_assets.division_names import division_identity
from gosales_assets.features import activity, served
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features import raw_logs
from gosales_assets_tests.features.feature_worlds import world
from gosales_assets_tests.features.raw_logs import TARGETS, checksums, made_of_log, write_log
from gosales_assets_tests.paths import REPOSITORY
from gosales_assets_tests.star.order_lines import Row

NAMES = {"Wood": "Büro & Möbel"}
SPELLINGS = {
    "Büro & Möbel": ["BÜRO & MÖBEL", " buro  &  mobel", "Bu\u0308ro & Mo\u0308bel "],
    "Paint": ["paint", "PAINT ", "Páint"],
    "Tools": ["tools", "TOOLS", "Tóols"],
}


def lines() -> list[Row]:
    """A world whose divisions have letters with accents, and several lines to a customer's day."""
    rows = world(5, customers=20)
    return [row | {"division": NAMES.get(row["division"], row["division"])} for row in rows]


def shuffled(rows: Sequence[Row]) -> list[Row]:
    return random.Random(1).sample(list(rows), len(rows))  # noqa: S311 - an order, not a secret


def respelled(rows: Sequence[Row], share: float) -> list[Row]:
    """The same lines, a share of them with their division written in another way."""
    draw = random.Random(2)  # noqa: S311 - a test's log
    return [
        row | {"division": draw.choice(SPELLINGS[row["division"]])}
        if draw.random() < share
        else row
        for row in rows
    ]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of a lake made of the log as it is."""
    folder = tmp_path_factory.mktemp("honest")
    write_log(folder / "log.csv", lines())
    made_of_log(folder / "log.csv", folder / "home")
    return folder / "home"


def in_a_process_of_its_own(log: Path, home: Path, threads: int) -> "subprocess.Popen[str]":
    environment = os.environ | {"POLARS_MAX_THREADS": f"{threads}", "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(
        [sys.executable, "-m", raw_logs.__name__, str(log), str(home), f"{threads}"],
        cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_threads_and_the_order_of_rows_change_no_byte(honest: Path, tmp_path: Path) -> None:
    running = []
    for threads, rows in ((1, lines()), (2, shuffled(lines()))):
        folder = tmp_path / f"{threads}"
        folder.mkdir()
        write_log(folder / "log.csv", rows)
        running.append(in_a_process_of_its_own(folder / "log.csv", folder / "home", threads))
    for process in running:
        output, _ = process.communicate(timeout=300)
        assert json.loads(output) == checksums(honest)


def test_other_spellings_of_some_lines_change_no_byte(honest: Path, tmp_path: Path) -> None:
    write_log(tmp_path / "log.csv", respelled(lines(), share=0.3))
    made_of_log(tmp_path / "log.csv", tmp_path / "home")
    assert checksums(tmp_path / "home") == checksums(honest)


def test_another_spelling_of_all_lines_changes_only_the_name(honest: Path, tmp_path: Path) -> None:
    capital = {name: name.upper() for name in SPELLINGS} | {"Paint": "paint"}
    rows = [row | {"division": capital[row["division"]]} for row in lines()]
    write_log(tmp_path / "log.csv", rows)
    targets = sorted(capital.get(name, name) for name in TARGETS)
    made_of_log(tmp_path / "log.csv", tmp_path / "home", targets)
    ours, theirs = Warehouse(home=str(tmp_path / "home")), Warehouse(home=str(honest))
    for target in targets:
        name = next(n for n in TARGETS if division_identity(n) == division_identity(target))
        key = {"cutoff": f"{raw_logs.CUTOFF}"}
        respelled_matrix = ours.read(FEATURE_MATRIX, division=target, **key)
        matrix = theirs.read(FEATURE_MATRIX, division=name, **key)
        assert respelled_matrix.drop("division").equals(matrix.drop("division")), target


def test_a_planted_choice_by_the_order_of_rows_is_caught(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_come(facts):
        drawn = facts.mutate(lot=ibis.random())
        names = {column: drawn[column].argmin(drawn.lot) for column in served.COLUMNS}
        return drawn.group_by("customer_id", "order_date").aggregate(**names)

    monkeypatch.setattr(activity, "served_days", first_come)
    log = honest.parent / "log.csv"
    found = []
    for home in (tmp_path / "once", tmp_path / "again"):
        made_of_log(log, home)
        found.append(checksums(home))
    assert found[0] != found[1]
