"""Amounts of money as people say them: $23k, €1.2M, CHF 450."""

import polars as pl

TOO_MUCH = 1e10
_SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
    "BRL": "R$",
}


def symbol(currency: str) -> str:
    """Sign put before an amount; currencies without a sign of their own go by their code."""
    code = currency.upper()
    return _SYMBOLS.get(code, f"{code} ")


def spoken(amount: pl.Expr, currency: str) -> pl.Expr:
    """Write an amount in two or three digits; null where nobody would say it.

    That is where it is null, under one unit, or ten billion and more.
    """
    thousands, millions = amount / 1e3, amount / 1e6
    words = (
        pl.when(amount >= TOO_MUCH)
        .then(pl.lit(None, pl.String))
        .when(amount >= 9_950_000)
        .then(_whole(millions) + "M")
        .when(amount >= 999_500)
        .then(_tenths(millions) + "M")
        .when(amount >= 9_950)
        .then(_whole(thousands) + "k")
        .when(amount >= 995)
        .then(_tenths(thousands) + "k")
        .when(amount >= 1)
        .then(_whole(amount.round_sig_figs(2)))
    )
    return pl.lit(symbol(currency)) + words


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round(0).cast(pl.Int64, strict=False).cast(pl.String)


def _tenths(number: pl.Expr) -> pl.Expr:
    return number.round(1).cast(pl.String).str.strip_suffix(".0")
