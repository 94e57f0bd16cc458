"""Worlds from the raw log on: order lines become a file, the file becomes a lake with features.

Run as a program it does so in a process of its own, whose number of threads can be set.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from gosales_assets.settings import Settings
from gosales_assets.sources.contract import SALES_LINES
from gosales_assets.sources.load import load_sales_log
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_lake import Case, bytes_of, make
from gosales_assets_tests.features.feature_worlds import CUTOFF, fill
from gosales_assets_tests.star.order_lines import Row, facts_of

COLUMNS = [
    *("customer_id", "order_date", "order_id", "sku", "division", "quantity", "revenue"),
    *("gross_profit", "branch", "rep"),
]
TARGETS = ["Büro & Möbel", "Paint", "Set q", "Tools"]


def write_log(path: Path, rows: Sequence[Row]) -> None:
    """Write order lines as a delimited file, in the order given."""
    cells = {name: [_cell(row.get(name)) for row in rows] for name in COLUMNS}
    pl.DataFrame(cells, schema=dict.fromkeys(COLUMNS, pl.String)).write_csv(path)


def _cell(value: object) -> str | None:
    return None if value is None else str(value)


def made_of_log(log: Path, home: Path, targets: Sequence[str] = TARGETS, threads: int = 0) -> Case:
    """Load a log and make all features of the usual cutoff from it, in the lake of ``home``."""
    settings = Settings.model_validate(
        {
            "base": log.parent,
            "sales_log": {"files": [log.name]},
            "features": {"affinity_min_customers": 2},
            "targets": {"sku_sets": {"Set q": ["q"]}},
        }
    )
    warehouse = Warehouse(home=str(home), threads=threads)
    load_sales_log(settings, warehouse, datetime(2025, 1, 1))
    fill(warehouse, facts_of(warehouse.read(SALES_LINES)), settings)
    case = Case(settings, targets, CUTOFF)
    make(warehouse, case)
    return case


def checksums(home: Path) -> dict[str, str]:
    """Checksum of every file of features, by its path."""
    files = bytes_of(Warehouse(home=str(home)))
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


if __name__ == "__main__":
    log_, home_, threads_ = sys.argv[1:]
    made_of_log(Path(log_), Path(home_), threads=int(threads_))
    sys.stdout.write(json.dumps(checksums(Path(home_))))
