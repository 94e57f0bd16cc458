"""Reasons: one sentence per recommendation that a rep can say aloud, made of facts.

The sentence opens with the strongest thing known (how much likelier than usual, an affinity rule,
a look-alike, or the plain probability), adds a second fact and an amount where there are any, and
never names a protected or personal attribute.
"""

import polars as pl

from gosales_assets.whitespace.money import spoken

MAX_LENGTH = 150
# Below this a ratio is no news: "1.1x more likely" would only sound like a claim.
CLAIM_FROM = 1.3
STRONG_PERCENTILE = 0.8
RECENT_DAYS = 45
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


def with_reasons(ranked: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Add ``nba_reason`` to the ranked rows of one cutoff.

    Parameters
    ----------
    ranked
        Potential rows with ``division, icp_score, expected_gp, lift, lift_from, als_norm,
        recency_days, window_months``. "Usual" is the mean ``icp_score`` of a division's rows here.
    currency
        ISO code of the money in ``expected_gp``, a value including the chance of no purchase; the
        sentence says the value *given* a purchase, ``expected_gp / icp_score``.

    Returns
    -------
    pl.DataFrame
        The rows in their order; every reason has 1 to 150 characters.
    """
    facts = ranked.select(*_facts(currency))
    return ranked.with_columns(facts.select(nba_reason=_sentence())["nba_reason"])


def _facts(currency: str) -> list[pl.Expr]:
    p = pl.col("icp_score")
    usual = p.sum().over("division") / pl.len().over("division")
    given_purchase = pl.when(p > 0).then(pl.col("expected_gp") / p)
    lift_counts = (pl.col("lift") >= CLAIM_FROM) & ~mentions_protected(pl.col("lift_from"))
    days = pl.col("recency_days")
    return [
        _spoken_name("division").alias("division"),
        pl.when(usual > 0).then(p / usual).alias("ratio"),
        _percent(p).alias("chance"),
        _months(pl.col("window_months")).alias("months"),
        pl.when(lift_counts).then(_times(pl.col("lift"), whole_from=10)).alias("lift"),
        _shortened(pl.col("lift_from")).alias("antecedent"),
        (pl.col("als_norm") >= STRONG_PERCENTILE).fill_null(False).alias("look_alike"),
        pl.when(days.is_between(2, RECENT_DAYS)).then(days).alias("days"),
        spoken(given_purchase, currency).alias("amount"),
    ]


def _sentence() -> pl.Expr:
    division, months, chance = pl.col("division"), pl.col("months"), pl.col("chance")
    likelier = pl.col("ratio") >= CLAIM_FROM
    has_lift, look_alike = pl.col("lift").is_not_null(), pl.col("look_alike")
    plain = pl.format("{} likely to buy {} in {}", chance, division, months)
    claim = pl.format(
        "{} more likely than usual to buy {} in {}",
        _times(pl.col("ratio"), whole_from=3),
        division,
        months,
    )
    rule = pl.format("Owners of {} adopt {} {} more", "antecedent", division, "lift")
    opening = (
        pl.when(likelier)
        .then(claim)
        .when(has_lift)
        .then(pl.format("{}; {} likely in {}", rule, chance, months))
        .when(look_alike)
        .then(pl.format("Buys much like owners of {}; {} likely in {}", division, chance, months))
        .otherwise(plain)
    )
    second = (
        pl.when(likelier & has_lift)
        .then(pl.format("owners of {} adopt it {} more", "antecedent", "lift"))
        .when(likelier & look_alike)
        .then(pl.lit("buys much like its owners"))
        .when(~has_lift & ~look_alike)
        .then(pl.format("last order {} days ago", "days"))
    )
    amount = pl.format("about {}", "amount")
    versions = [
        _joined(opening, second, amount),
        _joined(opening, second),
        _joined(opening, amount),
        opening,
        plain,
    ]
    chosen = pl.coalesce(
        pl.when(version.str.len_chars() <= MAX_LENGTH).then(version) for version in versions
    )
    return chosen.str.head(1).str.to_uppercase() + chosen.str.slice(1)


def _joined(*parts: pl.Expr) -> pl.Expr:
    return pl.concat_str(*parts, separator="; ", ignore_nulls=True)


def _spoken_name(column: str) -> pl.Expr:
    name = pl.col(column)
    return pl.when(mentions_protected(name)).then(pl.lit("this line")).otherwise(_shortened(name))


def _shortened(name: pl.Expr) -> pl.Expr:
    return (
        pl.when(name.str.len_chars() > NAME_LENGTH)
        .then(name.str.head(NAME_LENGTH - 1).str.strip_chars_end() + "…")
        .otherwise(name)
    )


def _times(ratio: pl.Expr, whole_from: float) -> pl.Expr:
    whole = ratio.round(0).cast(pl.Int64).cast(pl.String)
    tenths = ratio.round(1).cast(pl.String).str.strip_suffix(".0")
    return pl.when(ratio >= whole_from).then(whole).otherwise(tenths) + "x"


def _percent(p: pl.Expr) -> pl.Expr:
    return (
        pl.when(p < 0.01)
        .then(pl.lit("under 1%"))
        .when(p > 0.99)
        .then(pl.lit("over 99%"))
        .otherwise((p * 100).round(0).cast(pl.Int64).cast(pl.String) + "%")
    )


def _months(months: pl.Expr) -> pl.Expr:
    return pl.when(months == 1).then(pl.lit("1 month")).otherwise(pl.format("{} months", months))
