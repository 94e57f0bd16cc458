"""Load the sales log: every file read, parsed, and accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from gosales_assets.settings import Settings
from gosales_assets.sources.conservation import Repeats, Tally, with_fates
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE, SALES_LINES
from gosales_assets.sources.layout import Layout, shown_name
from gosales_assets.sources.long import parse_long
from gosales_assets.sources.orders import Parsed, order_fields
from gosales_assets.sources.outline import division_keys, scans
from gosales_assets.sources.scan import FileScan
from gosales_assets.sources.sku_map import SkuMap, load_sku_map
from gosales_assets.sources.tabular import Chunk
from gosales_assets.sources.wide import parse_wide

LOADED = "loaded"
SAME_CONTENT = "same content as an earlier file"


@dataclass(frozen=True)
class SalesLogLoad:
    """The sales log as loaded: frames of `raw.sales_lines`, `raw.quarantine`, `raw.load_log`."""

    lines: pl.DataFrame
    quarantine: pl.DataFrame
    log: pl.DataFrame


@dataclass(frozen=True)
class _Context:
    settings: Settings
    sku_map: SkuMap | None
    keys: Mapping[str, str]


@dataclass(frozen=True)
class _FileLoad:
    lines: pl.DataFrame
    quarantine: pl.DataFrame
    log: dict[str, Any]


def load_sales_log(settings: Settings) -> SalesLogLoad:
    """Read all files of the sales log; a file with the content of an earlier one loads nothing.

    Raises
    ------
    SettingsError
        One line that names file, column and fix, when a file cannot be read as the settings say.
    """
    _ = settings.sales_files
    context = _Context(settings, load_sku_map(settings), division_keys(settings))
    loads: list[_FileLoad] = []
    seen: dict[str, str] = {}
    for path, (layout, look) in scans(settings).items():
        name = shown_name(settings, path)
        earlier = seen.setdefault(look.known.sha256, name)
        if earlier != name:
            loads.append(_nothing_loaded(name, layout, look, f"same content as {earlier}"))
        else:
            loads.append(_load_file(context, path, layout, look))
    return SalesLogLoad(
        SALES_LINES.typed(pl.concat([load.lines for load in loads], rechunk=True)),
        QUARANTINE.typed(pl.concat([load.quarantine for load in loads], rechunk=True)),
        LOAD_LOG.typed(pl.DataFrame([load.log for load in loads], schema=LOAD_LOG.types)),
    )


def _load_file(context: _Context, path: Path, layout: Layout, look: FileScan) -> _FileLoad:
    name = shown_name(context.settings, path)
    tally, repeats = Tally(), Repeats()
    lines, set_aside, skipped = [SALES_LINES.empty()], [QUARANTINE.empty()], layout.file.titles
    date_at = layout.columns["order_date"]
    for chunk in layout.file.chunks(look.known, layout.fields, date_at):
        parsed = _parse(context, chunk, layout, look)
        records = with_fates(parsed.records, repeats)
        loaded = _sales_lines(parsed.lines, records, name, look.known.sha256)
        tally.add(records, loaded, chunk.broken.height)
        lines.append(SALES_LINES.typed(loaded.drop("own_revenue", "own_gross_profit")))
        set_aside.append(_quarantined(records, chunk.broken, name))
        skipped += chunk.skipped
    kept = pl.concat(lines)
    log = _log_row(name, layout, look, LOADED) | {
        **{f"rows_{fate}": rows for fate, rows in tally.rows.items()},
        **tally.sums,
        "rows_skipped": skipped,
        "lines_loaded": tally.lines,
        "first_day": kept["order_date"].min(),
        "last_day": kept["order_date"].max(),
    }
    return _FileLoad(kept, pl.concat(set_aside), log)


def _parse(context: _Context, chunk: Chunk, layout: Layout, look: FileScan) -> Parsed:
    settings, sku_map = context.settings, context.sku_map
    log = settings.sales_log
    orders = order_fields(chunk.records, layout, log, look.date_order, settings.today)
    if log.layout == "wide" and sku_map is not None:
        return parse_wide(chunk.records, orders, layout, log, sku_map)
    return parse_long(chunk.records, orders, layout, log, sku_map, context.keys)


def _sales_lines(
    lines: pl.DataFrame, records: pl.DataFrame, name: str, sha256: str
) -> pl.DataFrame:
    loaded = records.filter(fate="loaded").select("line")
    return (
        lines.join(loaded, on="line", how="semi", maintain_order="left")
        .with_columns(
            line_id=pl.format("{}-{}-{}", pl.lit(sha256[:12]), "line", "sku"),
            source_file=pl.lit(name),
        )
        .rename({"line": "source_line"})
        .select(*SALES_LINES.types, "own_revenue", "own_gross_profit")
    )


def _quarantined(records: pl.DataFrame, broken: pl.DataFrame, name: str) -> pl.DataFrame:
    columns = ["line", "reason", "detail", "raw"]
    rows = pl.concat([records.filter(fate="quarantined").select(columns), broken.select(columns)])
    return QUARANTINE.typed(
        rows.select(
            source_file=pl.lit(name),
            source_line="line",
            reason="reason",
            detail="detail",
            raw_text="raw",
        ).sort("source_line")
    )


def _nothing_loaded(name: str, layout: Layout, look: FileScan, remark: str) -> _FileLoad:
    log = _log_row(name, layout, look, SAME_CONTENT)
    zeros = {column: 0 for column in LOAD_LOG.types if column not in log}
    days = {"first_day": None, "last_day": None}
    return _FileLoad(
        SALES_LINES.empty(), QUARANTINE.empty(), zeros | log | days | {"notes": remark}
    )


def _log_row(name: str, layout: Layout, look: FileScan, status: str) -> dict[str, Any]:
    file = look.known
    return {
        "source_file": name,
        "sha256": file.sha256,
        "bytes": file.size,
        "encoding": file.encoding,
        "delimiter": layout.file.delimiter,
        "date_order": look.date_order,
        "status": status,
        "notes": "; ".join(layout.notes),
    }
