"""Cells of a database as text, exactly: what the readers of the sales log then read as text.

null stays null; decimals, big integers and UUIDs are given to the letter, days and times as ISO,
floats in the shortest form that reads back equal, booleans as true and false, bytes as 0x.... One
rule serves for all files of a log: where they write 1234,5, numbers are written so here, too.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from gosales_assets.database_address import DatabaseProblem

_KINDS: dict[str, tuple[type, Callable[[str], Any]]] = {
    "integer": (int, int),
    "decimal": (Decimal, Decimal),
    "float": (float, float),
    "moment": (datetime, datetime.fromisoformat),
    "day": (date, date.fromisoformat),
    "bytes": (bytes, lambda text: bytes.fromhex(text.removeprefix("0x"))),
    "text": (str, str),
}


def texts(
    values: Sequence[Any], *, decimal_comma: bool = False, numbers: bool = False
) -> list[str | None]:
    """Give a column of values as the driver read them as text.

    Parameters
    ----------
    decimal_comma
        Whether numbers are written 1234,5.
    numbers
        Whether the column holds numbers even where the driver gives them as text.
    """
    if decimal_comma:
        return [None if value is None else _with_comma(value, numbers) for value in values]
    return [value if value is None or type(value) is str else text_of(value) for value in values]


def text_of(value: Any) -> str:
    r"""Give one value as text.

    Examples
    --------
    >>> [text_of(value) for value in (9007199254740993, Decimal("1E+2"), 0.1, 7.0, True, b"\x01")]
    ['9007199254740993', '100', '0.1', '7', 'true', '0x01']
    """
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case float():
            return format(Decimal(repr(value)), "f").removesuffix(".0")
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return f"0x{bytes(value).hex()}"
        case _:
            return str(value)


def _with_comma(value: Any, numbers: bool) -> str:
    number = numbers if type(value) is str else isinstance(value, (float, Decimal))
    return text_of(value).replace(".", ",") if number else text_of(value)


def bound(value: Any) -> tuple[str, str] | None:
    """Give a watermark as its kind and text, so that it can be kept in a file.

    Raises
    ------
    DatabaseProblem
        When it is of a type that does not serve as one.
    """
    if value is None:
        return None
    for kind, (python, _) in _KINDS.items():
        if isinstance(value, python) and not isinstance(value, bool):
            return kind, text_of(value)
    raise DatabaseProblem(f"a watermark of type {type(value).__name__} cannot be gone by")


def unbound(kept: tuple[str, str]) -> Any:
    """Give a kept watermark back as the value that the driver gave."""
    kind, text = kept
    return _KINDS[kind][1](text)


def exactly(connection: Connection) -> None:
    """Let PostgreSQL write its values itself: it is exact, and knows days that Python does not.

    An order dated ``infinity`` then reaches quarantine, where reading it as a Python date would
    fail the whole table. To be called after reflection, which needs values.
    """
    if connection.dialect.driver != "psycopg":
        return
    from psycopg.postgres import types
    from psycopg.types.string import TextLoader

    connection.exec_driver_sql("SET DateStyle = ISO, MDY")
    connection.exec_driver_sql("SET extra_float_digits = 1")
    adapters = connection.connection.driver_connection.adapters  # type: ignore[union-attr]
    for known in types:
        for oid in (known.oid, known.array_oid):
            if oid and known.name != "bool":
                adapters.register_loader(oid, TextLoader)
