"""Labels, fitted things and both feature layers of many customers, 12 targets and 8 cutoffs.

Run: ``python -m gosales_assets_tests.benchmarks.bench_features [small|big|growth]``

- small: 20,000 customers, a million lines; under 40 s and 2 GB.
- big: 200,000 customers, 10 million lines; at most 4 times, per cutoff, what DuckDB takes to scan
  the same lines and sum them by customer, division and month; under 8 GB.
- growth: how processor time grows with lines and with cutoffs, three sizes each.

The assets of the labels room, fitted things and both layers are bound; caps and the matrix are
made as well, but stand apart. The big size takes its reference right before and after, in the same
process, and prints processor seconds beside those of the wall: they tell on a busy machine. Each
part runs in a process of its own, on all cores.
"""

import json
import math
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gosales_assets_tests.benchmarks.star_log import QUARTERS, write_settings, write_star

SMALL_SECONDS, SMALL_GB = 40.0, 2.0
BIG_RATIO, BIG_GB = 4.0, 8.0
_AFTER = {"winsor_caps", "feature_matrix"}
_LEFT_OUT = {"feature_statistics", "feature_catalog", "matrix_statistics"}


@dataclass(frozen=True)
class Cost:
    """What a part of the work cost: wall seconds, processor seconds, peak gigabytes."""

    seconds: float
    processor: float
    peak: float
    steps: dict[str, float]


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
    return _cost(began, spent, {})


def make_star(folder: Path) -> Cost:
    """Make customer_month, customer_day and dim_cutoff of the lines."""
    from gosales_assets.star import assets
    from gosales_assets.star.contract import CUSTOMER_DAY, CUSTOMER_MONTH, DIM_CUTOFF

    return _materialize(folder, assets.ASSETS, [CUSTOMER_MONTH, CUSTOMER_DAY, DIM_CUTOFF])


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

    return _materialize(folder, [*labels.ASSETS, *features.ASSETS], tables)


def apart(work: Callable[[Path], Any], folder: Path, cutoffs: Sequence[str] = QUARTERS) -> Any:
    """Run in a fresh process, so that its settings and its peak memory are its own."""
    write_settings(folder, cutoffs)
    os.environ["GOSALES_CONFIG"] = str(folder / "log.yaml")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, folder).result()


def small(folder: Path) -> None:
    """Print seconds and memory of 20,000 customers."""
    _write(folder, 1_000_000, 20_000)
    cost = _report("labels and both layers", apart(make_layers, folder))
    print(f"bounds {SMALL_SECONDS} s, {SMALL_GB} GB: {cost.seconds:.1f} s, {cost.peak:.2f} GB")
    _report("caps and matrix", apart(make_matrix, folder))


def big(folder: Path) -> None:
    """Print the ratio to a plain scan, and the memory, of 200,000 customers."""
    _write(folder, 10_000_000, 200_000)
    before, cost, after = apart(make_between_scans, folder)
    _report("one scan and group before", before)
    _report("one scan and group after", after)
    _report("labels and both layers", cost)
    for what in ("seconds", "processor"):
        scan = (getattr(before, what) + getattr(after, what)) / 2
        ratio = getattr(cost, what) / len(QUARTERS) / scan
        print(f"{what} per cutoff over those of a scan: {ratio:.2f} (bound {BIG_RATIO})")
    print(f"{cost.peak:.2f} GB (bound {BIG_GB})")
    _report("caps and matrix", apart(make_matrix, folder))


def growth(folder: Path) -> None:
    """Print the exponents by which processor time grows with lines and cutoffs: 1 is linear."""
    by_lines = {}
    for thousands in (500, 1_000, 2_000):
        home = folder / str(thousands)
        _write(home, thousands * 1_000, thousands * 20)
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


def _write(folder: Path, lines: int, customers: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, QUARTERS)
    written = write_star(folder / "home", lines, customers)
    cost = apart(make_star, folder)
    print(f"{datetime.now(UTC):%Y-%m-%d}: {written:,} lines, {customers:,} customers")
    print(f"customer_month, customer_day and dim_cutoff {cost.seconds:.1f} s, {cost.peak:.2f} GB")


def _report(what: str, cost: Cost) -> Cost:
    print(f"{what}: {cost.seconds:.2f} s, {cost.processor:.2f} s of processor, {cost.peak:.2f} GB")
    if cost.steps:
        print(json.dumps(cost.steps))
    return cost


def _materialize(folder: Path, assets: Sequence[Any], tables: Sequence[Any]) -> Cost:
    """Materialize all partitions of some tables; the steps are those of a whole refresh."""
    import dagster as dg

    from gosales_assets.automation.plan import missing_partitions, plan_steps, range_tags
    from gosales_assets.contracts import asset_key
    from gosales_assets.partitions import KEYS
    from gosales_assets.settings import current_settings
    from gosales_assets.warehouse import Warehouse

    made = {asset_key(table): table for table in tables}
    chosen = [asset for asset in assets if asset.keys & made.keys()]
    warehouse = Warehouse(home=str(folder / "home"), code_version="bench", basis=str(time.time()))
    resources = {"warehouse": warehouse, "settings": current_settings()}
    specs = [spec for asset in chosen for spec in asset.specs if spec.key in made]
    seconds: dict[str, float] = {}
    with dg.DagsterInstance.ephemeral() as instance:
        began, spent = time.monotonic(), time.process_time()
        for step in plan_steps(specs):
            result = dg.materialize(
                chosen,
                selection=dg.AssetSelection.assets(*step.assets),
                tags=range_tags(step, missing_partitions(step, made, warehouse, KEYS), KEYS),
                instance=instance,
                resources=resources,
            )
            for event in result.all_events:
                if event.is_step_success:
                    name = str(event.step_key).split("__")[-1]
                    seconds[name] = round(event.step_success_data.duration_ms / 1000, 2)
    return _cost(began, spent, seconds)


def _cost(began: float, spent: float, steps: dict[str, float]) -> Cost:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return Cost(time.monotonic() - began, time.process_time() - spent, peak, steps)


if __name__ == "__main__":
    parts = {"small": small, "big": big, "growth": growth}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory(prefix="gosales-bench-") as scratch:
            parts[name](Path(scratch))
