"""How fast a sample is made, beside what writing plain CSV of as many rows costs.

Run: ``python -m gosales_assets_tests.benchmarks.bench_sample [customers]``.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from gosales_assets.sources.sample import SampleSpec, generate
from gosales_assets.sources.sample.catalogue import LOG_HEADER


def plain_write(path: Path, rows: int) -> float:
    """Seconds that Polars takes to write as many rows of the same width, mostly empty, to a CSV."""
    filled = pl.Series(np.arange(rows) / 7)
    empty = pl.repeat(None, rows, dtype=pl.Float64, eager=True)
    frame = pl.DataFrame(
        [(filled if i < 15 else empty).alias(name) for i, name in enumerate(LOG_HEADER)]
    )
    started = time.perf_counter()
    frame.write_csv(path, float_precision=2)
    return time.perf_counter() - started


def main() -> None:
    """Print seconds, rows a second and the ratio to a plain write."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        sample = generate(Path(folder), SampleSpec(customers=customers))
        seconds = time.perf_counter() - started
        plain = plain_write(Path(folder) / "plain.csv", sample.order_rows)
    print(
        f"{customers:,} customers, {sample.order_rows:,} rows: {seconds:.1f} s, "
        f"{sample.order_rows / seconds:,.0f} rows/s, {seconds / plain:.1f} x a plain write_csv"
    )


if __name__ == "__main__":
    main()
