"""Currency: the rate that turns a row's money into base currency, never silently 1.

A rate column holds units of the row's currency for one unit of base currency (1.35 on a row in CAD
where the base is USD). A header that names a pair says so itself, as rates are quoted: in
``UsdCadConversionRate`` one US dollar is so many Canadian dollars, whichever of the two is the
base; rows in a third currency cannot use it.
"""

from collections.abc import Mapping

import polars as pl

from gosales_assets.sources.parsing import NUMBER, numbers, text

_ISO_4217 = (
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KRW "
    "MAD MXN MYR NOK NZD PEN PHP PLN RON RSD SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
)
_CODES = frozenset(_ISO_4217.split())


def currencies(cells: pl.Expr, base: str) -> pl.Expr:
    """Currency of each row, in capitals; the base currency where none is given."""
    return text(cells).str.to_uppercase().fill_null(base.upper())


def base_per_unit(
    currency: pl.Series,
    rate_cells: pl.Series | None,
    rate_header: str,
    base: str,
    table: Mapping[str, float],
) -> pl.Series:
    """Units of base currency for one unit of each row's currency; null: no rate is known.

    Parameters
    ----------
    currency
        As `currencies` gives it.
    rate_cells, rate_header
        The row's own rate and its column's header; None where the log has no such column.
    table
        ``sales_log.fx_rates``: currency -> units of base currency for one unit.
    """
    base = base.upper()
    listed = {code.upper(): rate for code, rate in table.items()} | {base: 1.0}
    frame = pl.DataFrame({"currency": currency}).with_columns(
        listed=pl.col("currency").replace_strict(
            list(listed), list(listed.values()), default=None, return_dtype=pl.Float64
        ),
        own=pl.lit(None, pl.Float64),
    )
    if rate_cells is not None:
        frame = frame.with_columns(own=numbers(rate_cells).cast(pl.Float64))
        frame = frame.with_columns(own=pl.when(pl.col("own") > 0).then("own"))
        frame = frame.with_columns(own=_by_direction(rate_header, base))
    is_base = pl.col("currency") == base
    return frame.select(rate=pl.when(is_base).then(1.0).otherwise(pl.coalesce("own", "listed")))[
        "rate"
    ]


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
    letters = "".join(character for character in header.upper() if character.isalpha())
    quoted, quoting = letters[:3], letters[3:6]
    if not {quoted, quoting} <= _CODES:
        return 1 / own
    if quoted == base:
        return pl.when(currency == quoting).then(1 / own)
    if quoting == base:
        return pl.when(currency == quoted).then(own)
    return pl.lit(None, pl.Float64)
