"""Labels, fitted things and both feature layers of many customers, 12 targets and 8 cutoffs.

Run: ``python -m gosales_assets_tests.benchmarks.bench_features [small|big|growth]``

- small: 20,000 customers, a million lines; under 40 s and 2 GB.
- big: 200,000 customers, 10 million lines; at most 4 times, per cutoff, what DuckDB takes to scan
  the same lines and sum them by customer, division and month; under 8 GB.
- growth: how processor time grows with lines and with cutoffs, three sizes each.

The assets of the labels room, fitted things and both layers are bound, with the families of
features that are on by default; caps and the matrix are made as well, but stand apart. The big size
takes its reference right before and after, in the same process, and prints processor seconds beside
those of the wall: they tell on a busy machine. Each part runs in a process of its own, on all
cores.
"""

import math
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gosales_assets_tests.benchmarks.measuring import (
    Cost,
    apart,
    cost_since,
    materialize,
    report,
    write_world,
)
from gosales_assets_tests.benchmarks.star_log import QUARTERS

SMALL_SECONDS, SMALL_GB = 40.0, 2.0
BIG_RATIO, BIG_GB = 4.0, 8.0
_AFTER = {"winsor_caps", "feature_matrix"}
_LEFT_OUT = {"feature_statistics", "feature_catalog", "matrix_statistics"}


def scan_and_group(folder: Path) -> Cost:
    """Sum the lines by customer, division and month, as plainly as DuckDB can."""
    import duckdb

    began, spent = time.monotonic(), time.process_time()
    with duckdb.connect() as connection:
        connection.execute(
            "create table sums as select customer_id, division, "
            "date_trunc('month', order_date) as month, count(*) as lines, sum(quantity) as units, "
            "sum(revenue) as revenue, sum(gross_profit) as gross_profit, sum(value) as value "
            f"from '{folder}/home/lake/star/fact_transactions/*.parquet' group by all"
        )
    return cost_since(began, spent, {})


def make_layers(folder: Path) -> Cost:
    """Make what is bound: labels, fitted things and both layers."""
    return _make(folder, [table for table in _tables() if table.short_name not in _AFTER])


def make_matrix(folder: Path) -> Cost:
    """Make what stands apart: caps and the matrix."""
    return _make(folder, [table for table in _tables() if table.short_name in _AFTER])


def make_between_scans(folder: Path) -> tuple[Cost, Cost, Cost]:
    """Make what is bound, with the reference right before and after it."""
    return scan_and_group(folder), make_layers(folder), scan_and_group(folder)


def _tables() -> list[Any]:
    from gosales_assets.features import contract as features
    from gosales_assets.labels import contract as labels
    from gosales_assets.tables import tables_of

    made = [*tables_of(labels), *tables_of(features)]
    return [table for table in made if table.short_name not in _LEFT_OUT]


def _make(folder: Path, tables: Sequence[Any]) -> Cost:
    from gosales_assets.features import assets as features
    from gosales_assets.labels import assets as labels

    return materialize(folder, [*labels.ASSETS, *features.ASSETS], tables)


def small(folder: Path) -> None:
    """Print seconds and memory of 20,000 customers."""
    write_world(folder, 1_000_000, 20_000)
    cost = report("labels and both layers", apart(make_layers, folder))
    print(f"bounds {SMALL_SECONDS} s, {SMALL_GB} GB: {cost.seconds:.1f} s, {cost.peak:.2f} GB")
    report("caps and matrix", apart(make_matrix, folder))


def big(folder: Path) -> None:
    """Print the ratio to a plain scan, and the memory, of 200,000 customers."""
    write_world(folder, 10_000_000, 200_000)
    before, cost, after = apart(make_between_scans, folder)
    report("one scan and group before", before)
    report("one scan and group after", after)
    report("labels and both layers", cost)
    for what in ("seconds", "processor"):
        scan = (getattr(before, what) + getattr(after, what)) / 2
        ratio = getattr(cost, what) / len(QUARTERS) / scan
        print(f"{what} per cutoff over those of a scan: {ratio:.2f} (bound {BIG_RATIO})")
    print(f"{cost.peak:.2f} GB (bound {BIG_GB})")
    report("caps and matrix", apart(make_matrix, folder))


def growth(folder: Path) -> None:
    """Print the exponents by which processor time grows with lines and cutoffs: 1 is linear."""
    by_lines = {}
    for thousands in (500, 1_000, 2_000):
        home = folder / str(thousands)
        write_world(home, thousands * 1_000, thousands * 20)
        by_lines[thousands] = apart(make_layers, home).processor
    by_cutoffs = {
        count: apart(make_layers, folder / "1000", QUARTERS[-count:]).processor
        for count in (2, 4, 8)
    }
    for what, spent in (("thousand lines", by_lines), ("cutoffs", by_cutoffs)):
        sizes, seconds = zip(*spent.items(), strict=True)
        exponent = math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])
        shown = ", ".join(f"{size:,}: {each:.1f} s" for size, each in spent.items())
        print(f"{what}: {shown}; exponent {exponent:.2f}")


if __name__ == "__main__":
    parts = {"small": small, "big": big, "growth": growth}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory(prefix="gosales-bench-") as scratch:
            parts[name](Path(scratch))
