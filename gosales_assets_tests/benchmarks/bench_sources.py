"""A wide CSV of ten million lines, to facts and customer_month, beside DuckDB's plain copy of it.

Run: ``python -m gosales_assets_tests.benchmarks.bench_sources [lines]``

The reference is what DuckDB takes to copy the same file, every field as text, to Parquet: before
and after the measured part, of which the mean counts. Prints seconds, peak memory and the ratio;
the bounds are 3 times and 4 GB. Each part runs in a process of its own, on all cores.
"""

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from gosales_assets_tests.benchmarks.wide_log import write_wide_log

BOUND_RATIO, BOUND_GB = 3.0, 4.0


def copy_as_text(folder: Path) -> tuple[float, float, str]:
    """Seconds and peak gigabytes of DuckDB's copy."""
    began = time.monotonic()
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (from read_csv('{folder}/log.csv', all_varchar = true, header = true)) "
            f"to '{folder}/copy.parquet' (format parquet)"
        )
    return time.monotonic() - began, _peak(), ""


def load(folder: Path) -> tuple[float, float, str]:
    """Seconds and peak gigabytes of the platform's assets, and what they made."""
    import dagster as dg

    from gosales_assets.settings import load_settings
    from gosales_assets.sources.assets import sales_log
    from gosales_assets.sources.contract import LOAD_LOG
    from gosales_assets.star.assets import customer_month, fact_transactions
    from gosales_assets.star.contract import CUSTOMER_MONTH, FACT_TRANSACTIONS
    from gosales_assets.warehouse import Warehouse

    warehouse = Warehouse(home=str(folder / "home"), code_version="bench", basis="bench")
    resources = {"warehouse": warehouse, "settings": load_settings(folder / "log.yaml")}
    with dg.DagsterInstance.ephemeral() as instance:
        began = time.monotonic()
        assets = [sales_log, fact_transactions, customer_month]
        result = dg.materialize(assets, instance=instance, resources=resources)
        seconds = time.monotonic() - began
        steps = {
            event.step_key: round(event.step_success_data.duration_ms / 1000, 1)
            for event in result.all_events
            if event.is_step_success
        }
    row = warehouse.read(LOAD_LOG).row(0, named=True)
    made = {
        "read": row["rows_read"],
        "loaded": row["rows_loaded"],
        "fact lines": warehouse.written(FACT_TRANSACTIONS).rows,
        "customer months": warehouse.written(CUSTOMER_MONTH).rows,
    }
    return seconds, _peak(), json.dumps({"made": made, "seconds": steps}, indent=2)


def apart(
    work: Callable[[Path], tuple[float, float, str]], folder: Path
) -> tuple[float, float, str]:
    """Run in a fresh process, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, folder).result()


def main(lines: int) -> None:
    """Generate, run, print."""
    with tempfile.TemporaryDirectory(prefix="gosales-bench-") as name:
        folder = Path(name)
        write_wide_log(folder, lines)
        size = (folder / "log.csv").stat().st_size / 1024**2
        print(f"{datetime.now(UTC):%Y-%m-%d}: {lines:,} lines, {size:,.0f} MB of wide CSV")
        before, _, _ = apart(copy_as_text, folder)
        seconds, peak, made = apart(load, folder)
        after, _, _ = apart(copy_as_text, folder)
    reference = (before + after) / 2
    print(made)
    print(f"DuckDB copies it as text in {before:.1f} s before, {after:.1f} s after")
    print(f"to facts and customer_month {seconds:.1f} s, peak {peak:.2f} GB")
    print(f"ratio {seconds / reference:.2f} (bound {BOUND_RATIO}), memory bound {BOUND_GB} GB")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
