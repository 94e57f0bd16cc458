"""Names of companies, made comparable: what is the same name in other clothes becomes equal."""

import unicodedata
from collections.abc import Sequence

# One legal form, several spellings. The form itself stays: Acme Ltd and Acme GmbH are two firms.
_SPELLINGS = {
    "and": "",
    "company": "co",
    "corporation": "corp",
    "incorporated": "inc",
    "limited": "ltd",
    "the": "",
}


def normalised_name(name: str, account_prefix: str | None = None) -> str:
    """Reduce a company's name to plain lower-case words.

    Accents, case, punctuation and the account prefix go; legal forms get one spelling each.

    Examples
    --------
    >>> normalised_name("497588 Société Générale & Company, Incorporated", "497588")
    'societe generale co inc'
    """
    text = name.strip()
    if account_prefix and text.startswith(account_prefix):
        text = text.removeprefix(account_prefix)
    text = unicodedata.normalize("NFKD", text).casefold()
    text = text.replace("'", "").replace("\u2019", "").replace(".", "")
    text = "".join(c for c in text if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in text).split()
    return " ".join(word for word in (_SPELLINGS.get(w, w) for w in words) if word)


def normalised_names(names: Sequence[str], account_prefixes: Sequence[str | None]) -> list[str]:
    """Normalise many names, each with its own account prefix."""
    return [normalised_name(*pair) for pair in zip(names, account_prefixes, strict=True)]
