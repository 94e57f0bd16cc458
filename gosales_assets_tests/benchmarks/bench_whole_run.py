"""Everything on a 20,000-customer sample: 12 divisions, 8 cutoffs, from landing file to database.

Run: ``python -m gosales_assets_tests.benchmarks.bench_whole_run [customers]``

Prints wall seconds, peak memory, seconds per room, and the ratio against a reference taken in the
same run: reading and grouping the same log with Polars. Machines are noisy; compare ratios.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import yaml

from gosales_assets.sources.sample import SampleSpec, generate
from gosales_assets_tests.journeys.commands import run


def main(customers: int) -> None:
    """Generate, run, print."""
    with tempfile.TemporaryDirectory(prefix="gosales-bench-") as folder:
        home = Path(folder)
        summary = generate(home / "sample", SampleSpec(customers=customers))
        config = home / "sample" / "bench.yaml"
        content = yaml.safe_load(summary.config.read_text(encoding="utf-8"))
        content["targets"] = {"exclude": []}
        content["cutoffs"] = {"first": "2022-12-31", "last": "2024-09-30", "every_months": 3}
        config.write_text(yaml.safe_dump(content), encoding="utf-8")

        began = time.monotonic()
        frames = [pl.read_csv(path, infer_schema=False) for path in summary.log_files]
        pl.concat(frames).group_by("CustomerId").len()
        reference = time.monotonic() - began

        began = time.monotonic()
        outcome = run(home / "home", config)
        seconds = time.monotonic() - began
        if outcome.code:
            sys.exit(outcome.output + outcome.errors)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
        print(f"{summary.file_rows:,} log rows, {len(outcome.summary['divisions'])} divisions, ")
        print(f"{len(outcome.summary['cutoffs'])} cutoffs")
        for step, spent in outcome.summary["durations"].items():
            print(f"  {step:<40} {spent:8.1f} s")
        print(f"whole run {seconds:.1f} s, peak {peak:.2f} GB")
        print(f"reading and grouping the log {reference:.2f} s; ratio {seconds / reference:.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
