"""The bad-input battery: small files in, expected tables or one error line out.

The cases are folders in `battery/`; its README says how they are written and how to add one.
"""

import csv
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources import delimited
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE, SALES_LINES
from gosales_assets.sources.outline import check_sources
from gosales_assets.tables import Table
from gosales_assets_tests.sources.loading import LoadedLog, load_log

BATTERY = Path(__file__).parent / "battery"
DEFAULTS = BATTERY / "_defaults"
CASES = sorted(path.name for path in BATTERY.iterdir() if path.is_dir() and path != DEFAULTS)
RULES: dict[str, str] = yaml.safe_load((BATTERY / "rules.yaml").read_text(encoding="utf-8"))
LINES, SET_ASIDE, ERROR = "expected.csv", "quarantine.csv", "error.txt"
TINY_BLOCK = 61
NOTHING_MORE = {"rows_duplicate": 0, "rows_skipped": 0}  # unless the account says otherwise

# Cases that are right and not yet met; the reason says what is missing.
NOT_YET: dict[str, str] = {}


@dataclass(frozen=True)
class Case:
    """What `case.yaml` says: its purpose, the rules it shows, settings that differ, an account."""

    about: str
    rules: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)

    @property
    def layout(self) -> str:
        """Layout of the sales log."""
        return str(self.settings.get("sales_log", {}).get("layout", "long"))


def read_case(name: str) -> Case:
    return Case(**yaml.safe_load((BATTERY / name / "case.yaml").read_text(encoding="utf-8")))


def settings_of(case: Case, folder: Path) -> Settings:
    given = yaml.safe_load((DEFAULTS / f"{case.layout}.yaml").read_text(encoding="utf-8"))
    if (folder / "sku_map.csv").is_file():
        given["sku_map"] = "sku_map.csv"
    sales_log = given.pop("sales_log") | case.settings.get("sales_log", {})
    return Settings(base=folder, **(given | case.settings | {"sales_log": sales_log}))


def copied(name: str, layout: str, to: Path) -> Path:
    """Lay the case's files where the test may write, away from any cache of an earlier run."""
    if layout == "wide":
        shutil.copy(DEFAULTS / "sku_map.csv", to)
    shutil.copytree(BATTERY / name, to, dirs_exist_ok=True)
    return to


def table_of(path: Path, table: Table) -> tuple[list[str], list[tuple[str, ...]]]:
    """Columns and rows of an expectation, sorted, numbers and dates in one spelling."""
    with path.open(encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file)
    assert set(columns) <= set(table.types), f"{path.name}: not all columns are of {table.name}"
    types = [table.types[column] for column in columns]
    read = [
        tuple(spelled(cell, dtype) for cell, dtype in zip(row, types, strict=True)) for row in rows
    ]
    return columns, sorted(read)


def rows_of(frame: pl.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    types = frame.select(columns).dtypes
    return sorted(
        tuple(spelled(value, dtype) for value, dtype in zip(row, types, strict=True))
        for row in frame.select(columns).iter_rows()
    )


def spelled(value: Any, dtype: Any) -> str:
    if value is None or value == "":
        return ""
    if dtype.is_decimal():
        return f"{Decimal(str(value)).normalize() + 0:f}"
    return f"{float(value):.6f}" if dtype.is_float() else str(value)


def assert_as_expected(loaded: LoadedLog, case: Case, expectations: Path) -> None:
    columns, lines = table_of(expectations / LINES, SALES_LINES)
    assert rows_of(loaded.lines, columns) == lines
    columns, set_aside = ["reason"], []
    if (expectations / SET_ASIDE).is_file():
        columns, set_aside = table_of(expectations / SET_ASIDE, QUARANTINE)
    assert rows_of(loaded.quarantine, columns) == set_aside
    assert loaded.problems() == []
    for row in loaded.log.iter_rows(named=True):
        said = case.account if loaded.log.height == 1 else case.account.get(row["source_file"], {})
        for column, value in (NOTHING_MORE | said).items():
            dtype = LOAD_LOG.types[column]
            assert spelled(row[column], dtype) == spelled(value, dtype), column


def marked(names: Iterable[str]) -> list[Any]:
    return [
        pytest.param(
            name,
            marks=pytest.mark.xfail(reason=NOT_YET[name], strict=True) if name in NOT_YET else (),
        )
        for name in names
    ]


@pytest.mark.parametrize("name", marked(CASES))
def test_the_battery(tmp_path: Path, name: str) -> None:
    case = read_case(name)
    settings = settings_of(case, copied(name, case.layout, tmp_path))
    for block_size in (TINY_BLOCK, delimited.BLOCK):
        if (BATTERY / name / ERROR).is_file():
            wanted = (BATTERY / name / ERROR).read_text(encoding="utf-8").strip()
            for read in (check_sources, partial(load_log, block_size=block_size)):
                with pytest.raises(SettingsError) as caught:
                    read(settings)
                assert str(caught.value).replace(str(tmp_path), "{folder}") == wanted
        else:
            assert_as_expected(load_log(settings, block_size), case, BATTERY / name)


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_complete(name: str) -> None:
    folder, case = BATTERY / name, read_case(name)
    assert case.about, "about: a line that says what the case is for"
    assert "\n" not in case.about.strip()
    assert case.rules, "rules: at least one of rules.yaml"
    assert set(case.rules) <= set(RULES), "rules: not all are in rules.yaml"
    outcomes = [file for file in (LINES, ERROR) if (folder / file).is_file()]
    assert len(outcomes) == 1, f"a case has either {LINES} or {ERROR}"
    assert not (folder / ERROR).is_file() or not (folder / SET_ASIDE).is_file()


def test_every_rule_has_a_case() -> None:
    shown = {rule for name in CASES for rule in read_case(name).rules}
    assert sorted(set(RULES) - shown) == []


def test_both_layouts_are_covered() -> None:
    layouts = [read_case(name).layout for name in CASES]
    assert min(layouts.count("long"), layouts.count("wide")) >= 20


def test_what_is_not_yet_met_is_a_case() -> None:
    assert set(NOT_YET) <= set(CASES)
