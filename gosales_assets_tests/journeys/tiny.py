"""The smallest sample that goes through every room: four cutoffs, two divisions."""

import csv
import gzip
import os
from pathlib import Path

import yaml

from gosales_assets.sources.sample import SampleSpec, generate

CUSTOMERS = 150
DIVISIONS = ("Services", "Simulation")
LAST_FILE = "sales_log_2024.csv.gz"


def make(folder: Path) -> Path:
    """Write the sample, and settings that compute as little as may be; returns the YAML."""
    made = generate(folder, SampleSpec(customers=CUSTOMERS))
    content = yaml.safe_load(made.config.read_text("utf-8"))
    with (folder / content["sku_map"]).open(encoding="utf-8") as file:
        divisions = {row["division"] for row in csv.DictReader(file)}
    content |= {
        "cutoffs": {"first": "2022-12-31", "last": "2024-06-30", "every_months": 6},
        "targets": {"exclude": sorted(divisions - set(DIVISIONS)), "sku_sets": {}},
        "models": {"booster_seeds": 1, "division_models": False, "training_cutoffs": 3},
        "validation": {"bootstrap_replicates": 10},
        "gates": {"replicates": 200},
    }
    content["features"]["als_iterations"] = 2
    made.config.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return made.config


def shorten(log: Path, lines: int) -> None:
    """Leave the last lines of a log file out, as if it had been exported earlier."""
    with gzip.open(log, "rt", encoding="utf-8", newline="") as file:
        written = file.readlines()
    rewrite(log, "".join(written[:-lines]).encode())


def rewrite(log: Path, content: bytes, seconds: int = 1_700_000_000) -> None:
    """Replace a log file's text; the same content comes with the same time."""
    aside = log.with_suffix(".aside")
    aside.write_bytes(gzip.compress(content, mtime=0))
    os.utime(aside, (seconds, seconds))
    aside.replace(log)
