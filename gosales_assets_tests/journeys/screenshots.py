"""Take the pictures of docs/images from a home folder that holds the demo.

Run: ``python -m gosales_assets_tests.journeys.screenshots <home> [picture ...]``
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from gosales_assets_tests.journeys.browser import Rep, browsing, served
from gosales_assets_tests.paths import REPOSITORY

IMAGES = REPOSITORY / "docs" / "images"
WIDE, PHONE = (1280, 800), (390, 844)
# Picture -> address, what to wait for, how big, light or dark, how far down the page.
PICTURES = {
    "my_accounts": ("", ".gs-line", WIDE, "light", 0),
    "my_accounts_phone": ("", ".gs-line", PHONE, "light", 0),
    "account": ("account?account={account}", ".gs-scores", WIDE, "light", 0),
    "account_below": ("account?account={account}", ".gs-scores", WIDE, "light", 1150),
    "matrix": ("matrix", ".gs-grid", WIDE, "light", 0),
    "matrix_dark": ("matrix", ".gs-grid", WIDE, "dark", 0),
    "capacity": ("matrix?view=How+many+to+call", ".vega-embed", WIDE, "light", 0),
    "changes": ("matrix?view=What+changed", ".gs-changes", WIDE, "light", 0),
    "divisions": ("divisions", ".vega-embed", WIDE, "light", 0),
    "divisions_below": ("divisions", ".vega-embed", WIDE, "light", 1250),
    "health": ("health", ".vega-embed", WIDE, "light", 0),
    "answer": ("", ".gs-line", WIDE, "light", 0),
}


def take(rep: Rep, name: str, account: str) -> None:
    """Take one picture."""
    address, ready, (width, height), theme, down = PICTURES[name]
    rep.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    rep.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    rep.opens(address.format(account=account))
    rep.waits_for(ready)
    if name.startswith("answer"):
        rep.clicks(".gs-answer")
        rep.waits_for("[role=dialog]", "What came of it?")
    script = "document.querySelector('[data-testid=stMain]').scrollTo(0, arguments[0])"
    rep.driver.execute_script(script, down)
    rep.driver.implicitly_wait(1)
    rep.driver.execute_async_script("setTimeout(arguments[0], 900)")
    rep.driver.save_screenshot(str(IMAGES / f"scorecard_{name}.png"))


def main(home: Path, wanted: Sequence[str]) -> None:
    """Take the pictures wanted, or all."""
    with duckdb.connect(str(home / "gosales.duckdb"), read_only=True) as connection:
        account = connection.sql(
            "select best_customer_id from whitespace.account_rollup where customers > 1"
            " order by cutoff desc, best_rank limit 1"
        ).fetchall()[0][0]
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(home) as address,
        browsing(address, Path(folder)) as rep,
    ):
        for name in wanted or PICTURES:
            take(rep, name, str(account))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
