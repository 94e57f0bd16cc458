"""Words, downloads and markup: safe for any text that a sales log may hold."""

import csv
import doctest
import io
from datetime import date, datetime
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards import (
    account_queries,
    answers,
    charts,
    clicks,
    evidence,
    evidence_charts,
    glossary,
    markup,
    matrix_markup,
    queries,
    text,
)
from dashboards.database import Published
from dashboards.downloads import csv_bytes
from gosales_assets_tests.dashboards import published_sample as sample

KNOWN_TAGS = {"a", "b", "button", "dd", "div", "dl", "dt", "i", "li", "p", "small", "span"}
KNOWN_TAGS |= {"table", "tbody", "td", "th", "thead", "tr", "ul"}
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


@pytest.mark.parametrize("module", [text, clicks, answers])
def test_the_examples_in_the_words_hold(module) -> None:
    tested = doctest.testmod(module)
    assert tested.attempted
    assert tested.failed == 0


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


@settings(deadline=None)
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
        high_value=200.0,
        state=pl.lit("potential"),
        last_order=pl.lit(date(2024, 1, 1)),
        trend=pl.lit("up"),
        owned=1,
        offers=2,
        rank=1,
        rank_before=3,
        rank_now=2,
        shared=pl.concat_list(pl.lit(name)),
        more=pl.concat_list(pl.lit(name)),
        **{
            column: pl.lit(name)
            for column in ("nba_reason", "state_reason", "territory", "rep", "industry", "why")
        },
        **{column: pl.lit(name) for column in ("moved_by", "state_before", "state_now")},
        **{f"reason_{i}": pl.lit(name) for i in (1, 2, 3)},
    )
    said = {"kind": "blocked", "until": None, "reason": name, "recorded_by": name}
    given_to = {(name, name): said | {"recorded_at": datetime(2025, 3, 1)}}
    looks = markup.Looks("2024-12-31", "$", given_to if len(name) % 2 else {})
    pieces = [
        markup.recommendations(rows, looks),
        markup.matches(rows),
        markup.similar(rows),
        markup.family(rows, looks),
        markup.changed(rows),
        markup.offers(rows, looks),
        markup.division_scores(rows),
        markup.state_strip(rows),
        *(matrix_markup.heat_map(rows, colour, looks) for colour in ("chance", "value")),
        markup.facts([(name, name)]),
        markup.plain_table([name], [[name, name]]),
    ]
    for piece in pieces:
        seen = Tags(piece)
        assert seen.tags <= KNOWN_TAGS
        assert not seen.handlers


def test_a_hostile_name_reads_as_written(db: Published) -> None:
    found = account_queries.find_accounts(db, "acme")
    seen = Tags(markup.matches(found))
    assert sample.HOSTILE_NAME in seen.words
    assert "account?account=%3D1%2B1" in markup.matches(found)


@given(st.lists(any_text, min_size=1, max_size=4))
def test_a_click_reports_what_was_marked_whatever_the_names(names: list[str]) -> None:
    class Marked(HTMLParser):
        value: str | None = None

        def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
            self.value = dict(attrs)["data-gs"]

    seen = Marked()
    seen.feed(f"<button {clicks.mark('offer', *names)}>")
    assert clicks.parse(seen.value) == ["offer", *names]


@pytest.mark.parametrize("sent", ["", "{}", "[]", "[1]", '["offer", null]', "x", '"offer"'])
def test_what_a_browser_sends_is_a_list_of_texts_or_nothing(sent: str) -> None:
    assert clicks.parse(sent) is None


def test_charts_hold_their_data(db: Published) -> None:
    orders = account_queries.timeline(db, "C1000")
    tested = evidence.backtests(db, "Simulation", "auc").filter(cohort="all")
    tenths = evidence.gains(db, "Simulation", date(2024, 6, 30))
    points = evidence.reached(db, "Simulation", date(2024, 6, 30))
    capacity = queries.capacity(db, queries.Filters(sample.NEWEST), 9)
    alerts = evidence.alerts(db)
    for chart, rows in (
        (charts.timeline(orders, sample.NEWEST, "$"), orders.height),
        (charts.capacity(capacity, "value", 3, "$"), capacity.height),
        (evidence_charts.backtest(tested, "AUC"), tested.height),
        # The tenths, 5 % between them, naive at three shares, and both from nobody called.
        (evidence_charts.gains(tenths, points), tenths.height + 1 + 3 + 2),
        (evidence_charts.gains(tenths, points), points.height),
        (evidence_charts.reliability(tenths), tenths.height),
        (evidence_charts.drift(alerts, evidence.looked_at(db)), alerts.height),
    ):
        data = chart.to_dict()["datasets"]
        assert rows in {len(values) for values in data.values()}


def test_the_interval_of_a_tenth_is_wilsons() -> None:
    tenths = pl.DataFrame(
        {"decile": [1], "rows": [100], "positives": [10], "mean_score": [0.1]}
        | {"observed_rate": [0.1]}
    )
    data = evidence_charts.reliability(tenths).to_dict()["datasets"]
    row = next(rows[0] for rows in data.values() if "low" in rows[0])
    # Brown, Cai and DasGupta (2001): 10 of 100 gives 0.055 to 0.174.
    assert (row["low"], row["high"]) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_rep_pages_speak_plainly() -> None:
    for words in (glossary.LIST, glossary.MATRIX, glossary.ACCOUNT):
        for jargon in ("AUC", "lift", "calibrat", "Brier", "percentile", "cohort", "decile"):
            assert jargon not in words
