"""Invent company names, and the messy variants under which other lists know them."""

from __future__ import annotations

import numpy as np
import polars as pl

_HEADS = (
    *("Al", "Bar", "Cor", "Dal", "El", "Fen", "Gar", "Hal", "In", "Jor", "Kel", "Lor", "Mar"),
    *("Nor", "Or", "Pel", "Quin", "Ros", "Sal", "Tor", "Ul", "Ver", "Wes", "Yor", "Zan", "Bru"),
    *("Cam", "Den", "Est", "Fal", "Gren", "Hol"),
)
_MIDDLES = (
    *("va", "mi", "do", "ter", "ga", "sen", "bi", "lo", "ran", "ku", "pe", "ti", "mon", "da", "ri"),
    *("so", "ne", "ba", "cu", "li", "fo", "he", "ju", "xa"),
)
_TAILS = (
    *("dyne", "tek", "mark", "forge", "ton", "field", "vale", "worth", "stone", "bridge", "ford"),
    *("berg", "wick", "land", "more", "ley", "by", "well", "ridge", "den", "ham", "gate", "port"),
    *("shaw",),
)
_TRADES = (
    *("Tooling", "Systems", "Robotics", "Medical", "Plastics", "Aerospace", "Design", "Controls"),
    *("Industries", "Machine Works", "Instruments", "Motors", "Packaging", "Dynamics", "Labs"),
    *("Castings", "Optics", "Fabrication", "Engineering", "Pumps & Valves", "Products", "Energy"),
    *("Molds", "Precision"),
)
_FORMS = (" Inc", " LLC", ", Inc.", " Corp", " Ltd", " Co", " GmbH", "")

_SPELLED_OUT = {
    r" Inc$": " Incorporated",
    r" Corp$": " Corporation",
    r" Co$": " Company",
    r" Ltd$": " Limited",
}


def company_names(count: int, rng: np.random.Generator) -> pl.Series:
    """`count` company names, distinct up to 3.5 million, as text."""
    lists = (_HEADS, _MIDDLES, _TAILS, _TRADES, _FORMS)
    space = int(np.prod([len(words) for words in lists]))
    if count > space:
        raise ValueError(f"at most {space:,} company names can be told apart, asked for {count:,}")
    number = rng.choice(space, count, replace=False, shuffle=True)
    parts: list[pl.Series] = []
    for words in lists:
        parts.append(pl.Series(words, dtype=pl.String).gather(number % len(words)))
        number = number // len(words)
    head, middle, tail, trade, form = parts
    return pl.select(pl.concat_str(head, middle, tail, pl.lit(" "), trade, form)).to_series()


def messy_names(names: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Each name as another list would write it: suffix, case, punctuation, typing error, as is."""
    count = len(names)
    name = pl.col("name")
    place = pl.col("place") % (name.str.len_chars() - 2)
    typo = pl.concat_str(
        name.str.slice(0, place),
        name.str.slice(place + 1, 1),
        name.str.slice(place, 1),
        name.str.slice(place + 2),
    )
    spelled_out = name
    for short, long in _SPELLED_OUT.items():
        spelled_out = spelled_out.str.replace(short, long)
    variants = (
        name,
        name.str.to_uppercase(),
        name.str.replace_all(r"[.,]", ""),
        pl.concat_str(pl.lit("The "), name),
        spelled_out,
        name.str.replace(" ", "  ").str.replace("&", "and", literal=True),
        name.str.to_lowercase().str.replace_all(r"[.,]", ""),
        typo,
    )
    frame = pl.DataFrame(
        {
            "name": names,
            "place": rng.integers(0, 1000, count),
            "kind": rng.integers(0, len(variants), count),
        }
    )
    choice: pl.Expr = variants[0]
    for kind, variant in enumerate(variants):
        choice = pl.when(pl.col("kind") == kind).then(variant).otherwise(choice)
    return frame.select(choice.alias("company_name")).to_series()
