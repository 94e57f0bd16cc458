"""Industries: matched by the surest evidence as it stood on any day, and never by chance."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gosales_assets.breaches import breaches
from gosales_assets.parts import checksum_of
from gosales_assets.star.contract import INDUSTRY_MATCHES, OUTDONE, OWN, PAST, TAKEN, TIED
from gosales_assets.star.industry_choice import industries_known_by, taken, with_verdicts
from gosales_assets.star.industry_matching import match_industries, similar_names
from gosales_assets.star.names import normalised_name
from gosales_assets_tests.star.order_lines import Row, companies, made

DAY = date(2024, 6, 30)
NOBODY = pl.DataFrame(schema={"customer_id": pl.String})
STABLE = {"industry", "sub_industry"}


def customers(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    """Names in the log since 2020."""
    return names_since(*(named(*row) for row in rows))


def named(
    customer: str,
    name: str,
    prefix: str | None = None,
    since: date | None = date(2020, 1, 1),
    source: str = "log",
) -> Row:
    return {
        "customer_id": customer,
        "customer_name": name,
        "account_prefix": prefix,
        "name_source": source,
        "name_known_from": since,
    }


def names_since(*rows: Row) -> pl.DataFrame:
    columns = list(named("", ""))
    return made(INDUSTRY_MATCHES, rows).select(columns)


def company(
    name: str,
    industry: str | None,
    number: str | None = None,
    since: date | None = None,
    sub: str | None = None,
) -> Row:
    return {
        "company_name": name,
        "industry": industry,
        "enrichment_id": number,
        "valid_from": since,
        "sub_industry": sub,
    }


def matches(names: pl.DataFrame, file: pl.DataFrame, own: pl.DataFrame = NOBODY) -> pl.DataFrame:
    frame = with_verdicts(match_industries(names, file, threads=1), own, DAY)
    made_of = INDUSTRY_MATCHES.typed(frame).sort(INDUSTRY_MATCHES.sort)
    assert breaches(INDUSTRY_MATCHES, made_of) == []
    assert taken(made_of)["customer_id"].is_unique().all()
    return made_of


def matched(names: pl.DataFrame, file: pl.DataFrame) -> list[tuple[str, str, str]]:
    rows = matches(names, file).filter(pl.col("verdict") == TAKEN)
    return rows.select("customer_id", "industry", "method").rows()


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("497588 Example Co", "497588", "example co"),
        ("  Example,  Company. ", None, "example co"),
        ("The Société Générale & Cie", None, "societe generale cie"),
        ("Müller’s Bäckerei GmbH", None, "mullers backerei gmbh"),
        ("A.B.C. Incorporated", None, "abc inc"),
        ("3M", None, "3m"),
        ("北京公司", None, "北京公司"),
        ("...", None, ""),
    ],
)
def test_names_lose_what_does_not_distinguish(name: str, prefix: str | None, expected: str) -> None:
    assert normalised_name(name, prefix) == expected


@given(st.text(max_size=30))
@settings(deadline=None)
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = normalised_name(name)
    assert normalised_name(once) == once


def test_the_surest_evidence_wins() -> None:
    file = companies(
        company("Northwind Trading Limited", "Trade", "11"),
        company("Wholly Different", "Mining", "497588"),
        company("Consolidated Precision Instruments Corporation", "Optics"),
        company("Amalgamated Fasteners Inc", "Metal"),
    )
    names = customers(
        ("name", "NORTHWIND TRADING LTD.", None),
        ("both", "497588 Northwind Trading Ltd", "497588"),
        ("prefix", "497588 Acme", "497588"),
        ("typo", "Consolidated Precision Instrument Corp", None),
        ("worse", "Amalgamated Fastners Incs", None),
        ("nobody", "Unheard Of", None),
    )
    assert matched(names, file) == [
        ("both", "Trade", "same name"),
        ("name", "Trade", "same name"),
        ("prefix", "Mining", "account prefix"),
        ("typo", "Optics", "similar name, 97 or more"),
        ("worse", "Metal", "similar name, 94 or more"),
    ]
    to_review = matches(names, file).filter("needs_review")["customer_id"]
    assert to_review.to_list() == ["typo", "worse"]


@pytest.mark.parametrize(
    "name", ["Consolidated PrecisionInstruments", "Instruments, Consolidated Precision"]
)
def test_a_lost_space_and_swapped_words_are_forgiven(name: str) -> None:
    file = companies(company("Consolidated Precision Instruments", "Optics"))
    assert matched(customers(("a", name, None)), file) == [
        ("a", "Optics", "similar name, 97 or more")
    ]


def test_numbers_are_no_slips_of_the_pen() -> None:
    file = companies(company("Amalgamated Fasteners Plant 12", "Metal"))
    names = customers(
        ("other", "Amalgamated Fasteners Plant 13", None),
        ("same", "Amalgamated Fastener Plant 12", None),
    )
    assert [row[0] for row in matched(names, file)] == ["same"]


def test_a_company_without_industry_matches_nobody() -> None:
    assert matched(customers(("a", "Acme", None)), companies(company("Acme", None))) == []


@pytest.mark.parametrize("rows", [[], [("a", "...", None)], [("a", "Acme", "1")]])
def test_nothing_to_match_gives_an_empty_table(rows: list[tuple]) -> None:
    assert matched(customers(*rows), companies()) == []
    assert matched(customers(*rows), companies(company("---", "Trade"))) == []


def test_ties_between_industries_decide_nothing_and_are_shown() -> None:
    file = companies(
        company("Acme Holdings Internationalb", "Late", "2"),
        company("Acme Holdings Internationala", "Early", "1"),
        company("ACME, Incorporated", "Second", "4"),
        company("ACME Inc", "First", "9"),
    )
    names = customers(
        ("exact", "Acme Inc.", None),
        ("prefixed", "4 Acme Inc.", "4"),
        ("similar", "Acme Holdings Internationalc", None),
    )
    found = matches(names, file)
    assert taken(found).rows() == [("prefixed", "Second", None)]
    tied = found.filter(pl.col("verdict") == TIED)
    assert tied.select("customer_id", "industry").rows() == [
        ("exact", "First"),
        ("exact", "Second"),
        ("similar", "Early"),
        ("similar", "Late"),
    ]
    assert tied["needs_review"].all()
    mixed = matches(names.reverse(), file.reverse())
    assert checksum_of(found) == checksum_of(mixed)


def test_equal_companies_of_one_industry_agree_on_what_they_share() -> None:
    file = companies(
        company("Acme Inc", "Metal", "1", sub="Bolts"),
        company("ACME Incorporated", "Metal", "2", sub="Nuts"),
        company("Bolt Ltd", "Metal", "3", sub="Bolts"),
        company("BOLT Limited", "Metal", "4", sub="Bolts"),
    )
    found = matches(customers(("a", "Acme Inc", None), ("b", "Bolt Ltd", None)), file)
    assert taken(found).rows() == [("a", "Metal", None), ("b", "Metal", "Bolts")]
    assert not found["needs_review"].any()


def test_the_best_of_similar_names_is_taken_and_the_others_are_shown() -> None:
    file = companies(
        company("Consolidated Precision Instruments Corp", "Optics"),
        company("Consolidated Precision Instruments Co", "Trade"),
    )
    found = matches(customers(("a", "Consolidated Precision Instrument Corp", None)), file)
    shown = found.sort("score", descending=True).select("industry", "verdict", "needs_review")
    assert shown.rows() == [("Optics", TAKEN, True), ("Trade", OUTDONE, False)]


def test_branches_of_a_company_all_mean_it() -> None:
    names = customers(("a", "Acme Inc", None), ("b", "ACME Incorporated", None))
    assert len(matched(names, companies(company("Acme Inc", "Metal")))) == 2


def test_an_industry_of_the_customers_table_is_not_overridden() -> None:
    own = pl.DataFrame({"customer_id": ["a"]})
    found = matches(customers(("a", "Acme", None)), companies(company("Acme", "Metal")), own)
    assert found["verdict"].to_list() == [OWN]
    assert taken(found).is_empty()


def test_the_surest_of_all_names_decides_and_then_the_newest() -> None:
    file = companies(
        company("Acme Holdings International", "Metal"), company("Zenith", "Trade", "7")
    )
    late = date(2024, 1, 1)
    names = names_since(
        named("typo", "Acme Holdings International"),
        named("typo", "Acme Holdings Internationl", since=late),
        named("renamed", "Acme Holdings International"),
        named("renamed", "Zenith", since=late),
        named("side", "Zenith", since=None, source="customers"),
        named("side", "Acme Holdings International"),
    )
    found = {row[0]: row[1] for row in taken(matches(names, file)).iter_rows()}
    assert found == {"typo": "Metal", "renamed": "Trade", "side": "Metal"}


def test_histories_of_companies_show_what_held_on_the_last_day() -> None:
    file = companies(
        company("Acme", "Old", "1", date(2020, 1, 1)),
        company("Acme", "Now", "1", date(2023, 1, 1)),
        company("Acme", "Next", "1", date(2025, 1, 1)),
        company("Bolt", "Later", "2", date(2025, 1, 1)),
    )
    found = matches(customers(("a", "Acme", None), ("b", "Bolt", None)), file)
    assert taken(found).rows() == [("a", "Now", None), ("b", "Later", None)]
    assert found.filter(pl.col("verdict") == PAST)["industry"].to_list() == ["Old", "Next"]
    before = industries_known_by(found, date(2022, 1, 1), names_are_stable=False, stable=set())
    assert before.rows() == [("a", "Old", None)]


def test_a_snapshot_tells_of_the_past_only_what_is_stable() -> None:
    names = names_since(
        named("log", "Acme"),
        named("later", "Acme", since=DAY + timedelta(days=1)),
        named("side", "Acme", since=None, source="customers"),
    )
    found = matches(names, companies(company("Acme", "Metal", sub="Bolts")))

    def told(names_are_stable: bool, stable: set[str]) -> list[tuple]:
        return industries_known_by(
            found, DAY, names_are_stable=names_are_stable, stable=stable
        ).rows()

    assert told(True, set()) == []
    assert told(False, {"industry"}) == [("log", "Metal", None)]
    assert told(True, STABLE) == [("log", "Metal", "Bolts"), ("side", "Metal", "Bolts")]


words = st.sampled_from(["Acme Holdings International", "Acme Holdings Internationl", "Zenith"])
days = st.none() | st.integers(-2, 2).map(lambda number: DAY + timedelta(days=number))
past_names = st.lists(
    st.builds(
        named,
        st.sampled_from("ab"),
        words,
        st.sampled_from([None, "7"]),
        days,
        st.sampled_from(["log", "customers"]),
    ),
    unique_by=lambda row: tuple(row.values()),
)
past_companies = st.lists(
    st.builds(
        company,
        words,
        st.sampled_from(["Metal", "Trade", None]),
        st.sampled_from([None, "7", "8"]),
        days,
    ),
    unique_by=lambda row: tuple(row.values()),
    max_size=5,
)


@settings(deadline=None, max_examples=60)
@example(  # a name without a day, which later comes with one
    names=[
        named("a", "Acme Holdings International", None, day, "customers")
        for day in (None, DAY + timedelta(days=1))
    ],
    file=[company("Acme Holdings International", "Metal", None, None)],
    stable=STABLE,
)
@given(names=past_names, file=past_companies, stable=st.sampled_from([set(), STABLE]))
def test_what_was_known_by_a_day_needs_nothing_that_came_later(
    names: list[Row], file: list[Row], stable: set[str]
) -> None:
    def known(names: list[Row], file: list[Row]) -> pl.DataFrame:
        found = matches(names_since(*names), companies(*file))
        return industries_known_by(found, DAY, names_are_stable=bool(stable), stable=stable)

    def past(rows: list[Row], since: str) -> list[Row]:
        return [row for row in rows if row[since] is None or row[since] <= DAY]

    everything = known(names, file)
    assert everything.equals(known(past(names, "name_known_from"), past(file, "valid_from")))
    assert everything["customer_id"].is_unique().all()


def test_a_company_that_no_longer_tells_its_industry_hides_no_other_of_its_name() -> None:
    found = matches(
        names_since(named("a", "Acme", None, None, "customers")),
        companies(
            company("Acme", "Metal", None, None),
            company("Acme", "Metal", "7", None),
            company("Acme", None, "7", DAY),
        ),
    )
    known = industries_known_by(found, DAY, names_are_stable=True, stable=STABLE)
    assert known.select("customer_id", "industry").rows() == [("a", "Metal")]


def test_blocks_of_names_are_put_together() -> None:
    names = [f"company number {'x' * (n % 7)}{chr(97 + n % 26)}{n // 26}" for n in range(1100)]
    pairs = similar_names(names, names[::-1], threads=1)
    same = pairs.filter(pl.col("key") == pl.col("their_key"))
    assert sorted(same["key"]) == sorted(names)
    assert set(same["score"]) == {100.0}
    assert pairs["score"].min() >= 94


def test_a_name_like_all_others_keeps_only_its_best_companies() -> None:
    letters = [chr(97 + n) for n in range(12)]
    choices = [f"the customers of the northern region {a}{b}" for a in letters for b in letters]
    pairs = similar_names([choices[0]], choices, threads=1)
    assert pairs.height == 100
    assert pairs["score"].max() == 100.0
