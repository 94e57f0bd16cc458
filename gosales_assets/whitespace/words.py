"""Pieces of sentences: names that may be spoken, ratios, chances and months as people say them."""

import polars as pl

NAME_LENGTH = 60

PROTECTED = (
    "age|ages|aged|birth|birthday|born|gender|genders|sex|sexes|sexual|male|female|transgender|"
    "race|races|racial|ethnic|ethnicity|colour of skin|skin color|nationality|national origin|"
    "citizenship|immigrant|religion|religions|religious|disability|disabilities|disabled|"
    "pregnant|pregnancy|marital|married|veteran|political|union member|genetic"
)
# An underscore joins words in SKU and division names; it must not hide one.
_PROTECTED_WORD = rf"(?i)(?:^|\b|_)(?:{PROTECTED})(?:$|\b|_)"


def mentions_protected(text: pl.Expr) -> pl.Expr:
    """Whether a text holds a protected attribute as a whole word ("age", not "page")."""
    return text.str.contains(_PROTECTED_WORD)


def shortened(name: pl.Expr) -> pl.Expr:
    """A name of at most 60 characters on one line."""
    line = name.str.replace_all(r"\s+", " ")
    return (
        pl.when(line.str.len_chars() > NAME_LENGTH)
        .then(line.str.head(NAME_LENGTH - 1).str.strip_chars_end() + "…")
        .otherwise(line)
    )


def times(ratio: pl.Expr, whole_from: float) -> pl.Expr:
    """A ratio such as 1.6x; from ``whole_from`` on without tenths."""
    whole = ratio.round(0).cast(pl.Int64).cast(pl.String)
    tenths = ratio.round(1).cast(pl.String).str.strip_suffix(".0")
    return pl.when(ratio >= whole_from).then(whole).otherwise(tenths) + "x"


def percent(p: pl.Expr) -> pl.Expr:
    """A chance as a whole percentage, without feigned certainty at the ends."""
    return (
        pl.when(p < 0.01)
        .then(pl.lit("under 1%"))
        .when(p > 0.99)
        .then(pl.lit("over 99%"))
        .otherwise((p * 100).round(0).cast(pl.Int64).cast(pl.String) + "%")
    )


def span(months: pl.Expr) -> pl.Expr:
    """A number of months in words."""
    return pl.when(months == 1).then(pl.lit("1 month")).otherwise(pl.format("{} months", months))


def ago(days: pl.Expr) -> pl.Expr:
    """How long ago a day was: in days up to two months, then in months, then in years."""
    months = (days / 30.4).round(0).cast(pl.Int64)
    return (
        pl.when(days <= 1)
        .then(pl.lit("just now"))
        .when(days <= 60)
        .then(pl.format("{} days ago", days))
        .when(days <= 730)
        .then(pl.format("{} months ago", months))
        .otherwise(pl.format("{} years ago", (days / 365.25).round(0).cast(pl.Int64)))
    )
