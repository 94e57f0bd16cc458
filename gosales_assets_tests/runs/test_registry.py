"""Any published row leads back to code, settings and input checksums."""

import json

import polars as pl

from gosales_assets.breaches import breaches
from gosales_assets.provenance import (
    basis,
    input_checksums,
    input_files,
    parts_of_basis,
    shown_name,
)
from gosales_assets.runs.contract import RUN_REGISTRY
from gosales_assets.runs.registry import register
from gosales_assets.settings import current_settings

NOW, BEFORE = "settings1-files2", "settings1-files1"


def inventory(*runs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"table_name": f"t{n}", "run_id": run, "code_version": "1+abc", "basis": made_on}
            for n, (run, made_on) in enumerate(runs)
        ]
    )


def test_runs_of_now_have_the_inputs_of_now():
    written = inventory(("r1", NOW), ("r1", NOW), ("r2", NOW), ("", NOW))
    found = register(written, RUN_REGISTRY.empty(), {"r1": "s1"}, NOW, '{"a.csv": "12"}')
    assert breaches(RUN_REGISTRY, found) == []
    assert found["run_id"].to_list() == ["r1", "r2"]
    assert found["session"].to_list() == ["s1", None]
    first = found.row(0, named=True)
    assert (first["config_hash"], first["code_version"]) == ("settings1", "1+abc")
    assert (first["tables"], first["partitions"]) == (2, 2)
    assert json.loads(first["inputs"]) == {"a.csv": "12"}


def test_what_was_noted_stays_when_the_files_change():
    first = register(inventory(("r1", BEFORE)), RUN_REGISTRY.empty(), {}, BEFORE, '{"a.csv": "1"}')
    both = inventory(("r1", BEFORE), ("r2", NOW), ("r3", BEFORE), ("r4", "settings0-files0"))
    found = register(both, first, {}, NOW, '{"a.csv": "2"}')
    inputs = dict(found.select("run_id", "inputs").iter_rows())
    assert inputs == {
        "r1": '{"a.csv": "1"}',
        "r2": '{"a.csv": "2"}',
        "r3": '{"a.csv": "1"}',
        "r4": None,
    }
    assert found.head(1).equals(first)
    assert register(both, found, {}, NOW, '{"a.csv": "3"}').equals(found)


def test_a_basis_names_its_settings():
    settings = current_settings()
    assert parts_of_basis(basis(settings))[0] == settings.config_hash


def test_every_input_file_has_its_checksum_once():
    settings = current_settings()
    sales = {shown_name(settings, path): "given" for path in settings.sales_files}
    found = input_checksums(settings, sales)
    assert len(found) == len(input_files(settings))  # none twice, under another name
    assert {name for name, value in found.items() if value == "given"} == set(sales)
    assert all(len(value) == 64 for name, value in found.items() if name not in sales)
