"""Words, downloads and markup: safe for any text that a sales log may hold."""

import csv
import doctest
import io
from datetime import date
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import charts, evidence, markup, queries, text
from dashboards.database import Published
from dashboards.downloads import csv_bytes
from gosales_assets_tests.dashboards import published_sample as sample

KNOWN_TAGS = {"a", "b", "dd", "details", "div", "dl", "dt", "i", "li", "p", "small", "span"}
KNOWN_TAGS |= {"summary", "table", "tbody", "td", "th", "thead", "tr", "ul"}
any_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


class Tags(HTMLParser):
    """Collects the tags and the visible text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: set[str] = set()
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_examples_in_the_words_hold() -> None:
    assert doctest.testmod(text).failed == 0


shares = st.floats(0, 1) | st.just(float("nan")) | st.none()


@given(st.floats() | st.none(), shares, shares, st.integers(1, 24))
def test_any_number_can_be_said(
    number: float | None, share: float | None, usual: float | None, months: int
) -> None:
    said = [
        text.money(number),
        text.percent(share),
        text.chance(share, months),
        text.multiple(share, usual),
        text.standing(share),
    ]
    assert not any("nan" in words or "inf" in words for words in said)


@given(st.floats(0, 1e9))
def test_money_is_said_within_half_a_step(amount: float) -> None:
    said = text.money(amount)
    unit = {"k": 1e3, "M": 1e6}.get(said[-1], 1)
    number = float(said.rstrip("kM")) * unit
    assert number == pytest.approx(amount, rel=0.06, abs=0.5)


def test_days_are_said_without_doubt_about_the_month() -> None:
    assert text.day(date(2024, 12, 3), " ") == "3 Dec 2024"


def test_many_runs_are_named_in_one_line() -> None:
    assert text.runs(["aaaaaaaaaa", "b", "c", "d", "e"]) == "runs aaaaaaaa, b, c and 2 more"


@given(st.lists(any_text, min_size=1, max_size=8))
def test_no_downloaded_cell_can_run_as_a_formula(cells: list[str]) -> None:
    frame = pl.DataFrame({"name": cells, "value": [-1.5] * len(cells)})
    content = csv_bytes(frame).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content, newline="")))[1:]
    assert len(rows) == len(cells)
    for (name, value), cell in zip(rows, cells, strict=True):
        assert name == ("'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell)
        assert value == "-1.5"


@given(any_text)
def test_any_name_is_shown_as_text_and_never_as_markup(name: str) -> None:
    rows = pl.DataFrame({"customer_id": [name], "customer_name": [name], "division": [name]})
    rows = rows.with_columns(
        icp_score=0.3,
        icp_percentile=0.9,
        usual=0.1,
        icp_grade=pl.lit("A"),
        window_months=6,
        expected_gp=100.0,
        state=pl.lit("potential"),
        last_order=pl.lit(date(2024, 1, 1)),
        trend=pl.lit("up"),
        rank=1,
        **{
            column: pl.lit(name)
            for column in ("nba_reason", "reason", "state_reason", "territory", "rep")
        },
        **{f"reason_{i}": pl.lit(name) for i in (1, 2, 3)},
    )
    pieces = [
        markup.recommendations(rows),
        markup.matches(rows),
        markup.offers(rows),
        markup.division_scores(rows),
        markup.state_strip(rows),
        *(markup.score_grid(rows, colour) for colour in ("chance", "standing", "state")),
        markup.facts([(name, name)]),
        markup.plain_table([name], [[name, name]]),
    ]
    for piece in pieces:
        seen = Tags(piece)
        assert seen.tags <= KNOWN_TAGS
        assert not seen.handlers


def test_a_hostile_name_reads_as_written(db: Published) -> None:
    found = queries.find_accounts(db, "acme")
    seen = Tags(markup.matches(found))
    assert sample.HOSTILE_NAME in seen.words
    assert "account?account=%3D1%2B1" in markup.matches(found)


def test_charts_hold_their_data(db: Published) -> None:
    orders = queries.timeline(db, "C1000")
    tested = evidence.backtests(db, "Simulation", "auc").filter(cohort="all")
    tenths = evidence.gains(db, "Simulation", date(2024, 6, 30))
    for chart, rows in (
        (charts.timeline(orders, sample.NEWEST), orders.height),
        (charts.backtest(tested, "AUC"), tested.height),
        (charts.gains(tenths), tenths.height + 1),
        (charts.reliability(tenths), tenths.height),
    ):
        data = chart.to_dict()["datasets"]
        assert rows in {len(values) for values in data.values()}
