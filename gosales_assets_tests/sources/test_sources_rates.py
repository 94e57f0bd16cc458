"""Rates: the newest by the day of the order, none before the first, and never a guess."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.outline import check_sources
from gosales_assets.sources.rates import Rates, load_rates
from gosales_assets_tests.sources.loading import load_log

DATED = "currency,rate,valid_from\nEUR,1.10,2024-01-01\neur,1.20,2024-03-01\nCAD,0.75,\n"


def configured(folder: Path, rates: str | None, **log: Any) -> Settings:
    """Settings of a log in several currencies, with a table of rates beside it."""
    orders = ["2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01", "2025-01-01"]
    rows = [f"1,{day},A,100,{code}" for code in ("EUR", "CAD", "USD", "") for day in orders]
    (folder / "log.csv").write_text(
        "\n".join(["customer_id,order_date,sku,revenue,currency", *rows])
    )
    sides = {}
    if rates is not None:
        (folder / "fx.csv").write_text(rates)
        sides = {"fx_rates": {"file": "fx.csv"}}
    return Settings.model_validate(
        {
            "base": folder,
            "sales_log": {"files": ["log.csv"], "other_division": "All"} | log,
            "side_tables": sides,
        }
    )


def test_rows_are_converted_at_the_rate_of_their_day(tmp_path: Path) -> None:
    load = load_log(configured(tmp_path, DATED))
    revenue = load.lines.sort("source_line").select("currency", "order_date", "revenue").rows()
    days = [date(2024, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(2025, 1, 1)]
    assert revenue[:4] == [
        ("EUR", day, Decimal(amount))
        for day, amount in zip(days, (110, 110, 120, 120), strict=True)
    ]
    assert {row[2] for row in revenue if row[0] == "CAD"} == {Decimal(75)}
    assert {row[2] for row in revenue if row[0] == "USD"} == {Decimal(100)}
    assert load.quarantine.select("source_line", "reason", "detail").rows() == [
        (2, "no rate for currency", "currency: EUR")
    ]


def test_a_changed_rate_reaches_files_that_did_not_change(tmp_path: Path) -> None:
    for rate in (1.5, 1.25):
        load = load_log(
            configured(tmp_path, f"currency,rate\nEUR,{rate}\n"), home=tmp_path / "home"
        )
        revenue = load.lines.filter(currency="EUR")["revenue"]
        assert set(revenue) == {Decimal(100) * Decimal(rate)}


def test_without_rates_other_currencies_are_set_aside(tmp_path: Path) -> None:
    for rates in (None, "currency,rate\nGBP,1.3\n"):
        load = load_log(configured(tmp_path, rates))
        assert load.quarantine.height == 10
        assert load.lines["currency"].unique().to_list() == ["USD"]


def test_simple_and_dated_rates_are_used_together(tmp_path: Path) -> None:
    rates = load_rates(configured(tmp_path, "currency,rate\nEUR,1.1\n", fx_rates={"cad": 0.75}))
    day = pl.Series([date(2024, 1, 1)] * 4 + [None])
    found = rates.on(pl.Series(["EUR", "CAD", "USD", "SEK", "EUR"]), day)
    assert found.to_list() == [1.1, 0.75, 1.0, None, 1.1]


def test_an_undated_rate_holds_until_the_first_dated_one() -> None:
    table = pl.DataFrame(
        {"currency": ["EUR"] * 2, "valid_from": [None, date(2024, 1, 1)], "rate": [1.0, 2.0]}
    )
    days = pl.Series([date(2020, 1, 1), date(2024, 1, 1), None])
    assert Rates("USD", table).on(pl.Series(["EUR"] * 3), days).to_list() == [1.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("rates", "log", "words"),
    [
        ("currency,rate\nEUR,\n", {}, ["fx.csv", "rows without rate: 1"]),
        ("currency,rate\nEUR,soon\n", {}, ["rows without rate: 1"]),
        ("currency,rate\n,1.1\n", {}, ["rows without currency: 1"]),
        ("currency,rate\nEUR,0\n", {}, ["the rate of EUR is 0.0"]),
        ("currency,rate\nEUR,-1.1\n", {}, ["the rate of EUR is -1.1"]),
        ("currency,rate\nEUR\n", {}, ["rows that do not fit the header: 1"]),
        ("currency,rate,valid_from\nEUR,1.1,2024-02-31\n", {}, ["valid_from cannot be read: 1"]),
        ("currency,rate\nEUR,1.1\nEUR,1.2\n", {}, ["contradict another row"]),
        ("currency,rate\nUSD,1.1\n", {}, ["USD is the base currency"]),
        ("currency,rate\nEUR,1.1\n", {"fx_rates": {"eur": 1.1}}, ["EUR", "keep one"]),
        ("currency,amount\nEUR,1.1\n", {}, ["fx.csv", "'rate'"]),
        (None, {"fx_rates": {"EUR": 0.0}}, ["sales_log.fx_rates", "EUR"]),
        (None, {"fx_rates": {"EUR": 1.0, "eur": 2.0}}, ["EUR has two rates"]),
    ],
)
def test_rates_that_cannot_be_trusted_stop_before_anything_is_read(
    tmp_path: Path, rates: str | None, log: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        check_sources(configured(tmp_path, rates, **log))
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_exact_repeats_of_a_rate_do_no_harm(tmp_path: Path) -> None:
    rates = load_rates(configured(tmp_path, "currency,rate\nEUR,1.1\nEUR,1.1\n"))
    assert rates.table.height == 1
