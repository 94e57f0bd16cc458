"""Cells: text, ids and numbers out of the many ways in which people and programs write them.

A cell is never guessed at: what cannot be read for sure is null here and quarantined by those who
call. Missing is not unreadable: `is_missing_number` tells them apart.
"""

import re
import string
from decimal import Decimal

import polars as pl

SPACES = (
    string.whitespace
    + "\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000"
    + "".join(chr(code) for code in range(0x2000, 0x200B))
)
NUMBER = pl.Decimal(38, 8)
_LARGEST = Decimal(10) ** 12
_PLACES = Decimal("1e-8")
_ERROR = r"#(?:n/a|ref!|value!|div/0!|name\?|num!|null!)"  # what a formula left where an id was
_MISSING_ID = rf"(?i)^\s*(?:null|nan|none|nat|n/a|{_ERROR})?\s*$"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"
_MISSING_NUMBER = rf"(?i)^\s*(?:(?:[$€£¥]\s*)?[{_DASHES}]|null|nan|none)?\s*$"
_MINUS = str.maketrans(dict.fromkeys(_DASHES, "-"))
_CURRENCY = r"(?:[A-Z]{1,3}\s?[$]|[$€£¥₹₽₩]|[A-Z]{3}|kr\.?|zł)"


def _pattern(group: str, point: str) -> re.Pattern[str]:
    """Pattern of a number: at most one sign and one currency, on either side of the digits."""
    grouped = rf"\d{{1,3}}(?P<group>[ '{group}])\d{{3}}(?:(?P=group)\d{{3}})*(?:[{point}]\d+)?"
    simple = rf"(?:\d+(?:[{point}]\d*)?|[{point}]\d+)(?:[eE][+-]?\d{{1,3}})?"
    return re.compile(
        rf"(?P<before>[+-]?) ?(?P<left>{_CURRENCY})? ?(?P<between>[+-]?) ?"
        rf"(?P<body>{grouped}|{simple}) ?(?P<right>{_CURRENCY})? ?(?P<after>[+-]?)"
    )


_POINT = _pattern(group=",", point=".")
_COMMA = _pattern(group=".", point=",")


def text(cells: pl.Expr) -> pl.Expr:
    """Text without surrounding spaces (NBSP too); empty is null."""
    stripped = cells.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def identifier(cells: pl.Expr) -> pl.Expr:
    """An id to the letter, except for one trailing ``.0`` that a spreadsheet added to digits."""
    stripped = cells.str.strip_chars().str.replace(r"^(\d+)\.0$", "$1")
    return pl.when(~stripped.str.contains(_MISSING_ID)).then(stripped)


def is_missing_number(cells: pl.Expr) -> pl.Expr:
    """Whether a number's cell holds nothing, or the dash that accountants write for it."""
    return cells.str.contains(_MISSING_NUMBER).fill_null(True)


def numbers(cells: pl.Series, *, decimal_comma: bool = False) -> pl.Series:
    """Numbers as DECIMAL(38,8); null where a cell is missing, unreadable, or a trillion and more.

    Parameters
    ----------
    decimal_comma
        Whether ``1.234,50`` (and not ``1,234.50``) is how the file writes 1234.5.
    """
    plain = cells.str.strip_chars()
    if decimal_comma:
        shielded = pl.DataFrame({"text": plain}).select(
            pl.when(~pl.col("text").str.contains(".", literal=True)).then(
                pl.col("text").str.replace(",", ".", literal=True)
            )
        )
        found = shielded["text"].cast(NUMBER, strict=False)
    else:
        found = plain.cast(NUMBER, strict=False)
    failed = plain.filter(found.is_null()).drop_nulls().unique()
    read = {cell: parse_number(cell, decimal_comma=decimal_comma) for cell in failed}
    odd = {cell: number for cell, number in read.items() if number is not None}
    if odd:
        # Polars panics on decimals with more places than its own.
        values = pl.Series([number.quantize(_PLACES) for number in odd.values()], dtype=NUMBER)
        mapped = plain.replace_strict(list(odd), values, default=None, return_dtype=NUMBER)
        found = found.zip_with(found.is_not_null(), mapped)
    return found.zip_with(found.abs() < _LARGEST, pl.Series([None], dtype=NUMBER)).rename(
        cells.name
    )


def parse_number(cell: str, *, decimal_comma: bool = False) -> Decimal | None:
    """Read one number; None when it is missing or cannot be read for sure.

    Examples
    --------
    >>> [str(parse_number(cell)) for cell in ("$1,234.50", "(45.00)", "-£12", "12-", "1,23")]
    ['1234.50', '-45.00', '-12', '-12', 'None']
    """
    shown = " ".join(cell.translate(_MINUS).replace("’", "'").split())
    in_brackets = shown.startswith("(") and shown.endswith(")")
    if in_brackets:
        shown = shown[1:-1].strip()
    match = (_COMMA if decimal_comma else _POINT).fullmatch(shown)
    if match is None:
        return None
    signs = [sign for sign in match.group("before", "between", "after") if sign]
    if len(signs) + in_brackets > 1 or (match["left"] and match["right"]):
        return None
    digits = match["body"].replace(" ", "").replace("'", "")
    digits = digits.replace(".", "").replace(",", ".") if decimal_comma else digits.replace(",", "")
    number = Decimal(digits)
    if abs(number) >= _LARGEST:
        return None
    return -number if in_brackets or "-" in signs else number


def cents(amounts: pl.Expr) -> pl.Expr:
    """Money as DECIMAL(18,2), a half cent rounded away from zero."""
    return amounts.round(2, mode="half_away_from_zero").cast(pl.Decimal(18, 2))


def units(amounts: pl.Expr) -> pl.Expr:
    """Quantities as DECIMAL(18,4)."""
    return amounts.round(4, mode="half_away_from_zero").cast(pl.Decimal(18, 4))
