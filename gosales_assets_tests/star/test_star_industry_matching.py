"""Industries: matched by the surest evidence, once per customer, and never by a number's slip."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.contracts import breaches
from gosales_assets.parts import checksum_of
from gosales_assets.star.contract import INDUSTRY_MATCHES
from gosales_assets.star.industry_matching import best_matches, match_industries
from gosales_assets.star.names import normalised_name
from gosales_assets_tests.star.order_lines import companies


def customers(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    schema = {"customer_id": pl.String, "customer_name": pl.String, "account_prefix": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def company(name: str, industry: str | None, number: str | None = None) -> dict[str, str | None]:
    return {"company_name": name, "industry": industry, "enrichment_id": number}


def matched(names: pl.DataFrame, file: pl.DataFrame) -> list[tuple[str, str, str]]:
    frame = INDUSTRY_MATCHES.typed(match_industries(names, file, threads=1))
    assert breaches(INDUSTRY_MATCHES, frame) == []
    return frame.select("customer_id", "industry", "method").rows()


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


def test_ties_go_to_the_first_by_name_whatever_the_order_of_rows() -> None:
    file = companies(
        company("Acme Holdings Internationalb", "Late", "2"),
        company("Acme Holdings Internationala", "Early", "1"),
        company("ACME, Incorporated", "Second", "4"),
        company("ACME Inc", "First", "9"),
    )
    names = customers(
        ("exact", "Acme Inc.", None), ("similar", "Acme Holdings Internationalc", None)
    )
    found = match_industries(names, file, threads=1)
    assert found["industry"].to_list() == ["First", "Early"]
    mixed = match_industries(names.reverse(), file.reverse(), threads=2)
    assert checksum_of(found) == checksum_of(mixed)


def test_blocks_of_names_are_put_together_in_order() -> None:
    names = [f"company number {'x' * (n % 7)}{chr(97 + n % 26)}{n // 26}" for n in range(1100)]
    positions, scores = best_matches(names, names[::-1], threads=1)
    assert [names[::-1][position] for position in positions] == names
    assert set(scores) == {100.0}
