"""Rank ten million candidates: 400,000 customers times 25 divisions.

Run: ``python -m gosales_assets_tests.benchmarks.bench_whitespace [customers]``

Bound: under 60 s and 6 GB on two cores, from gathered candidates to the list with states, signals,
ranks, selection and reasons. Each size runs in a process of its own.
"""

import json
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

DIVISIONS = 25
SECONDS, GB = 60.0, 6.0
CUTOFF = date(2024, 12, 31)


def made(customers: int, seed: int = 1) -> Any:
    """Candidates as `lists.candidates` gathers them: owners, ties, gaps, skewed chances."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    rows = customers * DIVISIONS
    people = pl.DataFrame(
        {
            "customer_id": [f"{i:07d}" for i in range(customers)],
            "customer_name": [f"Company {i * 7919 % customers} Ltd" for i in range(customers)],
            "rep": [f"Rep {i % 400}" for i in range(customers)],
            "region": [f"Region {i % 4}" for i in range(customers)],
            "territory": [f"Territory {i % 40}" for i in range(customers)],
            "segment": np.where(rng.random(customers) < 0.6, "warm", "cold"),
            "recency_days": rng.integers(0, 1500, customers),
        }
    ).with_columns(account=pl.col("customer_id"))
    p = rng.beta(1, 15, rows).round(9)
    lift = np.where(rng.random(rows) < 0.4, (1.05 + rng.exponential(1, rows)).round(4), np.nan)
    owner = rng.random(rows) < 0.15
    divisions = pl.DataFrame({"division": [f"Division {i:02d}" for i in range(DIVISIONS)]})
    return divisions.join(people, how="cross").with_columns(
        cutoff=pl.lit(CUTOFF),
        cohort=pl.Series(np.where(owner, "repeat", "expansion")),
        icp_score=pl.Series(p),
        icp_grade=pl.lit("B"),
        trend=pl.lit("steady"),
        expected_gp=pl.Series((p * rng.lognormal(8, 1, rows)).round(2)),
        wallet_gp=pl.lit(50_000.0),
        window_months=pl.lit(6, pl.Int64),
        days_since_division=pl.Series(np.where(owner, 300.0, np.nan)).fill_nan(None),
        als_similarity=pl.Series((rng.random(rows) * (rng.random(rows) < 0.8)).round(6)),
        lift=pl.Series(lift).fill_nan(None),
        lift_from=pl.when(pl.Series(lift).is_not_nan()).then(pl.lit("Division 03")),
        lift_kind=pl.when(pl.Series(lift).is_not_nan()).then(pl.lit("division")),
    )


def rank(customers: int) -> dict[str, float]:
    """Rank the candidates of so many customers; seconds and peak memory of it."""
    from gosales_assets.settings import Whitespace
    from gosales_assets.sources.contract import BLOCKS, CONTACTS_LOG, OPEN_DEALS
    from gosales_assets.whitespace.eligibility import SideTables
    from gosales_assets.whitespace.lists import View, whitespace

    found = made(customers)
    before = _peak()
    side = SideTables(OPEN_DEALS.empty(), BLOCKS.empty(), CONTACTS_LOG.empty())
    began, spent = time.monotonic(), time.process_time()
    listed = whitespace(found, side, View(CUTOFF, "USD"), Whitespace())
    return {
        "rows": listed.height,
        "selected": int(listed["selected"].sum()),
        "seconds": round(time.monotonic() - began, 1),
        "processor_seconds": round(time.process_time() - spent, 1),
        "gb_of_the_candidates": round(before, 2),
        "peak_gb": round(_peak(), 2),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(customers: int) -> int:
    """Print what was measured; 0 when the bounds hold."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        measured = pool.submit(rank, customers).result()
    kept = measured["seconds"] < SECONDS and measured["peak_gb"] < GB
    when = datetime.now(UTC).isoformat(timespec="seconds")
    print(json.dumps({"when": when, **measured, "kept": kept}, indent=1))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 400_000))
