"""Random tables through random dialects: they come back exactly, or are refused with a reason.

The slow variants (``-m slow``) do the same with many more examples.
"""

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gosales_assets.settings import Settings, SettingsError
from gosales_assets_tests.sources.loading import LoadedLog, load_log

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=3000)
TODAY = date(2025, 6, 30)
DIVISIONS = ["Tools", "Bath & Co", "Möbel"]
SKUS = {"Core": "Tools", "Plan GP": "Bath & Co", "_3DP": "Tools"}
SKU_MAP = "gp_column,qty_column,sku,division\n" + "".join(
    f"{sku},{sku}_Qty,{sku},{division}\n" for sku, division in SKUS.items()
)
# Letters of Western Europe whose bytes in cp1252 can never pass for UTF-8, and some beyond.
WESTERN, BEYOND = "éüñß", "株Жł"
NO_ID = {"null", "nan", "none", "nat", "n/a", "#n/a"}


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    encoding: str
    mark: bytes
    line_end: str
    delimiter: str
    quoting: str
    inner_breaks: str
    titles: list[str]
    final_line_end: bool
    compressed: bool
    block_size: int

    def cell(self, text: str) -> str:
        """Quote a cell as this dialect does; loosely: only where nothing else helps."""
        breaks = self.delimiter in text or "\n" in text or "\r" in text
        needed = (
            breaks or text.startswith('"') if self.quoting == "loose" else breaks or '"' in text
        )
        if needed or self.quoting == "all":
            text = '"' + text.replace('"', '""') + '"'
        return text.replace("\n", self.inner_breaks)

    def record(self, cells: list[str]) -> str:
        return self.delimiter.join(map(self.cell, cells))

    def bytes_of(self, records: list[str]) -> bytes:
        text = self.line_end.join([*self.titles, *records])
        text += self.line_end if self.final_line_end else ""
        data = self.mark + text.encode(self.encoding)
        return gzip.compress(data, mtime=0) if self.compressed else data


@dataclass(frozen=True)
class Locale:
    """How numbers and dates are written, and what the settings say of it."""

    decimal_comma: bool
    group: str
    negative: str
    currency: str
    date_format: str
    date_order: str

    def number(self, value: Decimal | None) -> str:
        if value is None:
            return ""
        shown = f"{abs(value):,f}".replace(",", "g").replace(
            ".", "," if self.decimal_comma else "."
        )
        shown = self.currency.format(shown.replace("g", self.group))
        return self.negative.format(shown) if value < 0 else shown

    def day(self, day: date) -> str:
        if self.date_format == "serial":
            return f"{(day - date(1899, 12, 30)).days}.25"
        return day.strftime(self.date_format)


# Encoding, and the mark that is written before the text where Python writes none.
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16": b"",
    "utf-16-le": b"",
    "utf-16-be": b"",
    "UTF-16-BE": b"\xfe\xff",
    "cp1252": b"",
    "latin-1": b"",
}


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    title = st.sampled_from(["Sales report", "May and June", "Zürich", " ", "Total 2024 (USD)"])
    return Dialect(
        encoding=encoding,
        mark=ENCODINGS[encoding],
        line_end=line_end,
        delimiter=draw(st.sampled_from(",;\t|")),
        quoting=draw(st.sampled_from(["minimal", "all", "loose"])),
        inner_breaks=draw(st.sampled_from(["\n", line_end])),
        titles=draw(st.lists(title, max_size=2)),
        final_line_end=draw(st.booleans()),
        compressed=draw(st.booleans()),
        block_size=draw(st.sampled_from([13, 97, 1 << 20])),
    )


@st.composite
def locales(draw: st.DrawFn, *, wide_letters: bool) -> Locale:
    comma = draw(st.booleans())
    groups = ["", "." if comma else ",", "'", "\u00a0", " "]
    formats = {
        "ymd": ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%SZ", "%d-%b-%Y", "serial"],
        "mdy": ["%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y 08:15", "%B %d, %Y"],
        "dmy": ["%d/%m/%Y", "%d.%m.%y", "%d.%m.%Y 23:59:59", "%d %b %Y"],
    }
    order = draw(st.sampled_from(sorted(formats)))
    minus = "\u2212{}" if wide_letters else "- {}"
    return Locale(
        decimal_comma=comma,
        group=draw(st.sampled_from(groups)),
        negative=draw(st.sampled_from(["-{}", "({})", "{}-", minus])),
        currency=draw(st.sampled_from(["{}", "${}", "{} EUR", "USD {}"])),
        date_format=draw(st.sampled_from(formats[order])),
        date_order=draw(st.sampled_from(["auto", order])),
    )


def texts(dialect: Dialect) -> st.SearchStrategy[str]:
    letters = "aB0.-_/' ,;|\t\n\"" + WESTERN
    if dialect.encoding.lower().startswith("utf"):
        letters += BEYOND
    return st.text(st.sampled_from(letters), max_size=7)


def ids(dialect: Dialect) -> st.SearchStrategy[str]:
    given_ids = ["9007199254740993", "00123", "3E10", "6F96-19FF", "Total Tools", "1,5", '5" pipe']
    return st.one_of(st.sampled_from(given_ids), texts(dialect)).filter(
        lambda text: text.strip() and text.strip().casefold() not in NO_ID
    )


MONEY = st.decimals(-9_999_999, 9_999_999, places=2)
UNITS = st.decimals(-9_999, 9_999, places=3)
DAYS = st.dates(date(2000, 1, 1), TODAY)


def no_dot_zero(text: str) -> str:
    digits = text.removesuffix(".0")
    return digits if digits.isdigit() else text


@dataclass(frozen=True)
class Written:
    """A file, the settings that it needs, and the order lines that must come back."""

    content: bytes
    settings: dict[str, Any]
    locale: Locale
    dialect: Dialect
    days: list[date]
    lines: list[tuple[Any, ...]]
    skipped: int

    def settings_in(self, folder: str) -> Settings:
        Path(folder, "log.csv").write_bytes(self.content)
        Path(folder, "map.csv").write_text(SKU_MAP, encoding="utf-8")
        log = {"files": ["log.csv"], "decimal_comma": self.locale.decimal_comma}
        log |= {"date_order": self.locale.date_order}
        return Settings(
            base=folder,
            today=TODAY,
            sales_log=log | self.settings,
            sku_map="map.csv" if self.settings["layout"] == "wide" else None,
        )

    def may_be_refused(self) -> bool:
        """Whether the dates cannot be told apart, or the encoding cannot be told from garbage."""
        if self.dialect.encoding.startswith("utf-16-"):
            return True  # without a mark it is known by its zero bytes, that is by plain letters
        if self.locale.date_order != "auto":
            return False
        short = "%y" in self.locale.date_format
        return short or all(day.day <= 12 for day in self.days)


@st.composite
def written(draw: st.DrawFn, layout: str) -> Written:
    """Write a table: columns in any order, extra ones, the header again, blank lines, a total."""
    dialect = draw(dialects())
    locale = draw(locales(wide_letters=dialect.encoding.lower().startswith("utf")))
    rows = draw(st.lists(ROWS[layout](dialect), min_size=1, max_size=8))
    columns = draw(st.permutations([*HEADERS[layout], "Note"]))
    notes = draw(st.lists(texts(dialect), min_size=len(rows), max_size=len(rows)))
    header = dialect.record(columns)
    records, lines, seen = [header], [], set()
    line, skipped = len(dialect.titles) + 2, sum(bool(title.strip()) for title in dialect.titles)
    for row, note in zip(rows, notes, strict=True):
        extra = draw(st.sampled_from([None, None, None, header, "", dialect.delimiter * 3]))
        if extra is not None:
            records.append(extra)
            line, skipped = line + 1, skipped + 1
        cells = CELLS[layout](row, locale) | {"Note": note}
        record = dialect.record([cells[column] for column in columns])
        records.append(record)
        if record not in seen:
            lines += [(line, *rest) for rest in LINES[layout](row)]
        seen.add(record)
        line += 1 + sum(cell.count("\n") for cell in cells.values())
    if columns[0] != "Rec Date" and draw(st.booleans()):
        records.append("Total" + dialect.delimiter * (len(columns) - 1))
        skipped += 1
    log = {"layout": layout, "columns": dict(zip(OURS[layout], HEADERS[layout], strict=False))}
    days = [row["day"] for row in rows]
    return Written(dialect.bytes_of(records), log, locale, dialect, days, lines, skipped)


def long_rows(dialect: Dialect) -> st.SearchStrategy[dict[str, Any]]:
    some_id = ids(dialect)
    return st.fixed_dictionaries(
        {"customer": some_id, "order": some_id, "sku": some_id, "day": DAYS}
        | {"division": st.sampled_from(["Tools", "Bath & Co", "Möbel"])}
        | {"quantity": st.none() | UNITS, "revenue": MONEY}
    )


def long_cells(row: dict[str, Any], locale: Locale) -> dict[str, str]:
    texts = [row["customer"], row["order"], locale.day(row["day"]), row["sku"], row["division"]]
    numbers = [locale.number(row["quantity"]), locale.number(row["revenue"])]
    return dict(zip(HEADERS["long"], [*texts, *numbers], strict=True))


def long_lines(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    customer, order, sku = (no_dot_zero(row[key].strip()) for key in ("customer", "order", "sku"))
    money = (row["quantity"], row["revenue"], None)
    return [(customer, order, row["day"], sku, row["division"], *money)]


def wide_rows(dialect: Dialect) -> st.SearchStrategy[dict[str, Any]]:
    pair = st.tuples(st.none() | MONEY, st.none() | UNITS)
    return st.fixed_dictionaries(
        {"customer": ids(dialect), "order": ids(dialect), "day": DAYS}
        | {"pairs": st.tuples(*[pair] * len(SKUS)).filter(lambda pairs: any(map(any, pairs)))}
    )


def wide_cells(row: dict[str, Any], locale: Locale) -> dict[str, str]:
    numbers = [locale.number(number) for pair in row["pairs"] for number in pair]
    texts = [row["customer"], row["order"], locale.day(row["day"])]
    return dict(zip(HEADERS["wide"], [*texts, *numbers], strict=True))


def wide_lines(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    customer, order = (no_dot_zero(row[key].strip()) for key in ("customer", "order"))
    return [
        (customer, order, row["day"], sku, division, quantity, None, profit)
        for (sku, division), (profit, quantity) in zip(SKUS.items(), row["pairs"], strict=True)
        if profit or quantity
    ]


OURS = {
    "long": ["customer_id", "order_id", "order_date", "sku", "division", "quantity", "revenue"],
    "wide": ["customer_id", "invoice_id", "order_date"],
}
HEADERS = {
    "long": ["Cust No", "Order", "Rec Date", "Code", "Group, or so", "Qty", "Amount (net)"],
    "wide": [
        *("CustomerId", "InvoiceId", "Rec Date"),
        *(column for sku in SKUS for column in (sku, f"{sku}_Qty")),
    ],
}
ROWS: dict[str, Callable[[Dialect], st.SearchStrategy[dict[str, Any]]]] = {
    "long": long_rows,
    "wide": wide_rows,
}
CELLS = {"long": long_cells, "wide": wide_cells}
LINES = {"long": long_lines, "wide": wide_lines}
COMPARED = [
    *("source_line", "customer_id", "order_id", "order_date", "sku", "division"),
    *("quantity", "revenue", "gross_profit"),
]


def outcome(case: Written) -> LoadedLog | str:
    """What a file loads, all rows and sums accounted for, or the line with which it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            loaded = load_log(case.settings_in(folder), case.dialect.block_size)
        except SettingsError as refusal:
            return str(refusal)
    assert loaded.problems() == []
    assert loaded.quarantine["reason"].null_count() == 0
    return loaded


def assert_comes_back(case: Written) -> None:
    loaded = outcome(case)
    if isinstance(loaded, str):
        assert case.may_be_refused(), loaded
        assert "\n" not in loaded
        return
    assert loaded.quarantine.rows() == []
    assert sorted(loaded.lines.select(COMPARED).rows(), key=str) == sorted(case.lines, key=str)
    assert loaded.log["rows_skipped"].item() == case.skipped


def assert_survives(case: Written, damage: list[tuple[int, int, bytes]]) -> None:
    """Whatever happens to the bytes of its rows, a file is accounted for or refused in words."""
    content = gzip.decompress(case.content) if case.dialect.compressed else case.content
    if case.dialect.encoding.lower().startswith("utf-16"):
        content = content.decode("utf-16" if case.dialect.mark else case.dialect.encoding).encode()
    for back, length, put in damage:
        at = len(content) - back % (len(content) // 2 + 1)  # in its second half: not the header
        content = content[:at] + put + content[at + length :]
    loaded = outcome(replace(case, content=content))
    assert not isinstance(loaded, str) or loaded


DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 2000),
        st.integers(0, 20),
        st.one_of(
            st.sampled_from(
                [b'"', b"\n", b"\r", b",", b";", b"\x00", b'""', b"\xff", b"\xe9", b"1e9"]
            ),
            st.binary(max_size=4),
        ),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("layout", ["long", "wide"])
@FEW
@given(data=st.data())
def test_tables_come_back(layout: str, data: st.DataObject) -> None:
    assert_comes_back(data.draw(written(layout)))


@pytest.mark.parametrize("layout", ["long", "wide"])
@FEW
@given(data=st.data())
def test_damaged_files_are_accounted_for(layout: str, data: st.DataObject) -> None:
    assert_survives(data.draw(written(layout)), data.draw(DAMAGE))


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["long", "wide"])
@MANY
@given(data=st.data())
def test_many_tables_come_back(layout: str, data: st.DataObject) -> None:
    assert_comes_back(data.draw(written(layout)))


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["long", "wide"])
@MANY
@given(data=st.data())
def test_many_damaged_files_are_accounted_for(layout: str, data: st.DataObject) -> None:
    assert_survives(data.draw(written(layout)), data.draw(DAMAGE))
