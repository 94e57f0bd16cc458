"""Living in the Dagster UI: backfill, a bad file, its repair; real webserver, daemon and browser.

Pictures of what people see are left in the folder that the test prints.
"""

import gzip
import hashlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from gosales_assets_tests.journeys import tiny
from gosales_assets_tests.journeys.dagster_server import Server, running, until
from gosales_assets_tests.journeys.strict_location import TEST_ORDER

MINUTES = 60
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
CHROMIUM, CHROMEDRIVER = shutil.which("chromium"), shutil.which("chromedriver")
LINES = ["raw", "sales_lines"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ui")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    config = tiny.make(folder / "sample")
    environment = {"GOSALES_HOME": str(folder / "home"), "GOSALES_CONFIG": str(config)}
    with running(folder, environment, "gosales_assets_tests.journeys.strict_location") as made:
        yield made


def picture(server: Server, page: str, words: str, to: Path) -> None:
    """Take a picture of a page of the UI, once it shows what it is about."""
    if not (CHROMIUM and CHROMEDRIVER):
        return
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1500,1000"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        driver.get(f"{server.address}{page}")
        WebDriverWait(driver, 180).until(
            lambda d: words in d.find_element(By.TAG_NAME, "body").text
        )
        time.sleep(3)  # what is still being drawn
        driver.save_screenshot(str(to))
    finally:
        driver.quit()


def run_of(server: Server, assets: list[list[str]]) -> str:
    """Materialize unpartitioned assets in one run, with their checks; how it ended."""
    run = server.launch("__ASSET_JOB", assets)
    until(lambda: server.run_status(run) in ENDED, 20 * MINUTES, f"run {run} did not end", 5)
    return server.run_status(run)


def contents(folder: Path) -> dict[str, str]:
    """Checksums of the files of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.parquet")
    }


def test_backfill_bad_file_and_repair(server: Server, folder: Path) -> None:
    home, pictures = folder / "home", folder / "pictures"
    pictures.mkdir()
    print(f"pictures: {pictures}")
    groups = server.groups()
    facts = [path for group in ("raw", "star") for path in groups[group]]
    end = [path for path in groups["runs"] if path != ["runs", "exports"]]

    # Facts first, then every partition of the labels, as one backfill over GraphQL.
    assert run_of(server, [*facts, *end]) == "SUCCESS"
    backfill = server.backfill(groups["labels"], None)
    until(
        lambda: server.backfill_status(backfill) not in ("REQUESTED", "COMPLETING"),
        30 * MINUTES,
        "the backfill did not end",
        5,
    )
    assert server.backfill_status(backfill) == "COMPLETED_SUCCESS"
    for asset in [*facts, *groups["labels"]]:
        stood = server.partitions(asset)
        assert stood["made"] == stood["all"] > 0, asset
        assert stood["failed"] == 0, asset
    picture(
        server, "/assets/labels/labels?view=partitions", "Materialized", pictures / "partitions.png"
    )

    # A file comes in that breaks a rule of the house.
    published, star = (home / "gosales.duckdb").read_bytes(), contents(home / "lake" / "star")
    log = folder / "sample" / "landing" / tiny.LAST_FILE
    good = gzip.decompress(log.read_bytes())
    tiny.rewrite(log, good.replace(b",Add-on,", f",{TEST_ORDER},".encode(), 3))
    assert run_of(server, [*facts, *end]) == "FAILURE"
    check = server.check(LINES, "no_test_orders")
    assert check["status"] == "FAILED"
    shown = {e["label"]: e for e in check["evaluation"]["metadataEntries"]}
    rows = shown["failing rows"]["table"]["records"]
    assert len(rows) >= 3  # of three records, one or two lines each
    assert all(tiny.LAST_FILE in row and "is no test order" in row for row in rows)
    assert (home / "gosales.duckdb").read_bytes() == published
    assert contents(home / "lake" / "star") == star
    picture(
        server,
        "/assets/raw/sales_lines?view=checks&checkDetail=no_test_orders",
        "no_test_orders",
        pictures / "failed_check.png",
    )

    # The file is mended: everything is as it was.
    tiny.rewrite(log, good)
    assert run_of(server, [*facts, *end]) == "SUCCESS"
    assert server.check(LINES, "no_test_orders")["status"] == "SUCCEEDED"
    assert set(contents(home / "lake" / "star")) >= set(star)
    with duckdb.connect(str(home / "gosales.duckdb"), read_only=True) as connection:
        found = connection.sql("select count(*) from star.fact_transactions").fetchall()
        assert found[0][0] > 0
    picture(
        server,
        "/assets/raw/sales_lines?view=checks&checkDetail=no_test_orders",
        "no_test_orders",
        pictures / "healed_check.png",
    )
    picture(server, "/runs", "Success", pictures / "runs.png")
