"""A rep's way through the scorecard, in a real browser on a real server."""

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosales_assets_tests.dashboards import published_sample as sample

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = ["", "account", "grid", "divisions", "health"]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (chromium and chromedriver), reason="needs chromium and chromedriver (Debian packages)"
)


class Rep:
    """A browser and what a rep does with it; texts come with plain spaces."""

    def __init__(self, driver, address: str, downloads: Path) -> None:
        self.driver, self.address, self.downloads = driver, address, downloads

    def opens(self, page: str = "") -> None:
        self.driver.get(f"{self.address}/{page}")
        self.waits_for("h2")

    def sees(self, css: str) -> list[str]:
        from selenium.webdriver.common.by import By

        return [found.text for found in self.driver.find_elements(By.CSS_SELECTOR, css)]

    def reads(self) -> str:
        return "\n".join(self.sees("[data-testid=stMain]"))

    def clicks(self, css: str) -> None:
        from selenium.webdriver.common.by import By

        element = self.driver.find_element(By.CSS_SELECTOR, css)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def types(self, css: str, words: str) -> None:
        from selenium.webdriver.common.by import By
        from selenium.webdriver.common.keys import Keys

        self.driver.find_element(By.CSS_SELECTOR, css).send_keys(words, Keys.ENTER)

    def waits_for(self, css: str, words: str = "") -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        def there(_: object) -> bool:
            script = "return document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
            still = self.driver.execute_script(script) == "notRunning"
            return still and any(words in text for text in self.sees(css))

        WebDriverWait(self.driver, 20, ignored_exceptions=_stale()).until(
            there, f"{words!r} in {css}; the page reads: {self.reads()[:2000]}"
        )

    def sees_no_error(self) -> None:
        assert not self.sees("[data-testid=stException]")
        assert "Traceback" not in self.reads()


def _stale() -> list[type[Exception]]:
    from selenium.common.exceptions import StaleElementReferenceException

    return [StaleElementReferenceException]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scorecard") / "home"


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GOSALES_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/app.py"]
    server = subprocess.Popen(
        [*command, "--server.port", str(port), "--server.fileWatcherType", "none"],
        cwd=REPOSITORY,
        env=environment,
    )
    try:
        _wait_until_healthy(f"http://localhost:{port}/_stcore/health", server)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_until_healthy(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail("the server did not come up in 30 s")


@pytest.fixture(scope="module")
def rep(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rep]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    profile, downloads = tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")
    for flag in [*FLAGS, "--window-size=1280,800", f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options=options, service=Service(str(chromedriver)))
    try:
        yield Rep(driver, address, downloads)
    finally:
        driver.quit()


@pytest.fixture
def published(home: Path) -> Path:
    return sample.publish(home)


def test_an_empty_home_is_said_kindly_on_every_page(rep: Rep, home: Path) -> None:
    (home / "gosales.duckdb").unlink(missing_ok=True)
    for page in PAGES:
        rep.opens(page)
        rep.waits_for("[data-testid=stAlert]", "Nothing to show here yet")
        rep.sees_no_error()


def test_whom_to_call_and_why(rep: Rep, published: Path) -> None:
    rep.opens()
    rep.waits_for(".gs-source", "As of 31 Dec")
    best = sample.whitespace().filter(cutoff=sample.NEWEST, rank=1).row(0, named=True)
    first = rep.sees(".gs-line")[0]
    for words in (best["customer_name"], best["division"], "months", best["nba_reason"]):
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
    rep.opens("?rep=Ada+Moreau")
    rep.waits_for(".gs-line", "Ada Moreau")
    rep.clicks("[data-testid=stDownloadButton] button")
    file = rep.downloads / f"accounts_to_call_{sample.NEWEST}.csv"
    deadline = time.monotonic() + 10
    while not file.is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    with file.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
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
    assert "likely" in scores
    assert all("more likely than usual" in offer for offer in rep.sees(".gs-offers .gs-line"))
    assert rep.sees(".gs-offers .gs-line")
    rep.waits_for("h3", "Beacon")
    rep.sees_no_error()


def test_a_link_to_an_account_opens_it(rep: Rep, published: Path) -> None:
    rep.opens("account?account=C1013&cutoff=30+Jun+2024")
    rep.waits_for("h3", "Beacon Motors")
    assert "30 Jun" in rep.sees(".gs-source")[0]
    rep.sees_no_error()


def test_the_grid_shows_accounts_by_divisions_and_a_cell_its_reason(
    rep: Rep, published: Path
) -> None:
    rep.opens("grid")
    rep.waits_for(".gs-grid thead", "Simulation")
    assert len(rep.sees(".gs-grid tbody tr")) == 30
    assert len(rep.sees(".gs-grid tbody td")) == 30 * len(sample.DIVISIONS)
    rep.clicks(".gs-grid tbody td summary")
    rep.waits_for(".gs-grid details[open]", "likely")
    rep.opens("grid?colour=State")
    rep.waits_for(".gs-grid", "Owned")
    rep.sees_no_error()


@pytest.mark.parametrize(
    ("page", "words"),
    [("divisions", "Did the chances come true?"), ("health", "Records set aside")],
)
def test_the_pages_for_analysts_open(rep: Rep, published: Path, page: str, words: str) -> None:
    rep.opens(page)
    rep.waits_for("[data-testid=stMain]", words)
    rep.waits_for(".gs-source", "run 5f0c2a9e")
    rep.sees_no_error()
