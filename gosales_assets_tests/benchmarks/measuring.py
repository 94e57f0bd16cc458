"""What the benchmarks share: a world to work in, processes of their own, and what work costs."""

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gosales_assets_tests.benchmarks.star_log import QUARTERS, write_settings, write_star


@dataclass(frozen=True)
class Cost:
    """What a part of the work cost: wall seconds, processor seconds, peak gigabytes."""

    seconds: float
    processor: float
    peak: float
    steps: dict[str, float]


def write_world(folder: Path, lines: int, customers: int) -> None:
    """Write settings and a star (see `star_log`), with its monthly and daily tables."""
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, QUARTERS)
    written = write_star(folder / "home", lines, customers)
    cost = apart(make_star, folder)
    print(f"{datetime.now(UTC):%Y-%m-%d}: {written:,} lines, {customers:,} customers")
    print(f"customer_month, customer_day and dim_cutoff {cost.seconds:.1f} s, {cost.peak:.2f} GB")


def make_star(folder: Path) -> Cost:
    """Make customer_month, customer_day and dim_cutoff of the lines."""
    from gosales_assets.star import assets
    from gosales_assets.star.contract import CUSTOMER_DAY, CUSTOMER_MONTH, DIM_CUTOFF

    return materialize(folder, assets.ASSETS, [CUSTOMER_MONTH, CUSTOMER_DAY, DIM_CUTOFF])


def apart(work: Callable[[Path], Any], folder: Path, cutoffs: Sequence[str] = QUARTERS) -> Any:
    """Run in a fresh process, so that its settings and its peak memory are its own."""
    write_settings(folder, cutoffs)
    os.environ["GOSALES_CONFIG"] = str(folder / "log.yaml")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, folder).result()


def report(what: str, cost: Cost) -> Cost:
    """Print what something cost, and hand it on."""
    print(f"{what}: {cost.seconds:.2f} s, {cost.processor:.2f} s of processor, {cost.peak:.2f} GB")
    if cost.steps:
        print(json.dumps(cost.steps))
    return cost


def materialize(
    folder: Path,
    assets: Sequence[Any],
    tables: Sequence[Any],
    *,
    beside: Sequence[Any] = (),
    newest: int | None = None,
    resources: Mapping[str, Any] = MappingProxyType({}),
) -> Cost:
    """Materialize some tables, step by step like a whole refresh.

    Parameters
    ----------
    beside
        Keys of assets that have no table.
    newest
        Only so many cutoffs, the newest; None: all of the settings.
    resources
        More than the warehouse and the settings.
    """
    import dagster as dg

    from gosales_assets.automation.plan import missing_partitions, plan_steps, range_tags
    from gosales_assets.contracts import asset_key
    from gosales_assets.partitions import KEYS
    from gosales_assets.settings import current_settings
    from gosales_assets.warehouse import Warehouse

    made = {asset_key(table): table for table in tables}
    wanted = made.keys() | set(beside)
    chosen = [asset for asset in assets if asset.keys & wanted]
    keys = replace(KEYS, cutoffs=KEYS.cutoffs[-(newest or len(KEYS.cutoffs)) :])
    warehouse = Warehouse(home=str(folder / "home"), code_version="bench", basis=str(time.time()))
    given = {"warehouse": warehouse, "settings": current_settings(), **resources}
    specs = [spec for asset in chosen for spec in asset.specs if spec.key in wanted]
    seconds: dict[str, float] = {}
    with dg.DagsterInstance.ephemeral() as instance:
        began, spent = time.monotonic(), time.process_time()
        for step in plan_steps(specs):
            for tags in range_tags(step, missing_partitions(step, made, warehouse, keys), keys):
                result = dg.materialize(
                    chosen,
                    selection=dg.AssetSelection.assets(*step.assets),
                    tags=tags,
                    instance=instance,
                    resources=given,
                )
                for event in result.all_events:
                    if event.is_step_success:
                        name = str(event.step_key).split("__")[-1]
                        took = event.step_success_data.duration_ms / 1000
                        seconds[name] = round(seconds.get(name, 0.0) + took, 2)
    return cost_since(began, spent, seconds)


def cost_since(began: float, spent: float, steps: dict[str, float]) -> Cost:
    """What was spent since these readings of the clocks; the peak is that of the process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return Cost(time.monotonic() - began, time.process_time() - spent, peak, steps)
