"""How a division is called: one readable key for tables, paths and partitions alike."""

import hashlib
import re
import unicodedata

# Dagster refuses , | and ... in partition keys; the rest would confuse paths, globs or SQL tools.
_UNSAFE = re.compile(r"""[|,/\\=?*\[\]"<>%#:\x00-\x1f\x7f]|\.{3,}""")


def division_key(name: str) -> str:
    """Turn a division's name into its key: the name itself, less the few unsafe characters.

    Examples
    --------
    >>> division_key("  Bath,  beauty & health ")
    'Bath beauty & health'
    """
    text = unicodedata.normalize("NFKC", name)
    return " ".join(_UNSAFE.sub(" ", text).split())


def division_identity(name: str) -> str:
    """What makes two spellings one division: letters and digits, without case and accents.

    Examples
    --------
    >>> division_identity("Post_Processing") == division_identity("post  procéssing")
    True
    """
    decomposed = unicodedata.normalize("NFKD", division_key(name))
    return "".join(c for c in decomposed.casefold() if c.isalnum())


def registry_name(division: str) -> str:
    """Name of a division's model in the MLflow registry, which takes few characters.

    Where letters are lost, a checksum of the division tells it from others that lose the same.
    """
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", division)
    identity = division_identity(division)
    if division_identity(name) != identity:
        name += "_" + hashlib.sha256(identity.encode()).hexdigest()[:8]
    return "icp_" + name
