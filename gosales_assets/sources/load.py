"""Load the sales log: every file that is new or changed is read, parsed, and accounted for.

Rows stream from the file into the lake, a block at a time. A file that has not changed, read with
the same settings, keeps the parts that it has; one that has changed replaces its own rows only.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from gosales_assets.parts import basis_of, checksum_of
from gosales_assets.read_ahead import read_ahead
from gosales_assets.settings import Settings
from gosales_assets.sources.conservation import MEASURES, Tally, with_fates
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE, SALES_LINES
from gosales_assets.sources.file_parts import FileParts
from gosales_assets.sources.layout import Layout
from gosales_assets.sources.long import parse_long
from gosales_assets.sources.orders import Parsed, order_fields
from gosales_assets.sources.outline import division_keys, scans
from gosales_assets.sources.rates import Rates, load_rates
from gosales_assets.sources.registry import Registry, rows_by_file
from gosales_assets.sources.repeats import Repeats
from gosales_assets.sources.scan import FileScan
from gosales_assets.sources.sku_map import SkuMap, load_sku_map
from gosales_assets.sources.tabular import Chunk
from gosales_assets.sources.wide import parse_wide
from gosales_assets.warehouse import Warehouse

LOADED = "loaded"
SAME_CONTENT = "same content as an earlier file"
# Settings of the sales log that do not change how a file is read.
_NOT_READING = {"files", "database", "complete_through"}


@dataclass(frozen=True)
class SalesLogLoad:
    """What a load did.

    Parameters
    ----------
    log
        ``raw.load_log``, as written.
    read, kept
        Files that were read, and files whose rows stayed as they were.
    """

    log: pl.DataFrame
    read: list[str]
    kept: list[str]


@dataclass(frozen=True)
class _Context:
    settings: Settings
    sku_map: SkuMap | None
    keys: Mapping[str, str]
    rates: Rates
    with_line_ids: list[str]
    code_version: str
    now: datetime

    def basis(self, layout: Layout, look: FileScan) -> str:
        """Hash of all that a file's rows are made on."""
        log = self.settings.sales_log.model_dump(mode="json", exclude=_NOT_READING)
        entries = None if self.sku_map is None else checksum_of(self.sku_map.entries)
        today = self.settings.today.isoformat()
        # Today matters only to a file with days that are still to come.
        still_to_come = today if look.days and look.days[-1] > today else None
        # A line id counts once in the whole log, so such files are read together or not at all.
        others = self.with_line_ids if "line_id" in layout.columns else []
        name, file = layout.file.name, look.known.sha256
        keys = sorted(self.keys.items())
        rates = checksum_of(self.rates.table)
        made_with = (name, file, look.date_order, log, entries, keys, rates, still_to_come, others)
        return basis_of(self.code_version, *made_with)


def load_sales_log(
    settings: Settings, warehouse: Warehouse, now: datetime, run_id: str = ""
) -> SalesLogLoad:
    """Bring ``raw.sales_lines``, ``raw.quarantine`` and ``raw.load_log`` up to date.

    A file with the content of an earlier one loads nothing.

    Parameters
    ----------
    now
        Time of the load, UTC without a zone.

    Raises
    ------
    SettingsError
        One line that names file, column and fix, when a file cannot be read as the settings say;
        the tables then stay as they were.
    """
    _ = settings.sales_files
    sku_map, keys = load_sku_map(settings), division_keys(settings)
    rates = load_rates(settings)
    files = list(scans(settings).values())
    with_ids = [look.known.sha256 for layout, look in files if "line_id" in layout.columns]
    context = _Context(settings, sku_map, keys, rates, with_ids, warehouse.code_version, now)
    repeats = Repeats()
    rows: list[Mapping[str, Any]] = []
    read, kept = [], []
    first_with: dict[str, str] = {}
    with (
        warehouse.rewrite(QUARANTINE, run_id) as quarantine,
        warehouse.rewrite(SALES_LINES, run_id) as lines,
    ):
        registry = Registry(rows_by_file(warehouse), lines, quarantine)
        for layout, look in files:
            name, basis = layout.file.name, context.basis(layout, look)
            first = first_with.setdefault(look.known.sha256, name)
            if first != name:
                rows.append(_nothing_loaded(context, layout, look, f"same content as {first}"))
            elif row := registry.keep(name, basis):
                rows.append(row)
                kept.append(name)
            else:
                rows.append(_load_file(context, layout, look, registry, repeats, basis))
                read.append(name)
    log = LOAD_LOG.typed(pl.DataFrame(rows, schema=LOAD_LOG.types))
    warehouse.write(LOAD_LOG, log, run_id=run_id)
    return SalesLogLoad(log, read, kept)


def _load_file(
    context: _Context,
    layout: Layout,
    look: FileScan,
    registry: Registry,
    repeats: Repeats,
    basis: str,
) -> dict[str, Any]:
    """Read one file into the lake; gives its row of the load log."""
    name = layout.file.name
    tally = Tally()
    repeats.begin_file()
    lines = FileParts(registry.lines, name, basis, month_of="order_date")
    set_aside = FileParts(registry.quarantine, name, basis)
    skipped, notes = layout.file.titles, layout.notes
    chunks = layout.file.chunks(look.known, layout.fields, layout.empty_in_totals)
    # Three stages, each a chunk ahead of the next: to cut into cells, to parse, to write.
    parsing = ((chunk, _parse(context, chunk, layout, look)) for chunk in read_ahead(chunks))
    for chunk, parsed in read_ahead(parsing):
        records = with_fates(_with_content(parsed.records, chunk, layout), repeats)
        loaded = _sales_lines(parsed.lines, records, name, context.now)
        tally.add(records, loaded, chunk.broken.height)
        lines.add(SALES_LINES.typed(loaded.drop("own_revenue", "own_gross_profit")))
        set_aside.add(_quarantined(records, chunk.broken, name))
        skipped += chunk.skipped
        notes += chunk.remarks
    lines.finish()
    set_aside.finish()
    return _log_row(context, layout, look, LOADED, basis) | {
        **{f"rows_{fate}": rows for fate, rows in tally.rows.items()},
        **tally.sums,
        "notes": "; ".join(notes),
        "rows_skipped": skipped,
        "lines_loaded": tally.lines,
        "first_day": tally.first_day,
        "last_day": tally.last_day,
    }


def _with_content(records: pl.DataFrame, chunk: Chunk, layout: Layout) -> pl.DataFrame:
    """Add the hash of each record's cells but its line id, where the file has such a column."""
    at = layout.columns.get("line_id")
    if at is None:
        return records.with_columns(content=pl.lit(None, pl.UInt64))
    cells = chunk.records.drop("line", "raw", str(at))
    return records.with_columns(content=cells.hash_rows(seed=300))


def _parse(context: _Context, chunk: Chunk, layout: Layout, look: FileScan) -> Parsed:
    settings, sku_map = context.settings, context.sku_map
    log = settings.sales_log
    orders = order_fields(
        chunk.records, layout, log, context.rates, look.date_order, settings.today
    )
    if log.layout == "wide" and sku_map is not None:
        return parse_wide(chunk.records, orders, layout, log, sku_map)
    return parse_long(chunk.records, orders, layout, log, sku_map, context.keys)


def _sales_lines(
    lines: pl.DataFrame, records: pl.DataFrame, name: str, now: datetime
) -> pl.DataFrame:
    # By the file's name and not its content: an export that grew keeps the ids of its old lines.
    file = hashlib.sha256(name.encode()).hexdigest()[:12]
    loaded = records.filter(fate="loaded").select("line")
    return (
        lines.join(loaded, on="line", how="semi", maintain_order="left")
        .with_columns(
            line_id=pl.format("{}-{}-{}", pl.lit(file), "line", "sku"),
            source_file=pl.lit(name),
            loaded_at=pl.lit(now, pl.Datetime),
        )
        .rename({"line": "source_line"})
        .select(*SALES_LINES.types, "own_revenue", "own_gross_profit")
    )


def _quarantined(records: pl.DataFrame, broken: pl.DataFrame, name: str) -> pl.DataFrame:
    columns = ["line", "reason", "detail", "raw"]
    unusable = records.filter(fate="quarantined").select(*columns, *MEASURES)
    # Records that could not be split into fields come without amounts.
    rows = pl.concat([unusable, broken.select(columns)], how="diagonal")
    return QUARANTINE.typed(
        rows.select(
            source_file=pl.lit(name),
            source_line="line",
            reason="reason",
            detail="detail",
            quantity="quantity",
            revenue="revenue",
            gross_profit="gross_profit",
            raw_text="raw",
        ).sort("source_line")
    )


def _nothing_loaded(
    context: _Context, layout: Layout, look: FileScan, remark: str
) -> dict[str, Any]:
    log = _log_row(context, layout, look, SAME_CONTENT, basis="") | {"notes": remark}
    zeros = {column: 0 for column in LOAD_LOG.types if column not in log}
    return zeros | log | {"first_day": None, "last_day": None}


def _log_row(
    context: _Context, layout: Layout, look: FileScan, status: str, basis: str
) -> dict[str, Any]:
    known = look.known
    return {
        "source_file": layout.file.name,
        "sha256": known.sha256,
        "basis": basis,
        "loaded_at": context.now,
        "bytes": known.size,
        "kind": layout.file.kind,
        "encoding": known.encoding,
        "delimiter": layout.file.delimiter,
        "date_order": look.date_order,
        "status": status,
        "notes": "; ".join(layout.notes),
    }
