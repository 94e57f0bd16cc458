"""What a rep answers in the browser shapes the next list: on the demo, and on AdventureWorks."""

import csv
import os
import shutil
from pathlib import Path

import pytest

from gosales_assets_tests.journeys.browser import MISSING, browsing, chromedriver, chromium, served
from gosales_assets_tests.journeys.commands import Outcome, run
from gosales_assets_tests.paths import EXAMPLES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not (chromium and chromedriver), reason=MISSING),
]
REASON = "in dispute with us"
_BEST = """
select cutoff, customer_id, customer_name, division, rep, icp_score from whitespace.whitespace
where selected and cutoff = (select max(cutoff) from whitespace.whitespace)
order by rank limit 1
"""


@pytest.fixture(params=["demo", "adventureworks_b2b"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Outcome, Path]:
    """A finished run in a home of its own, and its configuration."""
    if request.param == "demo":
        done: Outcome = request.getfixturevalue("small_run")
        shutil.copytree(done.home, tmp_path / "home")
        config = Path(os.environ["GOSALES_CONFIG"])
        return Outcome(done.code, done.output, done.errors, {}, tmp_path / "home"), config
    request.getfixturevalue("shared_data")
    config = EXAMPLES / "adventureworks_b2b.yaml"
    return run(tmp_path / "home", config), config


def test_a_blocked_recommendation_is_gone_after_the_next_run(
    world: tuple[Outcome, Path], tmp_path: Path
) -> None:
    before, config = world
    best = before.query(_BEST).row(0, named=True)
    with served(before.home) as address, browsing(address, tmp_path) as rep:
        rep.opens("account")
        rep.types("input[type=text]", best["customer_id"])
        rep.waits_for(".gs-offers", best["division"])
        rep.opens(f"?rep={best['rep'].replace(' ', '+')}" if best["rep"] else "")
        rep.waits_for(".gs-line", best["customer_name"])
        list_of_rep = rep.takes(f"accounts_to_call_{best['cutoff']}.csv")
        _holds_what_the_database_holds(list_of_rep, before, best["rep"])
        rep.clicks(".gs-answer")
        rep.waits_for("[role=dialog]", best["customer_name"])
        rep.types("[role=dialog] input", "Kim")
        rep.clicks("[role=dialog] button", "Do not call")
        rep.waits_for("[role=dialog]", "Why?")
        rep.types("[role=dialog] input[aria-label='Why?']", REASON)
        rep.waits_for("[role=dialog] [data-testid=stButton] button:enabled", "Save")
        rep.clicks("[role=dialog] [data-testid=stButton] button", "Save")
        rep.waits_for(".gs-done .gs-answer", REASON)

        after = run(before.home, config)
        assert after.code == before.code
        row = after.query(
            "select state, state_reason, rank, selected from whitespace.whitespace"
            f" where cutoff = '{best['cutoff']}' and division = '{best['division']}'"
            f" and customer_id = '{best['customer_id']}'"
        )
        assert row.rows() == [("blocked", f"{REASON}, says Kim", None, False)]
        rep.opens("?division=" + best["division"].replace(" ", "+"))
        rep.waits_for(".gs-line")
        assert best["customer_name"] not in "\n".join(rep.sees(".gs-line .gs-c1"))
        rep.opens(f"account?account={best['customer_id']}")
        rep.waits_for(".gs-strip .gs-blocked", best["division"])
        rep.sees_no_error()


def _holds_what_the_database_holds(file: Path, outcome: Outcome, rep: str | None) -> None:
    with file.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    known = outcome.query(
        "select rank, customer_id, division, icp_score from whitespace.whitespace"
        " where selected and cutoff = (select max(cutoff) from whitespace.whitespace)"
        + (f" and rep = '{rep}'" if rep else "")
        + " order by rank"
    )
    assert [int(row["rank"]) for row in rows] == known["rank"].to_list()
    assert [row["customer_id"] for row in rows] == known["customer_id"].to_list()
    assert [row["division"] for row in rows] == known["division"].to_list()
    assert [float(row["icp_score"]) for row in rows] == pytest.approx(known["icp_score"].to_list())
