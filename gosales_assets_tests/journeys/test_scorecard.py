"""A rep's way through the scorecard, in a real browser on a real server."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from gosales_assets.whitespace import actions
from gosales_assets.whitespace.record_contract import ACTIONS
from gosales_assets_tests.dashboards import published_sample as sample
from gosales_assets_tests.journeys.browser import (
    MISSING,
    Rep,
    browsing,
    chromedriver,
    chromium,
    served,
)

PAGES = ["", "account", "matrix", "divisions", "health"]
pytestmark = pytest.mark.skipif(not (chromium and chromedriver), reason=MISSING)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scorecard") / "home"


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home) as at:
        yield at


@pytest.fixture(scope="module")
def rep(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rep]:
    with browsing(address, tmp_path_factory.mktemp("browser")) as somebody:
        yield somebody


@pytest.fixture
def published(home: Path) -> Path:
    shutil.rmtree(home / "actions", ignore_errors=True)
    return sample.publish(home)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("content", [None, b"no database", b""])
def test_without_results_every_page_says_it_kindly(
    rep: Rep, home: Path, content: bytes | None
) -> None:
    home.mkdir(exist_ok=True)
    database = home / "gosales.duckdb"
    database.unlink(missing_ok=True)
    if content is not None:
        database.write_bytes(content)
    for page in PAGES if content is None else PAGES[:1]:
        rep.opens(page)
        rep.waits_for("[data-testid=stAlert]", "Nothing to show here yet")
        rep.sees_no_error()


def test_whom_to_call_and_why(rep: Rep, published: Path) -> None:
    rep.opens()
    rep.waits_for(".gs-source", "As of 31 Dec")
    best = sample.whitespace().filter(cutoff=sample.NEWEST, rank=1).row(0, named=True)
    first = rep.sees(".gs-line")[0]
    for words in (best["customer_name"], best["division"], "months", best["nba_reason"], "$"):
        assert words in first
    assert sample.HOSTILE_NAME in rep.reads()
    rep.sees_no_error()


def test_pages_can_be_turned_and_another_list_begins_at_its_first(
    rep: Rep, published: Path
) -> None:
    everything = sample.whitespace().filter(cutoff=sample.NEWEST, state="potential").height
    rep.opens()
    rep.waits_for(".gs-line .gs-c0", "1")
    rep.clicks("[data-testid=stPagination] button:last-of-type")
    rep.waits_for(".gs-line .gs-c0", "50")
    rep.clicks("[data-testid=stCheckbox] label")
    rep.waits_for("[data-testid=stMain]", f"{everything} recommendations")
    assert rep.sees(".gs-line .gs-c0")[0] == "1"


def test_the_list_can_be_taken_along(rep: Rep, published: Path) -> None:
    rep.opens()
    rep.waits_for(".gs-line")
    rep.picks("Rep", "Ada Moreau")
    rep.waits_for("[data-testid=stMain]", "recommendations")
    assert "rep=Ada+Moreau" in rep.driver.current_url
    assert all("Ada Moreau" in line for line in rep.sees(".gs-line .gs-c1"))
    rows = rows_of(rep.takes(f"accounts_to_call_{sample.NEWEST}.csv"))
    assert {row["rep"] for row in rows} == {"Ada Moreau"}


def test_search_an_account_and_see_its_scores_and_what_to_offer(rep: Rep, published: Path) -> None:
    rep.opens("account")
    rep.types("input[type=text]", "beacon")
    rep.waits_for(".gs-matches", "Beacon Motors")
    rep.clicks(".gs-matches li:last-child a")
    rep.waits_for(".gs-scores", "Simulation")
    assert "account=" in rep.driver.current_url
    scores = "\n".join(rep.sees(".gs-scores .gs-line"))
    for division in sample.DIVISIONS:
        assert division in scores
    assert "ahead of" in scores
    assert all("more likely than usual" in offer for offer in rep.sees(".gs-offers .gs-line"))
    assert rep.sees(".gs-offers .gs-line")
    rep.waits_for("h3", "Beacon")
    rep.sees_no_error()


def test_a_click_on_an_account_opens_it_without_loading_the_app_anew(
    rep: Rep, published: Path
) -> None:
    rep.opens()
    rep.waits_for(".gs-line")
    rep.driver.execute_script("window.same = true")
    rep.clicks(".gs-line a")
    rep.waits_for(".gs-scores")
    assert rep.driver.execute_script("return window.same")
    assert "account=" in rep.driver.current_url


def test_a_link_to_an_account_opens_it(rep: Rep, published: Path) -> None:
    rep.opens("account?account=C1013&cutoff=2024-06-30")
    rep.waits_for("h3", "Beacon Motors")
    assert "30 Jun" in rep.sees(".gs-source")[0]
    rep.sees_no_error()


def test_a_cell_of_the_matrix_tells_its_reason_and_takes_an_answer(
    rep: Rep, published: Path, home: Path
) -> None:
    rep.opens("matrix?name=Alder+Foods")
    rep.waits_for(".gs-grid thead", "Simulation")
    rep.opens("matrix")
    rep.waits_for(".gs-grid thead", "Simulation")
    assert len(rep.sees(".gs-grid tbody tr")) == 25
    assert len(rep.sees(".gs-grid tbody td")) == 25 * len(sample.DIVISIONS)
    rep.clicks(".gs-grid td.gs-potential button")
    rep.waits_for("[role=dialog]", "more likely than usual")
    rep.types("[role=dialog] input", "Kim")
    rep.clicks("[role=dialog] button", "Already talking")
    rep.waits_for("[role=dialog]", "Save")
    rep.clicks("[role=dialog] [data-testid=stButton] button", "Save")
    rep.waits_for(".gs-grid td.gs-mine", "In talks")
    assert actions.read(home, ACTIONS)["kind"].to_list() == ["talking"]
    rep.sees_no_error()


def test_an_answer_shows_at_once_and_can_be_undone(rep: Rep, published: Path, home: Path) -> None:
    rep.opens()
    rep.waits_for(".gs-answer", "Answer")
    rep.clicks(".gs-answer")
    rep.waits_for("[role=dialog]", "What came of it?")
    rep.types("[role=dialog] input", "Kim")
    rep.clicks("[role=dialog] button", "Do not call")
    rep.waits_for("[role=dialog]", "Why?")
    rep.types("[role=dialog] input[aria-label='Why?']", "<b>moved</b> away")
    rep.waits_for("[role=dialog] [data-testid=stButton] button:enabled", "Save")
    rep.clicks("[role=dialog] [data-testid=stButton] button", "Save")
    rep.waits_for(".gs-done .gs-answer", "Do not call: <b>moved</b> away (Kim")
    rep.clicks(".gs-done .gs-answer")
    rep.waits_for("[role=dialog] [data-testid=stButton]", "Undo")
    rep.clicks("[role=dialog] [data-testid=stButton] button", "Undo")
    rep.waits_until_gone(".gs-done")
    assert actions.read(home, ACTIONS)["kind"].to_list() == ["blocked", "withdrawn"]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("matrix?view=How+many+to+call", "Expected wins"),
        ("matrix?view=What+changed", "Chance rose from 11% to 14%"),
        ("divisions?division=Training", "Did the chances come true?"),
        ("health", "Records set aside"),
    ],
)
def test_the_other_pages_open(rep: Rep, published: Path, page: str, words: str) -> None:
    rep.opens(page)
    rep.waits_for("[data-testid=stMain]", words)
    rep.waits_for(".gs-source", "run 5f0c2a9e")
    rep.sees_no_error()


def test_a_phone_needs_no_sideways_scrolling_and_no_page_holds_a_path(
    rep: Rep, published: Path
) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    rep.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for page in PAGES:
            rep.opens(f"{page}?account=C1013")
            rep.waits_for(".gs-source")
            wide = rep.driver.execute_script(
                "const m = document.querySelector('[data-testid=stMain]');"
                "return m.scrollWidth - m.clientWidth"
            )
            assert wide <= 1, page
            for path in (str(published.parent), f"{Path.home()}/"):
                assert path not in rep.driver.page_source
    finally:
        rep.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_browser_logs_no_error_of_ours(rep: Rep, published: Path) -> None:
    rep.opens("matrix")
    rep.waits_for(".gs-grid")
    severe = [line for line in rep.driver.get_log("browser") if line["level"] == "SEVERE"]
    assert not [line for line in severe if "gosales" in line["message"]]


def test_where_signing_in_is_set_up_nothing_shows_before(published: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        '[auth]\nredirect_uri = "http://localhost/oauth2callback"\ncookie_secret = "hush-hush"\n'
        'client_id = "me"\nclient_secret = "top-secret"\n'
        'server_metadata_url = "http://localhost:9/.well-known/openid-configuration"\n'
    )
    options = ("--secrets.files", str(secrets), "--server.address", "127.0.0.1")
    with served(published.parent, *options) as at, browsing(at, tmp_path) as stranger:
        for page in ("", "account?account=C1013", "health"):
            stranger.opens(page)
            stranger.waits_for("[data-testid=stButton]", "Sign in")
            assert not stranger.sees(".gs-line, .gs-facts, .gs-source")
            for secret in ("hush-hush", "top-secret", str(secrets), "C1013 "):
                assert secret not in stranger.driver.page_source
        stranger.sees_no_error()


def test_what_is_downloaded_is_what_the_database_holds(rep: Rep, published: Path) -> None:
    rep.opens()
    rep.waits_for(".gs-line")
    rows = rows_of(rep.takes(f"accounts_to_call_{sample.NEWEST}.csv"))
    kept = sample.whitespace().filter(pl.col("selected"), cutoff=sample.NEWEST).sort("rank")
    assert [int(row["rank"]) for row in rows] == kept["rank"].to_list()
    assert [float(row["icp_score"]) for row in rows] == pytest.approx(kept["icp_score"].to_list())
