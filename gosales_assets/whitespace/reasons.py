"""Reasons: one sentence per recommendation that a rep can say aloud, made of facts.

The sentence opens with the strongest thing known (how much likelier than usual, what goes with it,
a look-alike, a place near the top, or the plain probability), adds a second fact and an amount
where there are any, and never names a protected or personal attribute. The same facts are told in
several wordings, taken in turn down a division's list, so that a page does not read like a form.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from gosales_assets.whitespace.money import spoken
from gosales_assets.whitespace.words import (
    ago,
    mentions_protected,
    percent,
    shortened,
    span,
    spoken_name,
    times,
)

MAX_LENGTH = 150
# Below this a ratio is no news: "1.1x more likely" would only sound like a claim.
CLAIM_FROM = 1.3
STRONG_PERCENTILE = 0.8
TOP_SHARE = 0.2
PLAIN = "plain"

# What opens the sentence -> its wordings, over the facts below.
OPENINGS: Mapping[str, Sequence[str]] = {
    "likelier": (
        "{ratio} more likely than usual to buy {division} in {months}",
        "{chance} likely to buy {division} in {months}, {ratio} the usual",
        "{division} in {months}: {chance} likely, {ratio} the usual chance",
        "{ratio} the usual chance of taking up {division} in {months}",
    ),
    "owners": (
        "Owners of {antecedent} adopt {division} {lift} more; {chance} likely in {months}",
        "Has {antecedent}, whose owners buy {division} {lift} more; {chance} likely in {months}",
        "{antecedent} goes with {division}: bought {lift} more; {chance} likely in {months}",
    ),
    "buyers": (
        "Buyers of {antecedent} adopt {division} {lift} more; {chance} likely in {months}",
        "Bought {antecedent}, which goes with {division} ({lift}); {chance} likely in {months}",
        "With {antecedent}, {division} is bought {lift} more; {chance} likely in {months}",
    ),
    "alike": (
        "Buys much like owners of {division}; {chance} likely in {months}",
        "Its orders look like those of {division} owners; {chance} likely in {months}",
        "Close to {division} owners in what it buys; {chance} likely in {months}",
    ),
    "top": (
        "Among the top {top} for {division}; {chance} likely in {months}",
        "{chance} likely to buy {division} in {months}: in the top {top} of accounts",
        "In the top {top} of accounts for {division}, {chance} likely in {months}",
    ),
    PLAIN: ("{chance} likely to buy {division} in {months}",),
}
# What is said next -> its wordings; what the opening said already is not said again.
SECONDS: Mapping[str, Sequence[str]] = {
    "owners": (
        "owners of {antecedent} adopt it {lift} more",
        "has {antecedent}, whose owners buy it {lift} more",
        "goes with {antecedent} ({lift})",
    ),
    "buyers": (
        "buyers of {antecedent} adopt it {lift} more",
        "bought {antecedent}, which goes with it ({lift})",
        "goes with {antecedent}, bought before ({lift})",
    ),
    "alike": (
        "buys much like its owners",
        "its orders look like its owners'",
        "close to owners in what it buys",
    ),
    "rising": ("its chance is rising", "more likely than last time", "and rising"),
    "ordered": ("last order {ago}", "ordered {ago}", "its last order was {ago}"),
}


def with_reasons(ranked: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Add ``nba_reason`` and ``wording`` to ranked rows of one cutoff.

    Parameters
    ----------
    ranked
        Potential rows with ``division, division_rank, icp_score, usual, expected_gp, lift,
        lift_from, lift_kind, als_norm, top_share, trend, recency_days, window_months``. ``usual``
        is the mean chance of a division's rows, ``top_share`` the share of them that are likelier.
    currency
        ISO code of the money in ``expected_gp``, a value including the chance of no purchase; the
        sentence says the value *given* a purchase, ``expected_gp / icp_score``.

    Returns
    -------
    pl.DataFrame
        The rows in their order; every reason has 1 to 150 characters. ``wording`` names the form of
        the sentence without its facts.
    """
    facts = ranked.select(*_facts(currency)).with_columns(
        opening=_first_of(_openings()), turn=pl.col("division_rank") - 1
    )
    facts = facts.with_columns(second=_first_of(_seconds()))
    told = facts.select(
        _wording(OPENINGS, "opening", pl.col("turn")).alias("opening_said"),
        _wording(SECONDS, "second", pl.col("turn") // 4).alias("second_said"),
        _number(OPENINGS, "opening", pl.col("turn")).alias("opening"),
        _number(SECONDS, "second", pl.col("turn") // 4).alias("second"),
        _filled(OPENINGS[PLAIN][0]).alias("plain"),
        "amount",
    )
    return ranked.with_columns(told.select(*_fitting()))


def _facts(currency: str) -> list[pl.Expr | str]:
    p = pl.col("icp_score")
    ratio = pl.when(pl.col("usual") > 0).then(p / pl.col("usual"))
    given_purchase = pl.when(p > 0).then(pl.col("expected_gp") / p)
    lift_counts = (pl.col("lift") >= CLAIM_FROM) & ~mentions_protected(pl.col("lift_from"))
    top = (pl.col("top_share") * 100).ceil().clip(1).cast(pl.Int64)
    return [
        "division_rank",
        spoken_name("division").alias("division"),
        pl.when(ratio >= CLAIM_FROM).then(times(ratio, whole_from=3)).alias("ratio"),
        percent(p).alias("chance"),
        span(pl.col("window_months")).alias("months"),
        pl.when(lift_counts).then(times(pl.col("lift"), whole_from=10)).alias("lift"),
        shortened(pl.col("lift_from")).alias("antecedent"),
        pl.col("lift_kind"),
        (pl.col("als_norm") >= STRONG_PERCENTILE).fill_null(False).alias("alike"),
        pl.when(pl.col("top_share") < TOP_SHARE).then(pl.format("{}%", top)).alias("top"),
        (pl.col("trend") == "up").fill_null(False).alias("rising"),
        ago(pl.col("recency_days")).alias("ago"),
        spoken(given_purchase, currency).alias("amount"),
    ]


def _openings() -> dict[str, pl.Expr]:
    """What a sentence may open with, strongest first, and when."""
    return {
        "likelier": pl.col("ratio").is_not_null(),
        **_rules(),
        "alike": pl.col("alike"),
        "top": pl.col("top").is_not_null(),
        PLAIN: pl.lit(True),
    }


def _seconds() -> dict[str, pl.Expr]:
    """What may be said next: the opening has said rule or likeness where it opens with them."""
    told = pl.col("opening").is_in(["owners", "buyers", "alike"])
    return {
        **{name: when & ~told for name, when in _rules().items()},
        "alike": pl.col("alike") & ~told,
        "rising": pl.col("rising"),
        "ordered": pl.col("ago").is_not_null(),
    }


def _rules() -> dict[str, pl.Expr]:
    known = pl.col("lift").is_not_null()
    return {
        "owners": known & (pl.col("lift_kind") == "division"),
        "buyers": known & (pl.col("lift_kind") == "product"),
    }


def _first_of(cases: dict[str, pl.Expr]) -> pl.Expr:
    return pl.coalesce(pl.when(when).then(pl.lit(name)) for name, when in cases.items())


def _wording(forms: Mapping[str, Sequence[str]], kind: str, turn: pl.Expr) -> pl.Expr:
    """Fill the wording whose turn it is."""
    return pl.coalesce(
        pl.when((pl.col(kind) == name) & (turn % len(wordings) == number)).then(_filled(wording))
        for name, wordings in forms.items()
        for number, wording in enumerate(wordings)
    )


def _number(forms: Mapping[str, Sequence[str]], kind: str, turn: pl.Expr) -> pl.Expr:
    """Name the wording whose turn it is, such as ``likelier 2``."""
    counts = {name: len(wordings) for name, wordings in forms.items()}
    of = pl.col(kind).replace_strict(counts, return_dtype=pl.Int64)
    return pl.format("{} {}", pl.col(kind), turn % of + 1)


def _filled(wording: str) -> pl.Expr:
    parts: list[pl.Expr] = []
    rest = wording
    while rest:
        text, _, rest = rest.partition("{")
        fact, _, rest = rest.partition("}")
        parts += [pl.lit(text)] if text else []
        parts += [pl.col(fact)] if fact else []
    return pl.concat_str(parts)


def _fitting() -> list[pl.Expr]:
    """The longest version that fits, and the name of its wording."""
    opening, second = pl.col("opening_said"), pl.col("second_said")
    amount, plain = pl.format("about {}", "amount"), pl.col("plain")
    worth = pl.when(pl.col("amount").is_not_null()).then(pl.lit("amount"))
    versions: Sequence[tuple[pl.Expr, pl.Expr]] = [
        (_joined(opening, second, amount), _joined(pl.col("opening"), pl.col("second"), worth)),
        (_joined(opening, second), _joined(pl.col("opening"), pl.col("second"))),
        (_joined(opening, amount), _joined(pl.col("opening"), worth)),
        (opening, pl.col("opening")),
        (plain, pl.lit(PLAIN)),
    ]
    fits = [said.str.len_chars() <= MAX_LENGTH for said, _ in versions]
    said = pl.coalesce(
        pl.when(fit).then(version) for fit, (version, _) in zip(fits, versions, strict=True)
    )
    form = pl.coalesce(
        pl.when(fit).then(name) for fit, (_, name) in zip(fits, versions, strict=True)
    )
    return [
        (said.str.head(1).str.to_uppercase() + said.str.slice(1)).alias("nba_reason"),
        form.alias("wording"),
    ]


def _joined(*parts: pl.Expr) -> pl.Expr:
    return pl.concat_str(*parts, separator="; ", ignore_nulls=True)
