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


def reasons(ranked: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Say the reason of each ranked row of one cutoff.

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
        ``nba_reason`` (1 to 150 characters) and ``wording``, the form of the sentence without its
        facts, aligned with the rows.
    """
    turn = pl.col("division_rank") - 1
    named = ranked.with_columns(_spoken(ranked, "division"), _spoken(ranked, "lift_from"))
    facts = named.select(*_facts(currency)).with_columns(opening=_first_of(_openings()))
    facts = facts.with_columns(
        _number(OPENINGS, "opening", turn),
        second=_first_of(_seconds()),
    ).with_columns(_number(SECONDS, "second", turn // 4))
    told = facts.select(
        _capitalised(_said(facts, OPENINGS, "opening")),
        _said(facts, SECONDS, "second"),
        "amount",
        *("division", "chance", "months"),
        opening_form="opening_number",
        second_form="second_number",
    )
    return _fitting(told)


def _spoken(rows: pl.DataFrame, column: str) -> pl.Series:
    """Names as they may be spoken; null in place of a protected one. Each name is looked at once.

    What stands in a null's place depends on what the name is: see `_facts`.
    """
    names = rows.select(pl.col(column).unique())
    allowed = ~mentions_protected(pl.col(column))
    spoken_names = names.select(column, spoken=pl.when(allowed).then(shortened(pl.col(column))))
    joined = rows.select(column).join(
        spoken_names, on=column, how="left", validate="m:1", maintain_order="left"
    )
    return joined["spoken"].alias(column)


def _facts(currency: str) -> list[pl.Expr | str]:
    p = pl.col("icp_score")
    ratio = pl.when(pl.col("usual") > 0).then(p / pl.col("usual"))
    given_purchase = pl.when(p > 0).then(pl.col("expected_gp") / p)
    lift_counts = (pl.col("lift") >= CLAIM_FROM) & pl.col("lift_from").is_not_null()
    top = (pl.col("top_share") * 100).ceil().clip(1).cast(pl.Int64)
    return [
        "division_rank",
        pl.col("division").fill_null("this line"),
        pl.when(ratio >= CLAIM_FROM).then(times(ratio, whole_from=3)).alias("ratio"),
        percent(p).alias("chance"),
        span(pl.col("window_months")).alias("months"),
        pl.when(lift_counts).then(times(pl.col("lift"), whole_from=10)).alias("lift"),
        pl.col("lift_from").alias("antecedent"),
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


def _number(forms: Mapping[str, Sequence[str]], kind: str, turn: pl.Expr) -> pl.Expr:
    """Name the wording whose turn it is, such as ``likelier 2``; null: nothing of the kind."""
    counts = {name: len(wordings) for name, wordings in forms.items()}
    of = pl.col(kind).replace_strict(counts, return_dtype=pl.Int64)
    return pl.format("{} {}", pl.col(kind), turn % of + 1).alias(f"{kind}_number")


def _said(facts: pl.DataFrame, forms: Mapping[str, Sequence[str]], kind: str) -> pl.Series:
    """Fill the wording of each row: those of one wording together, each row once."""
    wordings = {
        f"{name} {number}": wording
        for name, told in forms.items()
        for number, wording in enumerate(told, start=1)
    }
    rows = facts.with_row_index("row")
    parts = [
        own.select("row", _filled(wordings[str(name)]).alias(kind))
        for (name,), own in rows.group_by(f"{kind}_number", maintain_order=True)
        if name is not None
    ]
    nothing = pl.DataFrame(schema={"row": pl.UInt32, kind: pl.String})
    filled = pl.concat([nothing, *parts])
    return rows.select("row").join(filled, on="row", how="left", maintain_order="left")[kind]


def _filled(wording: str) -> pl.Expr:
    parts: list[pl.Expr] = []
    rest = wording
    while rest:
        text, _, rest = rest.partition("{")
        fact, _, rest = rest.partition("}")
        parts += [pl.lit(text)] if text else []
        parts += [pl.col(fact)] if fact else []
    return pl.concat_str(parts)


def _capitalised(said: pl.Series) -> pl.Series:
    return said.str.head(1).str.to_uppercase() + said.str.slice(1)


def _fitting(told: pl.DataFrame) -> pl.DataFrame:
    """The longest version that fits, and the name of its wording."""
    opening, second = pl.col("opening"), pl.col("second")
    opening_form, second_form = pl.col("opening_form"), pl.col("second_form")
    amount = pl.format("about {}", "amount")
    worth = pl.when(pl.col("amount").is_not_null()).then(pl.lit("amount"))
    plain = _filled(OPENINGS[PLAIN][0])
    versions: Sequence[tuple[pl.Expr, pl.Expr]] = [
        (_joined(opening, second, amount), _joined(opening_form, second_form, worth)),
        (_joined(opening, second), _joined(opening_form, second_form)),
        (_joined(opening, amount), _joined(opening_form, worth)),
        (opening, opening_form),
        (plain.str.head(1).str.to_uppercase() + plain.str.slice(1), pl.lit(PLAIN)),
    ]
    # Most rows fit at once; the shorter versions are made for the others only.
    left, found = told.with_row_index("row"), []
    for said, form in versions:
        tried = left.with_columns(nba_reason=said, wording=form)
        fits = tried["nba_reason"].str.len_chars() <= MAX_LENGTH
        found.append(tried.filter(fits).select("row", "nba_reason", "wording"))
        left = left.filter(~fits)
    return pl.concat(found).sort("row").drop("row")


def _joined(*parts: pl.Expr) -> pl.Expr:
    return pl.concat_str(*parts, separator="; ", ignore_nulls=True)
