"""The inventory of the lake: which partitions there are, and what they were made on."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from gosales_assets.partitions import Keys
from gosales_assets.runs.contract import LAKE_INVENTORY
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse


def current_partitions(warehouse: Warehouse, table: Table, keys: Keys) -> list[Mapping[str, str]]:
    """Partitions of ``table`` that belong to today's cutoffs and divisions, and broke no check."""
    wanted = {"cutoff": set(keys.cutoffs), "division": set(keys.divisions)}
    return [
        partition
        for partition in warehouse.partitions(table)
        if all(value in wanted[key] for key, value in partition.items())
        and not warehouse.is_broken(table, **partition)
    ]


def take_inventory(warehouse: Warehouse, tables: Iterable[Table], keys: Keys) -> pl.DataFrame:
    """List the lake: one row per current partition of ``tables``, as ``runs.lake_inventory``."""
    rows = []
    for table in tables:
        for partition in current_partitions(warehouse, table, keys):
            footer = warehouse.footer(table, **partition)
            rows.append(
                {
                    "table_name": table.name,
                    "cutoff": partition.get("cutoff"),
                    "division": partition.get("division"),
                    "rows": int(footer["gosales.rows"]),
                    "checksum": footer["gosales.checksum"],
                    "code_version": footer["gosales.code"],
                    "basis": footer["gosales.basis"],
                    "run_id": footer["gosales.run"],
                }
            )
    return pl.DataFrame(rows, schema=LAKE_INVENTORY.types)


def per_table(inventory: pl.DataFrame) -> dict[str, dict[str, int | str]]:
    """Rows and one checksum per table, over its partitions in order."""
    summary: dict[str, dict[str, int | str]] = {}
    ordered = inventory.sort("table_name", "cutoff", "division", nulls_last=False)
    for (name,), part in ordered.group_by("table_name", maintain_order=True):
        checksums: Sequence[str] = part["checksum"].to_list()
        digest = hashlib.sha256("".join(checksums).encode()).hexdigest()[:16]
        summary[str(name)] = {
            "rows": int(part["rows"].sum()),
            "partitions": part.height,
            "checksum": digest,
        }
    return summary
