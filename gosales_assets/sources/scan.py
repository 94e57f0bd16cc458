"""A first look at a file's dates and divisions, kept in a cache: what must be known beforehand.

The order of day and month is decided from a whole column, and the partitions need divisions and
trading days before any run; so each file is looked through once, and again only when it, or the
settings, change.
"""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from gosales_assets.settings import Settings, SettingsError, environment
from gosales_assets.sources.dates import day_text, decide_order, is_no_date, parse_date
from gosales_assets.sources.layout import Layout
from gosales_assets.sources.parsing import text
from gosales_assets.sources.tabular import Fingerprint
from gosales_assets.whole_files import write_text_whole

_FORMAT = 3  # raise it when a scan means something else, so that old caches are not believed


@dataclass(frozen=True)
class FileScan:
    """What one look through a file gave.

    Parameters
    ----------
    known
        Fingerprint, encoding and line ends.
    date_order
        The one order in which the file's dates are read.
    days
        Distinct order days (ISO), ascending; also of rows that turn out unusable later.
    divisions
        Spelling -> rows, where divisions are a column of the log.
    """

    known: Fingerprint
    date_order: str
    days: list[str]
    divisions: dict[str, int]


def scan(settings: Settings, path: Path, layout: Layout) -> FileScan:
    """Look through a file, or remember what was seen when it has not changed since.

    Raises
    ------
    SettingsError
        When the file is damaged, or its dates cannot be told apart or read at all.
    """
    cached = _cache_file(settings, path)
    if cached.is_file():
        content = json.loads(cached.read_text(encoding="utf-8"))
        return FileScan(Fingerprint(**content.pop("known")), **content)
    seen = _look_through(settings, layout)
    content = asdict(seen)
    write_text_whole(cached, json.dumps(content))
    return seen


def divisions_are_a_column(settings: Settings, layout: Layout) -> bool:
    """Whether divisions come from the log itself: a long one, without a SKU map, that has them."""
    long = settings.sales_log.layout == "long" and settings.sku_map is None
    return long and "division" in layout.columns


def _look_through(settings: Settings, layout: Layout) -> FileScan:
    known, name = layout.file.fingerprint(), layout.file.name
    dates: Counter[str] = Counter()
    divisions: Counter[str] = Counter()
    date_at = layout.columns["order_date"]
    wanted = {date_at: dates}
    if divisions_are_a_column(settings, layout):
        wanted[layout.columns["division"]] = divisions
    totals_at = layout.empty_in_totals
    for chunk in layout.file.chunks(known, [*wanted, *totals_at], totals_at):
        for at, counter in wanted.items():
            cells = (day_text if at == date_at else text)(pl.col(str(at)))
            counts = chunk.records.select(cells.alias("text")).drop_nulls().group_by("text").len()
            counter.update(dict(counts.iter_rows()))
    header = layout.file.header[date_at]
    order = decide_order(dates, settings.sales_log.date_order, f"{name}: column {header!r}")
    read = {cell: parse_date(cell, order) for cell in dates}
    days = {day for cell, day in read.items() if day and not is_no_date(cell, day)}
    unreadable = [cell for cell, day in read.items() if not is_no_date(cell, day)]
    if unreadable and not days:
        raise SettingsError(
            f"{name}: no date of column {header!r} can be read as {order} (such as "
            f"{min(unreadable)!r}); check sales_log.columns.order_date and date_order"
        )
    return FileScan(known, order, sorted(day.isoformat() for day in days), dict(divisions))


def _cache_file(settings: Settings, path: Path) -> Path:
    there = path.stat()
    basis = [_FORMAT, settings.config_hash, str(path), there.st_size, there.st_mtime_ns]
    digest = hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:24]
    return environment().home / "cache" / f"scan-{digest}.json"
