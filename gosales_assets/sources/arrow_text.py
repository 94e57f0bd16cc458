"""Arrow columns as text, exactly: what a Parquet file holds, as its writer would read it out."""

from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

# From here on, floats of so many bits do not tell neighbouring whole numbers apart.
_LONG = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}
_CLOCK = "%H:%M:%S%.f"


def is_single_value(kind: pa.DataType) -> bool:
    """Whether the values of a column are single ones that text can stand for."""
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    other = pa.types.is_nested(kind) or pa.types.is_binary_view(kind)
    return not other and not any(is_kind(kind) for is_kind in binary)


def as_text(column: pa.Array, *, decimal_comma: bool = False) -> pl.Series:
    """Text of each value; null where there is none, or NaN.

    Parameters
    ----------
    decimal_comma
        Whether numbers are written with a decimal comma.
    """
    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        return as_text(column.dictionary_decode(), decimal_comma=decimal_comma)
    if isinstance(kind, pa.JsonType):
        return as_text(column.storage)
    if types.is_floating(kind):
        return _with_comma(_floats(_series(column)), decimal_comma)
    if types.is_decimal(kind) and not types.is_decimal256(kind):
        return _with_comma(_series(column).cast(pl.String), decimal_comma)
    if types.is_timestamp(kind):
        wall = column if kind.tz is None else pc.local_timestamp(column)
        return _series(wall).dt.to_string(f"%Y-%m-%d {_CLOCK}")
    if types.is_time(kind):
        return _series(column).dt.to_string(_CLOCK)
    if is_single_value(kind) and not isinstance(kind, pa.BaseExtensionType) and _is_plain(kind):
        return _series(column).cast(pl.String)
    texts = [None if value is None else _one(value) for value in column.to_pylist()]
    return _with_comma(pl.Series(texts, dtype=pl.String), decimal_comma and types.is_decimal(kind))


def long_numbers(column: pa.Array) -> list[int]:
    """Rows of a column of floats whose whole number has lost digits, or is infinite."""
    if not pa.types.is_floating(column.type):
        return []
    limit = _LONG[column.type.bit_width]
    found = _series(column).cast(pl.Float64).abs() >= limit
    return (found & _series(column).is_not_nan()).fill_null(False).arg_true().to_list()


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    plain = (
        *(types.is_string, types.is_large_string, types.is_string_view),
        *(types.is_integer, types.is_boolean, types.is_date, types.is_null),
    )
    return any(is_kind(kind) for is_kind in plain)


def _series(column: pa.Array) -> pl.Series:
    return pl.Series(pl.from_arrow(column))


def _floats(numbers: pl.Series) -> pl.Series:
    texts = numbers.fill_nan(None).cast(pl.String).str.strip_suffix(".0")
    short = texts.filter(texts.str.contains("e", literal=True)).unique().to_list()
    if not short:
        return texts
    long = [format(Decimal(text), "f") for text in short]
    return texts.replace(short, long)


def _with_comma(texts: pl.Series, decimal_comma: bool) -> pl.Series:
    return texts.str.replace(".", ",", literal=True) if decimal_comma else texts


def _one(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
