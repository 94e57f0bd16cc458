"""Hand-outs: complete, documented, safe to open, and handed out on the record."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gosales_assets import cli
from gosales_assets.partitions import KEYS
from gosales_assets.runs.answers import take_answers
from gosales_assets.runs.document import PAGE
from gosales_assets.runs.exports import (
    HAND_OUTS,
    columns_page,
    export,
    export_lists,
    for_crm,
    without_formulas,
)
from gosales_assets.settings import Settings, SettingsError, environment
from gosales_assets.star.contract import DIM_CUSTOMER
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.contract import WHITESPACE
from gosales_assets.whitespace.record_contract import ACTIONS, HANDED_OUT
from gosales_assets.whitespace_settings import Whitespace
from gosales_assets_tests.validation.scored_world import rows
from gosales_assets_tests.whitespace.whitespace_world import candidates, listed

NASTY = [
    '=HYPERLINK("http://x","y")',
    "+1 555",
    "-2+3",
    "@SUM(A1)",
    "\tTab",
    "\rReturn",
    'Quote "Ltd", Inc.',
    "Two\nlines",
    "Émile 🚀 GmbH",
    "شركة النور",
    "'Apostrophe",
    "",
    " padded ",
    "=cmd|' /C calc'!A0",
]
NEWEST = KEYS.cutoffs[-1]


def list_of(names: list[str]) -> pl.DataFrame:
    found = listed(candidates(len(names), divisions=["PDM"]).with_columns(
        customer_name=pl.Series(names), cohort=pl.lit("expansion")
    ), top_percent=1.0)  # fmt: skip
    return WHITESPACE.typed(found.with_columns(run_id=pl.lit("r")).select(list(WHITESPACE.types)))


def undone(cell: str) -> str:
    return cell[1:] if cell[:2] in {"'=", "'+", "'-", "'@", "'\t", "'\r"} else cell


def test_nasty_names_survive_csv_and_parquet(tmp_path: Path) -> None:
    frame = list_of(NASTY)
    as_csv, as_parquet = export(frame, tmp_path, "list")
    assert pl.read_parquet(as_parquet)["customer_name"].to_list() == NASTY
    with as_csv.open(encoding="utf-8", newline="") as file:
        cells = [row["customer_name"] for row in csv.DictReader(file)]
    assert [undone(cell) for cell in cells] == NASTY
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_no_text_starts_a_formula_and_none_is_lost(texts: list[str]) -> None:
    safe = without_formulas(pl.DataFrame({"name": texts}))["name"].to_list()
    for cell, text in zip(safe, texts, strict=True):
        assert cell in {text, f"'{text}"}
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_stay_numbers_and_headers_are_defused() -> None:
    safe = without_formulas(pl.DataFrame({"=cmd": [-1.5], "value": [-2]}))
    assert safe.columns == ["'=cmd", "value"]
    assert safe.row(0) == (-1.5, -2)


def test_the_crm_file_has_the_columns_that_are_asked_for() -> None:
    frame = list_of(["A", "B", "C"])
    usual = for_crm(frame, Settings())
    assert usual.columns == [
        *("account_id", "division", "probability", "horizon_months", "value", "reason", "grade"),
        "run",
    ]
    named = Settings(whitespace=Whitespace(crm_columns={"grade": "Rating", "account_id": "Id"}))
    assert for_crm(frame, named).columns == ["Rating", "Id"]
    assert for_crm(frame, named)["Id"].to_list() == frame.sort("rank")["customer_id"].to_list()


@pytest.mark.parametrize(
    "wrong", [{"acount": "x"}, {}, {"grade": ""}, {"grade": "x", "reason": "x"}]
)
def test_crm_columns_that_cannot_be_used_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="crm_columns"):
        Whitespace(crm_columns=wrong)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    monkeypatch.setenv("GOSALES_HOME", str(tmp_path / "home"))
    environment.cache_clear()
    yield Warehouse(home=str(tmp_path / "home"), code_version="test", basis="test")
    environment.cache_clear()


def filled(home: Warehouse) -> Warehouse:
    home.write(WHITESPACE, list_of(NASTY), cutoff=NEWEST)
    people = rows(DIM_CUSTOMER, 2, customer_id=["C0000", "C0001"])
    home.write(DIM_CUSTOMER, people)
    return home


def test_every_hand_out_is_written_and_every_column_explained(home: Warehouse) -> None:
    folder = home.home_path / "out"
    written, selected = export_lists(filled(home), Settings(), KEYS, folder)
    assert selected.height == len(NASTY)
    page = columns_page(Settings())
    for file in HAND_OUTS:
        name = file.name.format(cutoff=NEWEST)
        frame = pl.read_parquet(folder / f"{name}.parquet")
        assert list(file.columns()) == frame.columns
        assert (folder / f"{name}.csv").is_file()
        assert all(
            f"| `{column}` | {meaning}" in page for column, meaning in file.columns().items()
        )
        assert all(file.columns().values())
    assert len(written) == 2 * len(HAND_OUTS) + 3


def test_the_command_exports_and_records_what_it_handed_out(home: Warehouse) -> None:
    filled(home)
    out = home.home_path / "out"
    runner = CliRunner()
    looked = runner.invoke(cli.app, ["export", "--to", str(out), "--preview"])
    assert looked.exit_code == 0, looked.output
    assert actions.read(home.home_path, HANDED_OUT).is_empty()
    given_out = runner.invoke(cli.app, ["export", "--to", str(out)])
    assert given_out.exit_code == 0, given_out.output
    recorded = actions.read(home.home_path, HANDED_OUT)
    assert recorded.height == len(NASTY)
    assert not home.is_fresh(WHITESPACE, cutoff=NEWEST)


def test_the_command_says_that_there_is_no_list_yet(home: Warehouse) -> None:
    result = CliRunner().invoke(cli.app, ["export", "--to", str(home.home_path / "out")])
    assert result.exit_code == 1


def test_the_command_records_answers_from_a_file(home: Warehouse, tmp_path: Path) -> None:
    filled(home)
    file = tmp_path / "answers.csv"
    file.write_text(f"action,customer_id,division\ntalking,C0001,{KEYS.divisions[0]}\nwon,X,\n")
    result = CliRunner().invoke(cli.app, ["actions", str(file), "--by", "Kim"])
    assert result.exit_code == 0, result.output
    assert "1 of 2 rows taken" in result.output
    assert actions.read(home.home_path, ACTIONS)["recorded_by"].to_list() == ["Kim"]
    again = CliRunner().invoke(cli.app, ["actions", str(file), "--by", "Kim"])
    assert again.exit_code == 2


def test_answers_need_a_file_and_customers(home: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    with pytest.raises(SettingsError, match="no such file"):
        take_answers(home.home_path, file, datetime(2025, 1, 1), "Kim")
    file.write_text("action,customer_id\n")
    with pytest.raises(SettingsError, match="`gosales run` first"):
        take_answers(home.home_path, file, datetime(2025, 1, 1), "Kim")


def test_the_page_about_the_columns_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == columns_page(Settings()), "run `make docs`"
