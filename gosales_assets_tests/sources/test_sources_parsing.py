"""Numbers, ids and dates: whatever can be written is read back, whatever is unclear is refused."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosales_assets.sources.dates import parse_date
from gosales_assets.sources.parsing import cents, identifier, numbers, parse_number

AMOUNTS = st.decimals(-999_999_999, 999_999_999, places=2, allow_nan=False)
STYLES = [
    "{sign}{plain}",
    "{sign}{grouped}",
    "{sign}${grouped}",
    "${sign}{grouped}",
    "{sign}$ {grouped}",
    "{sign}£{plain}",
    "{sign}CA${grouped}",
    "{plain}{sign}",
    "{grouped} EUR{sign}",
    "\u00a0{sign}{plain}\u00a0",
]


@given(AMOUNTS, st.sampled_from(STYLES), st.sampled_from("-−–"))
def test_every_style_of_money_is_read(amount: Decimal, style: str, minus: str) -> None:
    sign = minus if amount < 0 else ""
    shown = style.format(sign=sign, plain=f"{abs(amount):f}", grouped=f"{abs(amount):,f}")
    assert numbers(pl.Series([shown])).item() == amount


@given(AMOUNTS)
def test_brackets_are_a_minus(amount: Decimal) -> None:
    assert numbers(pl.Series([f"({abs(amount):,f})"])).item() == -abs(amount)


@given(AMOUNTS)
def test_decimal_commas(amount: Decimal) -> None:
    shown = f"{amount:,f}".translate(str.maketrans(",.", ".,"))
    assert numbers(pl.Series([shown, f"{shown} €"]), decimal_comma=True).to_list() == [amount] * 2


@pytest.mark.parametrize(
    "cell",
    ["1,23", "1.234,50", "12.34.56", "1,234,5", "--5", "(-5)", "-5-", "$5 EUR", "n/a", "#REF!",
     "5%", "1 2", "1_000", "inf", "NaN5", "12 pcs", "1000000000000", "9" * 60, "1e400"],
)  # fmt: skip
def test_what_is_unclear_is_not_guessed_at(cell: str) -> None:
    assert numbers(pl.Series([cell])).item() is None
    assert parse_number(cell) is None


def test_a_dot_means_thousands_where_the_comma_is_decimal() -> None:
    assert numbers(pl.Series(["1.234", "1.23"]), decimal_comma=True).to_list() == [1234, None]


@given(st.integers(-(10**9), 10**9))
def test_half_a_cent_is_rounded_away_from_zero(thousandths: int) -> None:
    exact = Decimal(thousandths) / 1000
    read = numbers(pl.Series("n", [f"{exact:f}"])).to_frame().select(cents(pl.col("n"))).item()
    assert read == exact.quantize(Decimal("0.01"), "ROUND_HALF_UP")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), min_size=1))
def test_ids_survive(text: str) -> None:
    read = pl.DataFrame({"id": [text]}).select(identifier(pl.col("id"))).item()
    if text.casefold() in {"null", "nan", "none", "nat", "n/a", "#n/a"}:
        assert read is None
    elif not text.endswith(".0"):
        assert read == text.strip()


@given(st.dates(date(1900, 1, 2), date(2199, 12, 31)), st.sampled_from(["mdy", "dmy", "ymd"]))
def test_dates_come_back(day: date, order: str) -> None:
    last = {"mdy": "%m/%d/%Y", "dmy": "%d.%m.%Y", "ymd": "%Y/%m/%d"}[order]
    for form in ("%Y-%m-%d", "%Y%m%d", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y", last):
        assert parse_date(day.strftime(form), order) == day, form


@given(st.dates(date(1928, 1, 1), date(2173, 1, 1)))
def test_spreadsheet_serials(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    assert parse_date(str(serial), "ymd") == day
    assert parse_date(f"{serial}.5", "mdy") == day


@given(st.text(max_size=12), st.sampled_from(["mdy", "dmy", "ymd"]))
def test_no_text_breaks_the_readers(text: str, order: str) -> None:
    parse_date(text, order)
    parse_number(text)
    numbers(pl.Series([text]))
