"""Loads a sales log for a test, with blocks as small as the test wants."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import ibis
import polars as pl

from gosales_assets.settings import Settings
from gosales_assets.sources import delimited
from gosales_assets.sources.conservation import (
    disagreements,
    held_by_file,
    imbalances,
    set_aside_by_file,
)
from gosales_assets.sources.contract import QUARANTINE, SALES_LINES
from gosales_assets.sources.load import load_sales_log
from gosales_assets.warehouse import Warehouse

NOW = datetime(2025, 7, 1, 12)


@dataclass(frozen=True)
class LoadedLog:
    """The three tables of a load, as they lie in the lake."""

    lines: pl.DataFrame
    quarantine: pl.DataFrame
    log: pl.DataFrame

    def problems(self) -> list[tuple[str, str, str]]:
        """What is not accounted for: in the log itself, and between log and tables."""
        held = held_by_file(ibis.memtable(self.lines)).to_polars()
        aside = set_aside_by_file(ibis.memtable(self.quarantine)).to_polars()
        return imbalances(self.log.to_dicts()) + disagreements(self.log, held, aside)


def load_log(
    settings: Settings, block_size: int = delimited.BLOCK, home: Path | None = None
) -> LoadedLog:
    """Load a sales log into the lake in ``home`` (or one of its own) and read what is there."""
    with tempfile.TemporaryDirectory() as folder, patch.object(delimited, "BLOCK", block_size):
        warehouse = Warehouse(home=str(home or folder), code_version="test", basis="test")
        load = load_sales_log(settings, warehouse, NOW)
        return LoadedLog(
            warehouse.read(SALES_LINES).sort(SALES_LINES.sort),
            warehouse.read(QUARANTINE).sort(QUARANTINE.sort),
            load.log,
        )
