"""Where a number comes from: the version of the code and the basis of settings and inputs."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from gosales_assets import __version__
from gosales_assets.settings import Settings, SettingsError

# Runs that one `gosales run` (or one backfill) started carry the same value of this tag.
SESSION_TAG = "gosales/session"


# Sections of the settings that nothing in a room depends on, neither itself nor by what it reads; a
# room or section that is not named here depends on all, or is depended on by all.
_LATER = {
    "raw": ("labels", "features", "models", "whitespace", "validation", "gates", "drift"),
    "star": ("labels", "features", "models", "whitespace", "validation", "gates", "drift"),
    "labels": ("features", "models", "whitespace", "validation", "gates", "drift"),
    "features": ("models", "whitespace", "validation", "gates", "drift"),
    "models": ("whitespace", "validation", "gates", "drift"),
    "scores": ("whitespace", "gates", "drift"),
    "whitespace": ("gates", "drift"),
    "validation": ("whitespace", "drift"),
    "drift": ("whitespace",),
}
# Side tables that only lists are made of, and who looks at their files all the same.
_OF_LISTS = ("open_deals", "blocks", "contacts_log")
_READ_LISTS_FILES = ("raw", "whitespace", "runs", "star.column_profile")


@lru_cache(maxsize=1)
def code_version() -> str:
    """Version of this package: its number and a hash of its source files."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def input_files(settings: Settings) -> list[Path]:
    """Every file of the settings that exists: sales log, extracts, SKU map, side tables."""
    try:
        files = list(settings.sales_files)
    except SettingsError:
        files = []
    named = [settings.sku_map, *(table.file for table in settings.side_tables.values())]
    files += [settings.path(name) for name in named if name is not None]
    return [path for path in dict.fromkeys(files) if path.is_file()]


def shown_name(settings: Settings, path: Path) -> str:
    """Name of a file in tables and messages, unique among the files of the sales log.

    Relative to the YAML where it lies below it, else its plain name, else the way to it.
    """
    base = settings.base.resolve()
    if path.is_relative_to(base):
        return path.relative_to(base).as_posix()
    if all(other.name != path.name for other in settings.sales_files if other != path):
        return path.name
    return Path(os.path.relpath(path, base)).as_posix()


def basis(settings: Settings) -> str:
    """Hashes of the settings, and of the inputs' names, sizes and times: equal, nothing changed.

    Times stand in for content here, so that a look at the graph does not read every file; the
    load log holds the content's SHA-256.
    """
    return f"{settings.config_hash}-{_hash_of(input_files(settings))}"


def bases(settings: Settings) -> dict[str, str]:
    """The same of what each room depends on, by room (or by table, where one differs).

    With an equal one, a table need not be made anew although settings or files have changed.
    """
    files = input_files(settings)
    of_lists = {
        settings.path(table.file)
        for name, table in settings.side_tables.items()
        if name in _OF_LISTS
    }
    needed = _hash_of(path for path in files if path not in of_lists), _hash_of(files)
    found = {}
    for name in (*_LATER, *_READ_LISTS_FILES):
        config = settings.hash_without(later_sections(name))
        found[name] = f"{config}-{needed[name in _READ_LISTS_FILES]}"
    return found


def later_sections(name: str) -> tuple[str, ...]:
    """Sections of the settings that a room (or table) does not depend on."""
    return _LATER.get(name.partition(".")[0], ())


def _hash_of(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        stat = path.stat()
        digest.update(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns};".encode())
    return digest.hexdigest()[:16]


def parts_of_basis(made_on: str) -> tuple[str, str]:
    """Hash of the settings, and hash of the inputs, that a `basis` is made of."""
    config, _, inputs = made_on.partition("-")
    return config, inputs


def input_checksums(settings: Settings, sales_files: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of every input file: of the sales log as it was loaded, and of all other files.

    Parameters
    ----------
    sales_files
        Name -> SHA-256, from the load log.
    """
    found = dict(sales_files)
    for path in input_files(settings):
        name = shown_name(settings, path)
        if name not in found:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return dict(sorted(found.items()))
