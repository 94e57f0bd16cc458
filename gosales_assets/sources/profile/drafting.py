"""Drafting: from names of files, folders and databases to a YAML on the screen or on the disk."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gosales_assets.settings import SettingsError, load_settings
from gosales_assets.sources.outline import check_sources
from gosales_assets.sources.profile.columns import Table, tables_of
from gosales_assets.sources.profile.database import DatabaseTables, database_tables
from gosales_assets.sources.profile.divisions import DRAFTED_MAP
from gosales_assets.sources.profile.draft import draft_yaml, source_lines
from gosales_assets.sources.profile.files import files_of, patterns
from gosales_assets.sources.profile.look import FileLook
from gosales_assets.sources.profile.profiling import Place, Profile, look_at_files, profile_tables
from gosales_assets.sources.profile.remarks import remarks_on
from gosales_assets.sources.profile.sales_log import find_log

_URL = re.compile(r"[A-Za-z][\w+.-]*://")


@dataclass(frozen=True)
class Draft:
    """What `gosales profile` hands out.

    Parameters
    ----------
    text
        The YAML.
    sku_map
        A SKU map to lie beside it as `DRAFTED_MAP`; None: none is drafted.
    from_database
        Whether the sales log is in a database.
    """

    text: str
    sku_map: str | None
    profile: Profile
    from_database: bool


def draft_settings(
    sources: Sequence[str], to: Path | None = None, *, database: bool = False, today: date
) -> Draft:
    """Draft the YAML for a sales log and what lies beside it.

    Parameters
    ----------
    sources
        Files, folders, globs, and at most one URL of a database.
    to
        Where the YAML will be; None: it is only shown, and paths are relative to where we are.
    database
        Whether the database that the environment names is looked at, too.
    today
        Later order days do not count.

    Raises
    ------
    SettingsError
        One line, when nothing can be read or nothing is like a sales log.
    """
    urls = [source for source in sources if _URL.match(source)]
    names = [source for source in sources if source not in urls]
    if len(urls) + database > 1:
        raise SettingsError("profile: one database at a time")
    base = (Path.cwd() if to is None else to.parent).resolve()
    place = Place(base, writable=to is not None)
    paths = files_of(names)
    kept = [base / DRAFTED_MAP]  # drafted and refined earlier: used, and not drafted again
    kept = [path for path in kept if to is not None and path.is_file() and path not in paths]
    with _tables(urls[0] if urls else None, database) as tables:
        looks, unreadable = look_at_files(paths, base)
        beside, _ = look_at_files(kept, base)
        if tables is not None:
            looks += tables.look_at_all()
            unreadable |= tables.unreadable
        if not looks:
            raise SettingsError(_nothing(unreadable, tables))
        found = tables_of(looks) if tables is None else _closer(looks, tables)
        profile = profile_tables(
            found, tables_of(beside), unreadable, place, today, merge=tables is None
        )
        text = draft_yaml(profile, _name(profile, to), _where(profile, base, tables))
    from_database = profile.table.looks[0].there is not None
    return Draft(text, _csv(profile.divisions.map_rows), profile, from_database)


def write_draft(draft: Draft, to: Path, *, force: bool) -> list[Path]:
    """Write the YAML, and the SKU map where one is drafted.

    Raises
    ------
    SettingsError
        When a file is there already and ``force`` is not set.
    """
    files = {to: draft.text}
    if draft.sku_map is not None:
        files[to.parent / DRAFTED_MAP] = draft.sku_map
    check_free(files, force=force)
    to.parent.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8", newline="")
    return list(files)


def check_free(paths: Sequence[Path] | dict[Path, str], *, force: bool) -> None:
    """Check that nothing would be overwritten.

    Raises
    ------
    SettingsError
        When a file is there already and ``force`` is not set.
    """
    for path in paths:
        if path.exists() and not force:
            raise SettingsError(f"{path} is there already; --force overwrites it")


def problem_of(draft: Draft, to: Path) -> str | None:
    """What a written draft needs before `gosales run`, in one line; None: nothing that is known."""
    if not draft.from_database:  # of a database nothing is extracted yet
        try:
            check_sources(load_settings(to))
        except SettingsError as error:
            return str(error)
    return next((r for r in remarks_on(draft.profile) if r.startswith("EDIT")), None)


@contextmanager
def _tables(url: str | None, database: bool) -> Iterator[DatabaseTables | None]:
    if url is None and not database:
        yield None
        return
    with database_tables(url) as tables:
        yield tables


def _closer(looks: Sequence[FileLook], tables: DatabaseTables) -> list[Table]:
    """Tables of all looks, the sales log's looked at to its end."""
    reading, *_ = find_log([Table([look]) for look in looks], merge=False)
    log = reading.table.looks[0]
    return [Table([tables.look_closer(look) if look is log else look]) for look in looks]


def _nothing(unreadable: dict[str, str], tables: DatabaseTables | None) -> str:
    if unreadable:
        name, why = next(iter(unreadable.items()))
        return f"{name}: {why}"
    if tables is not None:
        return f"{tables.label}: no table or view that this user may see"
    return "profile: name files, a folder, or a database"


def _where(profile: Profile, base: Path, tables: DatabaseTables | None) -> list[str]:
    looks = profile.table.looks
    if tables is not None and looks[0].there is not None:
        return source_lines([], [tables.entry(look.file.name) for look in looks])
    return source_lines(patterns(sorted(look.file.path for look in looks), base), [])


def _name(profile: Profile, to: Path | None) -> str:
    """A short name: that of the YAML, of the database's table, or of the folder of the files."""
    if to is not None:
        return to.stem
    first = profile.table.looks[0]
    if first.there is not None:
        return first.file.name
    return first.file.path.resolve().parent.name or "sales"


def _csv(rows: Sequence[Sequence[str]]) -> str | None:
    if not rows:
        return None
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
