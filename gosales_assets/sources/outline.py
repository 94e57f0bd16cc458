"""Outline of the sources, known before any run: what is predicted, over which days, and problems.

Dagster asks for it each time the code location loads, so nothing here reads more than it must.
"""

from datetime import date
from pathlib import Path

from gosales_assets.division_names import division_identity, division_key
from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.divisions import most_frequent_spellings
from gosales_assets.sources.headers import nearest
from gosales_assets.sources.layout import Layout, layout_of
from gosales_assets.sources.rates import load_rates
from gosales_assets.sources.scan import FileScan, divisions_are_a_column, scan
from gosales_assets.sources.side_tables import check_side_tables
from gosales_assets.sources.sku_map import load_sku_map

NO_LOG = "(no sales log)"
_NO_LOG_DAYS = date(2020, 1, 1), date(2022, 12, 31)


def check_sources(settings: Settings) -> None:
    """Check files, headers, SKU map, targets and dates before a run.

    Raises
    ------
    SettingsError
        One line that names the first problem and its fix.
    """
    _ = settings.sales_files
    layouts = _layouts(settings)
    check_side_tables(settings)
    load_rates(settings)
    own_windows(settings)
    for path, layout in layouts.items():
        scan(settings, path, layout)


def target_divisions(settings: Settings) -> list[str]:
    """Keys of all targets, sorted: the log's divisions less the excluded ones, and the SKU sets.

    Raises
    ------
    SettingsError
        When an excluded division is not there, a SKU set has a division's name, or nothing is
        left to predict.
    """
    if not settings.has_sales_log:
        return [NO_LOG]
    known = division_keys(settings)
    excluded = set()
    for name in settings.targets.exclude:
        identity = division_identity(name)
        if identity not in known:
            hint = nearest(name, sorted(known.values()))
            raise SettingsError(f"targets.exclude: no division {name!r} in the log{hint}")
        excluded.add(identity)
    sets = {name: division_key(name) for name in settings.targets.sku_sets}
    for name in sets:
        if division_identity(name) in known:
            shown = known[division_identity(name)]
            raise SettingsError(
                f"targets.sku_sets: {name!r} is the name of a division ({shown}); rename the set"
            )
    targets = {key for identity, key in known.items() if identity not in excluded}
    targets |= set(sets.values())
    if not targets:
        raise SettingsError("targets: nothing is left to predict; exclude fewer divisions")
    return sorted(targets)


def own_windows(settings: Settings) -> dict[str, int]:
    """Targets with a window of their own in the settings: key -> months, in order of the keys.

    Raises
    ------
    SettingsError
        When there is no such target, or one is named twice.
    """
    targets = {division_identity(key): key for key in target_divisions(settings)}
    found: dict[str, int] = {}
    for name, months in settings.targets.windows.items() if settings.has_sales_log else ():
        key = targets.get(division_identity(name))
        if key is None:
            hint = nearest(name, sorted(targets.values()))
            raise SettingsError(f"targets.windows: no target is called {name!r}{hint}")
        if key in found:
            raise SettingsError(f"targets.windows: {name!r} names {key!r} once more; keep one")
        found[key] = months
    return dict(sorted(found.items()))


def division_keys(settings: Settings) -> dict[str, str]:
    """All divisions that the settings and the log name: identity -> key."""
    sku_map = load_sku_map(settings)
    if sku_map is not None:
        known = {division_identity(key): key for key in sku_map.divisions}
    else:
        counts: dict[str, int] = {}
        for path, layout in _layouts(settings).items():
            if divisions_are_a_column(settings, layout):
                for name, rows in scan(settings, path, layout).divisions.items():
                    counts[name] = counts.get(name, 0) + rows
        known = most_frequent_spellings(counts)
    if settings.sales_log.layout == "long":
        ruled = [division for _, division in settings.sales_log.keyword_rules]
        other = settings.sales_log.other_division
        for name in [*ruled, *([other] if other else [])]:
            known.setdefault(division_identity(name), division_key(name))
    return known


def trading_days(settings: Settings) -> tuple[date, date]:
    """First order day of the log, and the last day that it is complete for.

    That is ``sales_log.complete_through``, else the last order day; days after today do not count.

    Raises
    ------
    SettingsError
        When no file holds a readable day.
    """
    if not settings.has_sales_log:
        return _NO_LOG_DAYS
    today = settings.today.isoformat()
    days = [
        day
        for path, layout in _layouts(settings).items()
        for day in scan(settings, path, layout).days
        if day <= today
    ]
    if not days:
        raise SettingsError("sales_log.files: no row of the sales log has a readable date")
    last = settings.sales_log.complete_through or date.fromisoformat(max(days))
    return date.fromisoformat(min(days)), last


def scans(settings: Settings) -> dict[Path, tuple[Layout, FileScan]]:
    """Layout and first look of every file of the sales log, in order of their names."""
    return {
        path: (layout, scan(settings, path, layout)) for path, layout in _layouts(settings).items()
    }


def _layouts(settings: Settings) -> dict[Path, Layout]:
    sku_map = load_sku_map(settings)
    return {path: layout_of(settings, path, sku_map) for path in settings.sales_files}
