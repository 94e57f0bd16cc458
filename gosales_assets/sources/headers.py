"""Headers: which column of a file is which of ours, or one clear line about the one that is not."""

import difflib
from collections.abc import Mapping, Sequence

from gosales_assets.settings import SettingsError

_HEADERS_SHOWN = 12


def positions(
    header: Sequence[str],
    names: Sequence[str],
    mapping: Mapping[str, str | None],
    where: str,
    key: str,
) -> dict[str, int]:
    """Find our columns in a header.

    Parameters
    ----------
    names
        Columns we know; each is looked for under its mapped header, else under its own name.
    mapping
        Our name -> header, from the YAML; None: not to be read.
    where, key
        File, and key of the mapping in the YAML, for messages.

    Raises
    ------
    SettingsError
        When a mapped header is not in the file, or the mapping names a column we do not know.
    """
    for name in mapping:
        if name not in names:
            raise SettingsError(
                f"{key}: unknown column {name!r}{nearest(name, names)}; known: {', '.join(names)}"
            )
    found = {}
    for name in names:
        wanted = mapping.get(name, name)
        if wanted is None:
            continue
        if wanted in header:
            found[name] = header.index(wanted)
        elif name in mapping:
            raise missing(where, header, wanted, f"{key}.{name}")
    return found


def missing(where: str, header: Sequence[str], wanted: str, key: str) -> SettingsError:
    """Make the error for a header that is not in a file: what there is, and what comes nearest."""
    there = [name for name in header if name]
    shown = ", ".join(there[:_HEADERS_SHOWN])
    more = f" and {len(there) - _HEADERS_SHOWN} more" if len(there) > _HEADERS_SHOWN else ""
    return SettingsError(
        f"{where}: no column {wanted!r} ({key}){nearest(wanted, there)}; "
        f"the file has: {shown}{more}"
    )


def nearest(wanted: str, there: Sequence[str]) -> str:
    """Suggest the nearest name, as ``; did you mean 'x'?``; empty when none comes near."""
    by_letters: dict[str, str] = {}
    for name in there:
        by_letters.setdefault(_letters(name), name)
    close = difflib.get_close_matches(_letters(wanted), list(by_letters), n=1, cutoff=0.5)
    return f"; did you mean {by_letters[close[0]]!r}?" if close else ""


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
