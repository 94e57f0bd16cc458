"""Parquet: every value comes as its exact text, whatever its type."""

import csv
import tempfile
import uuid
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.settings import SettingsError
from gosales_assets.sources import parquet_files
from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.parsing import parse_number
from gosales_assets.sources.tabular import Chunk

MOMENT = datetime(2024, 1, 31, 23, 45)
_MOMENT = "2024-01-31 23:45:00"
_LONG = f"1{'0' * 50}.00000000"


def written(folder: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), folder / "t.parquet")
    return folder / "t.parquet"


def read(path: Path, *, decimal_comma: bool = False, empty_at: Sequence[int] = ()) -> list[Chunk]:
    file = open_tabular(path, ["key"], path.name, decimal_comma=decimal_comma)
    return list(file.chunks(file.fingerprint(), range(len(file.header)), empty_at))


def texts(path: Path, *, decimal_comma: bool = False) -> list[tuple[str | None, ...]]:
    chunks = read(path, decimal_comma=decimal_comma)
    return pl.concat([chunk.records.drop("line", "raw") for chunk in chunks]).rows()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([2**63 - 1, -(2**63)], pa.int64(), ["9223372036854775807", "-9223372036854775808"]),
        ([9007199254740993, 2**64 - 1], pa.uint64(), ["9007199254740993", "18446744073709551615"]),
        ([12345.0, -0.5], pa.float64(), ["12345", "-0.5"]),
        ([1e-7, 0.1 + 0.2], pa.float64(), ["0.0000001", "0.30000000000000004"]),
        ([float("nan"), None], pa.float64(), [None, None]),
        ([45.3, 1e-5], pa.float32(), ["45.3", "0.00001"]),
        ([1.5, 2.0], pa.float16(), ["1.5", "2"]),
        ([Decimal("1.50"), Decimal("-0.07")], pa.decimal128(18, 2), ["1.50", "-0.07"]),
        ([Decimal("1e-8"), Decimal(7)], pa.decimal128(38, 8), ["0.00000001", "7.00000000"]),
        ([Decimal("1e-8"), Decimal(10**50)], pa.decimal256(60, 8), ["0.00000001", _LONG]),
        ([date(2024, 1, 31), date(1, 1, 1)], pa.date32(), ["2024-01-31", "0001-01-01"]),
        ([date(2024, 1, 31)], pa.date64(), ["2024-01-31"]),
        ([MOMENT, datetime(1, 1, 1)], pa.timestamp("us"), [_MOMENT, "0001-01-01 00:00:00"]),
        ([MOMENT], pa.timestamp("ns", "UTC"), [_MOMENT]),
        ([MOMENT], pa.timestamp("ms", "America/New_York"), ["2024-01-31 18:45:00"]),
        ([MOMENT], pa.timestamp("us", "+05:30"), ["2024-02-01 05:15:00"]),
        ([time(13, 45), time(0, 0, 0, 5)], pa.time64("us"), ["13:45:00", "00:00:00.000005"]),
        ([timedelta(hours=30)], pa.duration("us"), ["1 day, 6:00:00"]),
        ([True, False], pa.bool_(), ["true", "false"]),
        ([" 00123", "3E10"], pa.large_string(), [" 00123", "3E10"]),
        (["é株😀", ""], pa.string_view(), ["é株😀", ""]),
        (["b", "a", "b"], pa.dictionary(pa.int32(), pa.string()), ["b", "a", "b"]),
        ([None, None], pa.null(), [None, None]),
        (['{"a": 1}'], pa.json_(), ['{"a": 1}']),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else "",
)
def test_values_of_every_type(
    tmp_path: Path, values: list[Any], kind: pa.DataType, expected: list[str | None]
) -> None:
    path = written(tmp_path, key=["x"] * len(values), value=pa.array(values, kind))
    assert texts(path) == [("x", text) for text in expected]


def test_guids(tmp_path: Path) -> None:
    guid = uuid.UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    path = written(tmp_path, key=pa.array([guid.bytes], pa.uuid()))
    assert texts(path) == [(str(guid),)]


_CELLS = {
    pl.String: st.text(st.sampled_from("ab ,;\"'é株0-\n\r"), max_size=8),
    pl.Int64: st.integers(-(2**63), 2**63 - 1),
    pl.UInt64: st.integers(0, 2**64 - 1),
    pl.Float64: st.floats(allow_infinity=False, allow_nan=False, min_value=-1e15, max_value=1e15),
    pl.Decimal(38, 6): st.decimals(-(10**30), 10**30, places=6),
    pl.Date: st.dates(),
    pl.Datetime("us"): st.datetimes(),
    pl.Boolean: st.booleans(),
}


@st.composite
def _tables(draw: st.DrawFn) -> pl.DataFrame:
    kinds = draw(st.lists(st.sampled_from(list(_CELLS)), min_size=1, max_size=5))
    rows = draw(st.integers(0, 12))
    columns: dict[str, pl.Series] = {"key": pl.Series(["x"] * rows, dtype=pl.String)}
    for at, kind in enumerate(kinds):
        cells = st.lists(st.none() | _CELLS[kind], min_size=rows, max_size=rows)
        columns[f"c{at}"] = pl.Series(draw(cells), dtype=kind)
    return pl.DataFrame(columns)


def _same(text: str | None, value: Any) -> bool:
    """Whether a text says the value, no more and no less."""
    if value is None:
        return text is None
    if isinstance(value, bool):
        return text == str(value).lower()
    assert text is not None
    if isinstance(value, float):
        return "e" not in text and float(text) == value
    if isinstance(value, datetime):
        return datetime.fromisoformat(text) == value
    return text == (format(value, "f") if isinstance(value, Decimal) else str(value))


@settings(max_examples=100, deadline=None)
@given(_tables(), st.sampled_from([1, 3, 1 << 17]), st.sampled_from([1, 4, 100]))
def test_written_tables_come_back(table: pl.DataFrame, batch: int, group: int) -> None:
    with tempfile.TemporaryDirectory() as folder, patch.object(parquet_files, "ROWS", batch):
        path = Path(folder) / "t.parquet"
        table.write_parquet(path, row_group_size=group)
        chunks = read(path)
    records = [row for chunk in chunks for row in chunk.records.rows()]
    assert [row[0] for row in records] == list(range(1, table.height + 1))
    for record, values in zip(records, table.rows(), strict=True):
        assert all(map(_same, record[2:], values))
        (shown,) = csv.reader([record[1].replace("\n", "\t").replace("\r", "\t")])
        cells = [(cell or "").replace("\n", "\t").replace("\r", "\t") for cell in record[2:]]
        assert shown == cells
    assert sum(chunk.broken.height + chunk.skipped for chunk in chunks) == 0


@pytest.mark.parametrize("decimal_comma", [False, True])
def test_numbers_read_by_the_rule_for_text_files(tmp_path: Path, decimal_comma: bool) -> None:
    path = written(
        tmp_path,
        key=["x", "x"],
        float=[1.234, 1e-7],
        decimal=pa.array([Decimal("1.234"), Decimal("-0.500")]),
    )
    read_back = [
        [parse_number(cell or "", decimal_comma=decimal_comma) for cell in row[1:]]
        for row in texts(path, decimal_comma=decimal_comma)
    ]
    assert read_back == [
        [Decimal("1.234"), Decimal("1.234")],
        [Decimal("0.0000001"), Decimal("-0.5")],
    ]


def test_whole_numbers_that_floats_cannot_keep_are_set_aside(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        key=[9007199254740991.0, 9007199254740992.0, 1.0, float("nan")],
        small=pa.array([1.5, 2.5, 16777216.0, 0.5], pa.float32()),
    )
    (chunk,) = read(path)
    assert chunk.records["0"].to_list() == ["9007199254740991", None]
    reason = "number longer than its column can keep"
    assert chunk.broken.drop("raw").rows() == [
        (2, reason, "key: 9007199254740992"),
        (3, reason, "small: 16777216"),
    ]


def test_blank_rows_headers_and_totals_are_no_data(tmp_path: Path) -> None:
    key = ["key", "Total a", None, "b", "key", "Subtotal", " ", "Grand total"]
    day = ["day", None, "", "2024-01-31", "day", "", None, None]
    path = written(tmp_path, key=key, day=day)
    for batch in (1, 2, 100):
        with patch.object(parquet_files, "ROWS", batch):
            chunks = read(path, empty_at=[1])
        assert [row[:3] for chunk in chunks for row in chunk.records.rows()] == [
            (2, "Total a,", "Total a"),
            (4, "b,2024-01-31", "b"),
        ]
        assert sum(chunk.skipped for chunk in chunks) == 6


def test_raw_holds_columns_that_nobody_asked_for(tmp_path: Path) -> None:
    path = written(
        tmp_path, key=["a", None], bytes=[b"\x00\xff", None], list=[[1, 2], []], x=["1,5", 'a"b']
    )
    file = open_tabular(path, ["key"], "t.parquet")
    (chunk,) = file.chunks(file.fingerprint(), [0])
    assert chunk.records.rows() == [(1, 'a,00ff,"[1, 2]","1,5"', "a"), (2, ',,[],"a""b"', None)]


def test_what_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    path = written(tmp_path, key=["a"])
    whole = path.read_bytes()
    for content, words in [
        (whole[:-20], "the Parquet file is damaged"),
        (whole[:9], "the Parquet file is damaged"),
        (b"PARE" + whole[4:], "an encrypted Parquet file"),
        (b"ARROW1" + whole, "an Arrow file; save it as Parquet"),
    ]:
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=r"t\.parquet: ") as caught:
            read(path)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    for columns, words in [
        ({"key": pa.array([b"a"])}, "column 'key' holds binary, not single values"),
        ({"key": pa.array([[1]])}, "column 'key' holds list"),
        ({"key": ["a"], " key": ["b"]}, "duplicate columns: 'key'"),
        ({}, "has no columns"),
    ]:
        with pytest.raises(SettingsError, match=r"t\.parquet: ") as caught:
            read(written(tmp_path, **columns))
        assert words in str(caught.value)


def test_damaged_pages_are_told_while_they_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, key=[f"{at * 7919 % 1000}" for at in range(1000)])
    whole = bytearray(path.read_bytes())
    whole[8:60] = bytes(52)
    path.write_bytes(whole)
    with pytest.raises(SettingsError, match=r"t\.parquet: the Parquet file is damaged"):
        read(path)


def test_names_of_columns_are_stripped(tmp_path: Path) -> None:
    path = written(tmp_path, **{" key ": ["a"], "": ["b"]})
    assert open_tabular(path, ["key"], "t.parquet").header == ("key", "")
