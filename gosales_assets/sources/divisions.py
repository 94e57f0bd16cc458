"""Divisions: one key for all spellings of a name, and the division of a product."""

from collections.abc import Iterable, Mapping

from gosales_assets.division_names import division_identity, division_key


def first_spellings(names: Iterable[str]) -> dict[str, str]:
    """Key of each division by identity; the first spelling names it."""
    keys: dict[str, str] = {}
    for name in names:
        if identity := division_identity(name):
            keys.setdefault(identity, division_key(name))
    return keys


def most_frequent_spellings(rows: Mapping[str, int]) -> dict[str, str]:
    """Key of each division by identity; the most frequent spelling names it, ties by name.

    Parameters
    ----------
    rows
        Spelling -> rows of the log.
    """
    return first_spellings(sorted(rows, key=lambda name: (-rows[name], name)))


def by_keyword(product: str, rules: Iterable[tuple[str, str]]) -> str | None:
    """Division of the first rule whose keyword is in the product's name, whatever the case."""
    folded = product.casefold()
    return next((division for keyword, division in rules if keyword.casefold() in folded), None)
