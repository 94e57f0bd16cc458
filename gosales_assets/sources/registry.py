"""Registry of files: what was loaded of each file before, and whether it can stay as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gosales_assets.parts import Rewrite
from gosales_assets.sources.contract import LOAD_LOG
from gosales_assets.warehouse import Warehouse


@dataclass(frozen=True)
class Registry:
    """Rows of ``raw.load_log`` by file, and the next versions of the tables they tell of."""

    known: Mapping[str, Mapping[str, Any]]
    lines: Rewrite
    quarantine: Rewrite

    def keep(self, source: str, basis: str) -> Mapping[str, Any] | None:
        """Keep what a file gave before, if its content and all it is read with are the same.

        Returns
        -------
        The file's row of the load log; None: the file must be read.
        """
        row = self.known.get(source)
        if row is None or row["basis"] != basis:
            return None
        parts = {
            rewrite: [
                name
                for name, part in rewrite.before.items()
                if part.notes.get("source") == source and part.basis == basis
            ]
            for rewrite in (self.lines, self.quarantine)
        }
        held = [
            sum(rewrite.before[name].rows for name in names) for rewrite, names in parts.items()
        ]
        # An interrupted load may have written one table and not the other.
        if held != [row["lines_loaded"], row["rows_quarantined"]]:
            return None
        for rewrite, names in parts.items():
            for name in names:
                rewrite.keep(name)
        return row


def rows_by_file(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """What the load log says of each file; nothing when there is none, or it failed a check."""
    if not warehouse.has(LOAD_LOG) or warehouse.is_broken(LOAD_LOG):
        return {}
    log = warehouse.read(LOAD_LOG)
    if log.schema != LOAD_LOG.types:
        return {}
    return {row["source_file"]: row for row in log.iter_rows(named=True)}
