"""Reading rules: real files in, order lines, quarantine reasons or one clear error out."""

import gzip
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.outline import check_sources
from gosales_assets_tests.sources.loading import LoadedLog, load_log

HEADER = "customer_id,order_id,order_date,sku,division,quantity,revenue"
ROW = "C1,O1,2024-01-31,A,Tools,2,10.00"
ROW2 = "C2,O2,2024-02-13,B,Toys,1,5.50"


def load(tmp_path: Path, content: bytes | str, block_size: int = 1 << 25, **log: Any) -> LoadedLog:
    path = tmp_path / "log.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    settings = Settings(base=tmp_path, sales_log={"files": ["log.csv"], **log}, today="2025-06-30")
    loaded = load_log(settings, block_size)
    assert loaded.problems() == []
    return loaded


def csv(*rows: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join([header, *rows]) + end


class Shape(NamedTuple):
    """A file, and which customers it loads, quarantines (reason at line), and what it skips."""

    name: str
    content: bytes | str
    customers: list[str]
    quarantine: list[tuple[int, str]] = []  # noqa: RUF012 - a tuple's default is never changed
    duplicates: int = 0
    skipped: int = 0
    settings: dict[str, Any] = {}  # noqa: RUF012


COUNT = "wrong number of fields"
SHAPES = [
    Shape("plain", csv(ROW, ROW2), ["C1", "C2"]),
    Shape("no newline at the end", csv(ROW, ROW2).rstrip(), ["C1", "C2"]),
    Shape("utf-8 with BOM", b"\xef\xbb\xbf" + csv(ROW).encode(), ["C1"]),
    Shape("utf-16 with BOM", csv(ROW, ROW2).encode("utf-16"), ["C1", "C2"]),
    Shape("utf-16 without BOM", csv(ROW, ROW2).encode("utf-16-le"), ["C1", "C2"]),
    Shape("cp1252", csv(ROW.replace("C1", "Zoë€")).encode("cp1252"), ["Zoë€"]),
    Shape("utf-8 beyond ascii", csv(ROW.replace("C1", "株式会社")), ["株式会社"]),
    Shape("gzip", gzip.compress(csv(ROW).encode(), mtime=0), ["C1"]),
    Shape("CRLF", csv(ROW, ROW2, end="\r\n"), ["C1", "C2"]),
    Shape("CR only", csv(ROW, ROW2, end="\r"), ["C1", "C2"]),
    Shape("semicolons", csv(ROW, ROW2).replace(",", ";"), ["C1", "C2"]),
    Shape("tabs", csv(ROW, ROW2).replace(",", "\t"), ["C1", "C2"]),
    Shape("pipes", csv(ROW, ROW2).replace(",", "|"), ["C1", "C2"]),
    Shape(
        "all quoted", '"' + csv(ROW).strip().replace(",", '","').replace("\n", '"\n"') + '"', ["C1"]
    ),
    Shape("quoted delimiter", csv(ROW.replace("C1", '"C,1"')), ["C,1"]),
    Shape("doubled quotes", csv(ROW.replace("C1", '"C""1"')), ['C"1']),
    Shape("stray quote inside", csv(ROW.replace("C1", '5" pipe'), ROW2), ['5" pipe', "C2"]),
    Shape("quoted line break", csv(ROW.replace("C1", '"C\n1"'), ROW2), ["C\n1", "C2"]),
    Shape(
        "quoted blank lines, a header and a total inside a field",
        csv(ROW.replace("C1", f'"C\n\n{HEADER}\nTotal\n1"'), ROW2),
        [f"C\n\n{HEADER}\nTotal\n1", "C2"],
    ),
    Shape("titles above", f"Sales report\nMay, June\n\n{csv(ROW)}", ["C1"], skipped=2),
    Shape("header again", csv(ROW, HEADER, ROW2), ["C1", "C2"], skipped=1),
    Shape("blank lines", csv(ROW, "", " , ,,,,,", ROW2, ""), ["C1", "C2"], skipped=3),
    Shape("total row", csv(ROW, "Total,,,,,2,10.00"), ["C1"], skipped=1),
    Shape("short total row", csv(ROW, ROW2, "Grand total:,15.50"), ["C1", "C2"], skipped=1),
    Shape("two total rows", csv(ROW, "Subtotal,,,,,2,10", "TOTAL,,,,,2,10"), ["C1"], skipped=2),
    Shape("a customer called Total", csv(ROW.replace("C1", "Total Wine")), ["Total Wine"]),
    Shape("a total that is not last", csv("Total,,,,,2,10", ROW), ["C1"], [(2, "no date")]),
    Shape("short row", csv("C9,O9", ROW), ["C1"], [(2, COUNT)]),
    Shape("long row", csv(ROW + ",extra", ROW2), ["C2"], [(2, COUNT)]),
    Shape(
        "text after a quote",
        csv('"C"9,O,2024-01-31,A,T,1,1', ROW),
        ["C1"],
        [(2, "quotes do not match")],
    ),
    Shape(
        "a quote that swallows rows",
        csv(ROW.replace("C1", '"C9'), ROW2, ROW.replace("C1", 'C"3')),
        ["C2", 'C"3'],
        [(2, "quotes do not match")],
    ),
    Shape("repeats", csv(ROW, ROW, ROW), ["C1"], duplicates=2),
    Shape("same day, not the same", csv(ROW, ROW.replace("10.00", "10.01")), ["C1", "C1"]),
    Shape(
        "repeats of no use",
        csv("," + ROW[3:], "," + ROW[3:]),
        [],
        [(2, "no customer"), (3, "no customer")],
    ),
    Shape(
        "line ids",
        "line_id," + csv(f"1,{ROW}", f"2,{ROW}", f"1,{ROW2}", f"1,{ROW}"),
        ["C1", "C1"],
        [(4, "line id used before")],
        duplicates=1,
    ),
    Shape("no customer", csv(ROW.replace("C1", " "), ROW2), ["C2"], [(2, "no customer")]),
    Shape("customer NaN", csv(ROW.replace("C1", "NaN"), ROW2), ["C2"], [(2, "no customer")]),
    Shape("no date", csv(ROW.replace("2024-01-31", ""), ROW2), ["C2"], [(2, "no date")]),
    Shape(
        "1900-01-01", csv(ROW.replace("2024-01-31", "1900-01-01"), ROW2), ["C2"], [(2, "no date")]
    ),
    Shape(
        "0000-00-00", csv(ROW.replace("2024-01-31", "0000-00-00"), ROW2), ["C2"], [(2, "no date")]
    ),
    Shape(
        "no such day", csv(ROW.replace("01-31", "02-30"), ROW2), ["C2"], [(2, "date not readable")]
    ),
    Shape(
        "future",
        csv(ROW.replace("2024", "2025-07-01")[:0] + ROW.replace("2024-01-31", "2025-07-01"), ROW2),
        ["C2"],
        [(2, "date in the future")],
    ),
    Shape("today", csv(ROW.replace("2024-01-31", "2025-06-30")), ["C1"]),
    Shape("no product", csv(ROW.replace(",A,", ",,")), [], [(2, "no product")]),
    Shape("no division", csv(ROW.replace("Tools", ""), ROW2), ["C2"], [(2, "no division")]),
    Shape(
        "bad money",
        csv(ROW.replace("10.00", "1,23x").replace("1,23x", '"1,23"')),
        [],
        [(2, "number not readable")],
    ),
    Shape("#REF!", csv(ROW.replace("10.00", "#REF!")), [], [(2, "number not readable")]),
    Shape("bad quantity", csv(ROW.replace(",2,", ",two,")), [], [(2, "number not readable")]),
    Shape("no money", csv(ROW.replace("10.00", "")), [], [(2, "no amount")]),
    Shape("no quantity", csv(ROW.replace(",2,", ",,")), ["C1"]),
    Shape("header only", HEADER + "\n", []),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@pytest.mark.parametrize("block_size", [1 << 25, 16], ids=["one block", "tiny blocks"])
def test_file_shapes(tmp_path: Path, shape: Shape, block_size: int) -> None:
    loaded = load(tmp_path, shape.content, block_size, **shape.settings)
    log = loaded.log.row(0, named=True)
    assert loaded.lines["customer_id"].to_list() == shape.customers
    assert loaded.quarantine.select("source_line", "reason").rows() == shape.quarantine
    assert log["rows_duplicate"] == shape.duplicates
    assert log["rows_skipped"] == shape.skipped


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("9007199254740993", "9007199254740993"),
        ("00123", "00123"),
        ("3E10", "3E10"),
        ("123.0", "123"),
        ("123.00", "123.00"),
        ("1.10", "1.10"),
        ("{9F0E-4C}", "{9F0E-4C}"),
        ("\u00a0 7 ", "7"),
        ("TRUE", "TRUE"),
        ("2024-01-01", "2024-01-01"),
    ],
)
def test_ids_are_kept_to_the_letter(tmp_path: Path, cell: str, kept: str) -> None:
    lines = load(tmp_path, csv(f"{cell},{cell},2024-01-31,{cell},Tools,1,1")).lines
    assert lines.select("customer_id", "order_id", "sku").row(0) == (kept, kept, kept)


@pytest.mark.parametrize(
    ("dates", "order", "days"),
    [
        (["12/01/2010 08:26", "12/31/2010 17:00"], "mdy", ["2010-12-01", "2010-12-31"]),
        (["01.02.2024", "31.01.2024"], "dmy", ["2024-02-01", "2024-01-31"]),
        (["2024-01-31T00:00:00Z", "20240229"], "ymd", ["2024-01-31", "2024-02-29"]),
        (["45321", "45322.75"], "ymd", ["2024-01-30", "2024-01-31"]),
        (["31-Jan-2024", "February 3, 2024"], "ymd", ["2024-01-31", "2024-02-03"]),
        (["01/01/2024", "02/02/2024"], "mdy", ["2024-01-01", "2024-02-02"]),
        (["13/1/24", "2/1/24"], "dmy", ["2024-01-13", "2024-01-02"]),
    ],
)
def test_one_date_order_per_file(
    tmp_path: Path, dates: list[str], order: str, days: list[str]
) -> None:
    rows = [f'C,O,"{day}",S{at},Tools,1,1' for at, day in enumerate(dates)]
    loaded = load(tmp_path, csv(*rows))
    assert loaded.log["date_order"].item() == order
    assert loaded.lines["order_date"].cast(pl.String).to_list() == days


def test_the_order_is_decided_from_the_last_row_too(tmp_path: Path) -> None:
    rows = [f"C,O,01/02/2024,S{at},Tools,1,1" for at in range(500)]
    loaded = load(tmp_path, csv(*rows, "C,O,31/12/2024,Z,Tools,1,1"), block_size=256)
    assert set(loaded.lines["order_date"].dt.month()) == {2, 12}


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        (csv(ROW).replace("2024-01-31", "01/02/2024"), {}, ["log.csv", "order_date", "date_order"]),
        (csv("C,O,13/01/2024,A,T,1,1", "C,O,01/13/2024,A,T,1,1"), {}, ["month first", "day first"]),
        (csv(ROW).replace("2024-01-31", "soon"), {}, ["log.csv", "order_date", "'soon'"]),
        (csv(ROW, '"C9,O9', ROW2), {}, ["log.csv", "line 3", "never closed"]),
        (csv(ROW, header=HEADER.replace("sku", "order_id")), {}, ["duplicate", "'order_id'"]),
        (csv(ROW, header=HEADER.replace("sku", "SKU")), {}, ["'sku'", "did you mean 'SKU'"]),
        (csv(ROW, header=HEADER.replace("revenue", "money")), {}, ["'revenue'", "unit_price"]),
        (csv(ROW, header=HEADER.replace("division", "x")), {}, ["'division'", "keyword_rules"]),
        (csv(ROW), {"columns": {"rep": "Repp"}}, ["'Repp'", "sales_log.columns.rep", "quantity"]),
        (csv(ROW), {"columns": {"costumer_id": "x"}}, ["'costumer_id'", "'customer_id'"]),
        (csv(ROW), {"keyword_rules": [("x", "Y")]}, ["'product_name'", "keyword_rules"]),
        ("", {}, ["log.csv", "empty"]),
        (b"PK\x03\x04\x14", {}, ["log.csv", "workbook", "damaged"]),
        (b"PAR1\x15\x04", {}, ["log.csv", "Parquet", "damaged"]),
        (gzip.compress(b"PAR1\x15\x04", mtime=0), {}, ["log.csv", "Parquet", "gzip", "unpack"]),
        (b"<HTML><table>", {}, ["log.csv", "web page", "XLSX"]),
        (b"SQLite format 3\0", {}, ["log.csv", "SQLite database"]),
        (gzip.compress(csv(ROW).encode(), mtime=0)[:-9], {}, ["log.csv", "gzip"]),
    ],
)
def test_one_clear_line_before_any_run(
    tmp_path: Path, content: bytes | str, settings: dict[str, Any], words: list[str]
) -> None:
    (tmp_path / "log.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as caught:
        check_sources(Settings(base=tmp_path, sales_log={"files": ["log.csv"], **settings}))
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_the_same_content_loads_once(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text(csv(ROW))
    (tmp_path / "c.csv").write_text(csv(ROW2))
    settings = Settings(base=tmp_path, sales_log={"files": ["*.csv"]})
    loaded = load_log(settings)
    assert loaded.lines["source_file"].to_list() == ["a.csv", "c.csv"]
    assert loaded.log["status"].to_list() == ["loaded", "same content as an earlier file", "loaded"]
    assert loaded.log["notes"][1] == "same content as a.csv"


def test_the_raw_text_of_quarantine_is_the_record_as_it_stands(tmp_path: Path) -> None:
    record = ',O1, 2024-01-31,"A\nB",Tools,"2",10.00'
    quarantine = load(tmp_path, csv(ROW, record)).quarantine
    told = quarantine.select("source_line", "reason", "detail", "raw_text").row(0)
    assert told == (3, "no customer", None, record)


def test_extra_columns_are_kept_out_with_a_note(tmp_path: Path) -> None:
    loaded = load(tmp_path, csv(ROW + ",x,y", header=HEADER + ",Country,"))
    assert loaded.log["notes"].item() == "columns kept out: Country"
