"""The registry of runs: what every run that wrote something published was made of."""

from collections.abc import Mapping

import polars as pl

from gosales_assets.provenance import parts_of_basis
from gosales_assets.runs.contract import RUN_REGISTRY


def register(
    inventory: pl.DataFrame,
    earlier: pl.DataFrame,
    sessions: Mapping[str, str | None],
    basis: str,
    inputs: str,
) -> pl.DataFrame:
    """Rows of ``runs.run_registry``: those of earlier, and one for each run of the inventory.

    Parameters
    ----------
    inventory
        Rows of ``runs.lake_inventory``.
    earlier
        The registry so far; its rows stay as they are.
    sessions
        Run -> the ``gosales run`` that it belongs to.
    basis, inputs
        Of now: the basis, and JSON of the input files' checksums. A run that was made on the same
        files has the same; of others it is known from earlier rows, or not at all.
    """
    files = {
        parts_of_basis(row["basis"])[1]: row["inputs"]
        for row in earlier.drop_nulls("inputs").iter_rows(named=True)
    }
    files[parts_of_basis(basis)[1]] = inputs
    known = set(earlier["run_id"])
    runs = (
        inventory.filter((pl.col("run_id") != "") & ~pl.col("run_id").is_in(known))
        .group_by("run_id")
        .agg(
            pl.col("code_version", "basis").sort().first(),
            tables=pl.col("table_name").n_unique(),
            partitions=pl.len(),
        )
        .sort("run_id")
    )
    rows = []
    for row in runs.iter_rows(named=True):
        config, of_files = parts_of_basis(row["basis"])
        rows.append(
            row
            | {
                "session": sessions.get(row["run_id"]),
                "config_hash": config,
                "inputs": files.get(of_files),
            }
        )
    return pl.concat([earlier, pl.DataFrame(rows, schema=RUN_REGISTRY.types)])
