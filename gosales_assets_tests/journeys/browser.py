"""A real browser on a real scorecard, and what a rep does with it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gosales_assets_tests.paths import REPOSITORY

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "needs chromium and chromedriver (Debian packages)"
DOWNLOAD = "[data-testid=stDownloadButton] button"


class Rep:
    """A browser and what a rep does with it; texts come with plain spaces."""

    def __init__(self, driver, address: str, downloads: Path) -> None:
        self.driver, self.address, self.downloads = driver, address, downloads

    def opens(self, page: str = "") -> None:
        self.driver.get(f"{self.address}/{page}")
        self.waits_for("h2")

    def sees(self, css: str) -> list[str]:
        return [found.text for found in self._all(css)]

    def reads(self) -> str:
        return "\n".join(self.sees("[data-testid=stMain]"))

    def clicks(self, css: str, words: str = "") -> None:
        element = next(found for found in self._all(css) if words in found.text)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def types(self, css: str, words: str) -> None:
        from selenium.webdriver.common.keys import Keys

        self._all(css)[0].send_keys(words, Keys.ENTER)

    def picks(self, label: str, value: str) -> None:
        """Pick a value of a select box."""
        from selenium.webdriver.common.keys import Keys

        box = next(found for found in self._all("[data-testid=stSelectbox]") if label in found.text)
        box.find_element("css selector", "input").send_keys(value, Keys.ENTER)
        self.waits_for("[data-testid=stMain]", value)

    def waits_for(self, css: str, words: str = "", seconds: float = 30) -> None:
        from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
        from selenium.webdriver.support.ui import WebDriverWait

        def there(_: object) -> bool:
            return self.rests() and any(words in text for text in self.sees(css))

        wait = WebDriverWait(
            self.driver, seconds, 0.1, ignored_exceptions=[StaleElementReferenceException]
        )
        try:
            wait.until(there)
        except TimeoutException as error:
            raise AssertionError(f"{words!r} in {css}; it reads: {self.reads()[:2000]}") from error

    def rests(self) -> bool:
        script = "return document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
        return self.driver.execute_script(script) == "notRunning"

    def waits_until_gone(self, css: str) -> None:
        deadline = time.monotonic() + 20
        while self._all(css) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not self._all(css)

    def takes(self, file_name: str, button: str = "Download") -> Path:
        """Download a file."""
        file = self.downloads / file_name
        file.unlink(missing_ok=True)
        self.clicks(DOWNLOAD, button)
        deadline = time.monotonic() + 20
        while not file.is_file() and time.monotonic() < deadline:
            time.sleep(0.1)
        return file

    def sees_no_error(self) -> None:
        assert not self.sees("[data-testid=stException]")
        for word in ("Traceback", "Error:", "/tmp/", ".duckdb"):
            assert word not in self.reads()

    def _all(self, css: str) -> list:
        from selenium.webdriver.common.by import By

        return self.driver.find_elements(By.CSS_SELECTOR, css)


@contextmanager
def served(home: Path, *options: str) -> Iterator[str]:
    """Serve the scorecard of a home folder; gives its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GOSALES_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/app.py", *options]
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


@contextmanager
def browsing(address: str, folder: Path, size: str = "1280,800") -> Iterator[Rep]:
    """Open a browser on an address; what it downloads and remembers is kept in a folder."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for flag in [*FLAGS, f"--window-size={size}", f"--user-data-dir={folder / 'profile'}"]:
        options.add_argument(flag)
    downloads = folder / "downloads"
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options=options, service=Service(str(chromedriver)))
    try:
        yield Rep(driver, address, downloads)
    finally:
        driver.quit()


def _wait_until_healthy(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError("the server did not come up in 60 s")
