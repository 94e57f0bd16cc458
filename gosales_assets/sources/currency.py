"""Currency: the rate that turns a row's money into base currency, never silently 1.

A rate column holds units of the row's currency for one unit of base currency (1.35 on a row in CAD
where the base is USD). A header that names a pair says so itself, as rates are quoted: in
``UsdCadConversionRate`` (or ``fx_usd_to_cad``, ``CAD per USD``) one US dollar is so many Canadian
dollars, whichever of the two is the base; rows in a third currency cannot use it.
"""

import re
from itertools import pairwise

import polars as pl

from gosales_assets.sources.parsing import NUMBER, is_missing_number, numbers, text
from gosales_assets.sources.rates import Rates

_ISO_4217 = (
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KRW "
    "MAD MXN MYR NOK NZD PEN PHP PLN RON RSD SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
)
_CODES = frozenset(_ISO_4217.split())
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def currencies(cells: pl.Expr, base: str) -> pl.Expr:
    """Currency of each row, in capitals; the base currency where none is given."""
    return text(cells).str.to_uppercase().fill_null(base.upper())


def base_per_unit(
    currency: pl.Series,
    day: pl.Series,
    rate_cells: pl.Series | None,
    rate_header: str,
    rates: Rates,
    *,
    decimal_comma: bool,
) -> pl.Series:
    """Units of base currency for one unit of each row's currency; null: no rate is known.

    Parameters
    ----------
    currency
        As `currencies` gives it.
    day
        Day of each row's order.
    rate_cells, rate_header
        The row's own rate and its column's header; None where the log has no such column.
    rates
        Rates for rows without one of their own; a row whose own rate makes no sense has none.
    decimal_comma
        How the file writes its numbers.
    """
    base = rates.base
    frame = pl.DataFrame({"currency": currency, "listed": rates.on(currency, day)}).with_columns(
        own=pl.lit(None, pl.Float64), senseless=pl.lit(False)
    )
    if rate_cells is not None:
        own = numbers(rate_cells, decimal_comma=decimal_comma).cast(pl.Float64)
        absent = rate_cells.to_frame().select(is_missing_number(pl.first())).to_series()
        frame = frame.with_columns(
            own=own.zip_with(own > 0, pl.Series([None], dtype=pl.Float64)),
            senseless=~absent & ~(own >= 0).fill_null(False),
        ).with_columns(own=_by_direction(rate_header, base))
    return frame.select(
        rate=pl.when(pl.col("currency") == base)
        .then(1.0)
        .when(~pl.col("senseless"))
        .then(pl.coalesce("own", "listed"))
    )["rate"]


def to_base(amounts: pl.Expr, rate: pl.Expr) -> pl.Expr:
    """Money in base currency, to the cent; unchanged to the digit where the rate is 1."""
    converted = (amounts.cast(pl.Float64) * rate).round(2, mode="half_away_from_zero")
    return (
        pl.when(rate == 1.0)
        .then(amounts.cast(NUMBER))
        .otherwise(converted.cast(NUMBER))
        .cast(pl.Decimal(18, 2))
    )


def _by_direction(header: str, base: str) -> pl.Expr:
    """Turn a row's own rate into base units per unit, by what the header says of its direction."""
    own, currency = pl.col("own"), pl.col("currency")
    pair = _pair(header)
    if pair is None:
        return 1 / own
    quoted, quoting = pair
    if quoted == base:
        return pl.when(currency == quoting).then(1 / own)
    if quoting == base:
        return pl.when(currency == quoted).then(own)
    return pl.lit(None, pl.Float64)


def _pair(header: str) -> tuple[str, str] | None:
    """Find the currencies of a header: one unit of the first is worth so many of the second."""
    words = [word.upper() for word in _WORD.findall(header)]
    for word in words:
        if {word[:3], word[3:6]} <= _CODES:
            return word[:3], word[3:6]
    for one, two in pairwise(word for word in words if word in _CODES):
        return (two, one) if "PER" in words else (one, two)
    return None
