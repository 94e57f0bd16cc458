"""Every page in every state of the home folder: results, no rows, a table missing, no database."""

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.database import Published
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.record_contract import ACTIONS
from gosales_assets_tests.dashboards import published_sample as sample
from gosales_assets_tests.dashboards.test_scorecard_database import broken

PAGES = ["accounts", "account", "matrix", "divisions", "health"]
HINT = "Nothing to show here yet"


def run_script(database: Path, body: str, **query: str) -> AppTest:
    script = f"""
from pathlib import Path
from dashboards import answering
from dashboards.database import Published
from dashboards.pages_ import account, accounts, divisions, health, matrix
from dashboards.widgets import hint_when_missing
db = Published(Path({str(database)!r}), threads=1)
{body}
"""
    test = AppTest.from_string(script, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def run_page(page: str, database: Path, **query: str) -> AppTest:
    return run_script(database, f"with hint_when_missing():\n    {page}.render(db)", **query)


def words(test: AppTest) -> str:
    parts = [str(element.value) for element in (*test.info, *test.markdown, *test.caption)]
    parts += [element.proto.body for element in test.get("html")]
    return "\n".join(parts)


@pytest.mark.parametrize("page", PAGES)
def test_pages_say_cutoff_and_run_and_have_a_download_and_help(page: str, db) -> None:
    test = run_page(page, db.path, account="C1013")
    assert "run 5f0c2a9e" in words(test)
    assert HINT not in words(test)
    assert test.get("download_button")
    assert "**" in test.markdown[0].value  # what the figures mean


@pytest.mark.parametrize("page", PAGES)
def test_no_database_gives_one_hint(page: str, tmp_path: Path) -> None:
    test = run_page(page, tmp_path / "gosales.duckdb", account="C1013")
    assert [HINT in element.value for element in test.info] == [True]


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_database_gives_hints_and_no_path(page: str, home: Path) -> None:
    path = sample.publish(home)
    broken(path, "cut short")
    test = run_page(page, path, account="C1013")
    assert HINT in words(test)
    assert str(home) not in words(test)


@pytest.mark.parametrize("page", PAGES)
def test_tables_without_rows_are_no_error(page: str, home: Path) -> None:
    test = run_page(page, sample.publish(home, rows=False))
    assert test.info


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("accounts", "whitespace.whitespace"),
        ("account", "scores.icp_scores"),
        ("account", "star.dim_customer"),
        ("matrix", "whitespace.whitespace"),
        ("divisions", "validation.gains"),
        ("divisions", "validation.gate"),
        ("health", "raw.quarantine_reasons"),
        ("health", "runs.run_manifest"),
    ],
)
def test_a_missing_table_gives_a_hint(page: str, table: str, home: Path) -> None:
    test = run_page(page, sample.publish(home, leave_out=table), account="C1013")
    assert HINT in words(test)
    # Without the list or its customers, what pages are turned by is missing first.
    assert table.split(".")[1] in words(test) or "scorecard" in words(test)


def test_a_list_without_changes_says_so(home: Path) -> None:
    path = sample.publish(home, leave_out="whitespace.whitespace_changes")
    assert "whitespace_changes" in words(run_page("matrix", path, view="What changed"))


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


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({"cutoff": "2024-06-30"}, "As of 30\N{NO-BREAK SPACE}Jun"),
        ({"cutoff": "30 Jun 2024"}, "As of 30\N{NO-BREAK SPACE}Jun"),
        ({"cutoff": "1999-01-31"}, "As of 31\N{NO-BREAK SPACE}Dec"),
        ({"cutoff": "' or 1=1 --"}, "As of 31\N{NO-BREAK SPACE}Dec"),
        ({"rep": "nobody", "division": "' or 1=1 --"}, "90 recommendations"),
    ],
)
def test_addresses_pick_what_there_is_and_nothing_else(db, address, expected: str) -> None:
    assert expected in words(run_page("accounts", db.path, **address))


def test_a_division_in_the_address_is_shown(db) -> None:
    test = run_page("divisions", db.path, division="Training")
    assert test.selectbox(key="division").value == "Training"


def test_a_search_for_one_account_shows_it(db) -> None:
    test = run_page("account", db.path)
    test.text_input(key="search").set_value("beacon mot").run()
    assert "Beacon Motors" in test.subheader[0].value
    test.text_input(key="search").set_value("beacon").run()
    assert "Several accounts fit" in words(test)
    assert not test.exception


def test_the_account_has_kin_group_and_money(db) -> None:
    grouped = sample.customers().filter(parent_account="Alder Group")["customer_id"][0]
    said = words(run_page("account", db.path, account=grouped))
    assert "Similar accounts" in said
    assert "too" in said
    assert "The group of Alder Group" in said
    assert "expected in all" in said
    assert ">$" in said


def test_the_slider_says_what_more_calls_bring(db) -> None:
    test = run_page("matrix", db.path, view="How many to call")
    few = [metric.value for metric in test.metric]
    test.slider(key="per_rep").set_value(1).run()
    assert [metric.value for metric in test.metric] != few
    assert test.metric[0].value == "4"  # three reps, and those whom nobody has
    assert test.metric[2].value.startswith("$")


def offer(database: Path, *click: str) -> AppTest:
    return run_script(database, f"answering.open_offer(db, {['offer', *click]!r})")


def test_an_answer_is_given_in_the_dialog_and_undone_there(home: Path) -> None:
    path = sample.publish(home)
    test = offer(path, "2024-12-31", "C1013", "Training")
    test.text_input(key="who").set_value("Kim").run()
    test.get("button_group")[0].set_value("blocked").run()
    save = next(button for button in test.button if button.label == "Save")
    assert save.disabled  # a reason is needed
    test.text_input(key="answer_why").set_value("moved away").run()
    next(button for button in test.button if button.label == "Save").click().run()
    assert actions.read(home, ACTIONS).select("kind", "reason", "recorded_by").rows() == [
        ("blocked", "moved away", "Kim")
    ]
    assert "Do not call: moved away" in test.info[0].value.replace("\N{NO-BREAK SPACE}", " ")
    next(button for button in test.button if button.label == "Undo").click().run()
    assert actions.read(home, ACTIONS)["kind"].to_list() == ["blocked", "withdrawn"]
    assert not test.exception


def test_not_now_names_its_last_day(home: Path) -> None:
    path = sample.publish(home)
    test = offer(path, "2024-12-31", "C1013", "Training")
    test.text_input(key="who").set_value("Kim").run()
    test.get("button_group")[0].set_value("not_now").run()
    day = test.date_input[0].value + timedelta(days=5)
    test.date_input[0].set_value(day).run()
    next(button for button in test.button if button.label == "Save").click().run()
    row = actions.read(home, ACTIONS).row(0, named=True)
    assert (row["kind"], row["until"], row["reason"]) == ("not_now", day, None)


@pytest.mark.parametrize(
    "click",
    [(), ("2024-12-31",), ("x", "C1013", "Training"), ("2024-12-31", "nobody", "Training")],
)
def test_a_click_on_nothing_opens_nothing(db: Published, click: tuple[str, ...]) -> None:
    assert not offer(db.path, *click).get("button_group")
