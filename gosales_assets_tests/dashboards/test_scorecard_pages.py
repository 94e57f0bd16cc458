"""Every page in every state of the home folder: results, no rows, a table missing, no database."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gosales_assets_tests.dashboards import published_sample as sample

PAGES = ["accounts", "account", "grid", "divisions", "health"]
HINT = "Nothing to show here yet"


def run_page(page: str, database: Path, **query: str) -> AppTest:
    script = f"""
from pathlib import Path
from dashboards.database import Published
from dashboards.pages_ import {page}
from dashboards.widgets import hint_when_missing
with hint_when_missing():
    {page}.render(Published(Path({str(database)!r}), threads=1))
"""
    test = AppTest.from_string(script, default_timeout=30)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def words(test: AppTest) -> str:
    parts = [str(element.value) for element in (*test.info, *test.markdown, *test.caption)]
    parts += [element.proto.body for element in test.get("html")]
    return "\n".join(parts)


@pytest.mark.parametrize("page", PAGES)
def test_pages_say_cutoff_and_run_and_have_a_download(page: str, db) -> None:
    test = run_page(page, db.path, account="C1013")
    assert "run 5f0c2a9e" in words(test)
    assert HINT not in words(test)
    assert test.get("download_button")


@pytest.mark.parametrize("page", PAGES)
def test_no_database_gives_one_hint(page: str, tmp_path: Path) -> None:
    test = run_page(page, tmp_path / "gosales.duckdb", account="C1013")
    assert [HINT in element.value for element in test.info] == [True]


@pytest.mark.parametrize("page", PAGES)
def test_tables_without_rows_are_no_error(page: str, home: Path) -> None:
    test = run_page(page, sample.publish(home, rows=False))
    assert test.info


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("accounts", "whitespace.whitespace"),
        ("account", "whitespace.whitespace"),
        ("account", "star.dim_customer"),
        ("grid", "scores.icp_scores"),
        ("divisions", "validation.gains"),
        ("health", "raw.quarantine_reasons"),
        ("health", "runs.run_manifest"),
    ],
)
def test_a_missing_table_gives_a_hint_that_names_it(page: str, table: str, home: Path) -> None:
    test = run_page(page, sample.publish(home, leave_out=table), account="C1013")
    assert table.split(".")[1] in words(test)
    assert HINT in words(test)


def test_an_unknown_account_is_said(db) -> None:
    assert "no account" in run_page("account", db.path, account="nobody").warning[0].value


def test_filters_narrow_the_list(db) -> None:
    test = run_page("accounts", db.path)
    assert "90 recommendations" in words(test)
    test.toggle(key="shortlist").set_value(False).run()
    test.selectbox(key="rep").set_value("Ada Moreau").run()
    rows = sample.whitespace().filter(cutoff=sample.NEWEST, state="potential", rep="Ada Moreau")
    assert f"{rows.height} recommendations" in words(test)
    test.selectbox(key="cutoff").set_value("30 Jun 2024").run()
    assert "As of 30" in words(test)
    assert not test.exception


def test_a_search_for_one_account_shows_it(db) -> None:
    test = run_page("account", db.path)
    test.text_input(key="search").set_value("beacon mot").run()
    assert "Beacon Motors" in test.subheader[0].value
    test.text_input(key="search").set_value("beacon").run()
    assert "Several accounts fit" in words(test)
    assert not test.exception
