"""Everything that is written into a home folder, in versions that can be told apart."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandera.polars as pa
import polars as pl

from gosales_assets.models import artefact
from gosales_assets.partitions import Keys
from gosales_assets.runs.exports import export
from gosales_assets.runs.publish import publish
from gosales_assets.tables import Contract, table
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import actions

CUTOFF = "2024-12-31"
KEYS = Keys((CUTOFF,), ())
ANSWERS = 500
PRIME, FACTOR = 1_000_003, 104_729
ROWS = 20_000  # some hundred kilobytes: a disk fills up in the middle of it


class Figures(Contract):
    """Figures."""

    name: int = pa.Field(unique=True, description="Name.")
    figure: int = pa.Field(description="Figure.")


ABOUT = {"grain": "one row per figure", "sort": ("name",)}
CUT = table(Figures, "toy.cut", **ABOUT, partitions=("cutoff",))
PARTS = table(Figures, "toy.parts", **ABOUT, parts="name", published="view")


def figures(version: int, first: int = 0) -> pl.DataFrame:
    """Figures of a version, that hardly pack."""
    names = pl.int_range(first, first + ROWS, eager=True).alias("name")
    return pl.DataFrame({"name": names, "figure": (names + version) * FACTOR % PRIME})


def version_of(written: pl.Series) -> int:
    """Version of figures that were read back.

    Raises
    ------
    AssertionError
        When they are of no version, or of several.
    """
    version = int(written[0]) * pow(FACTOR, -1, PRIME) % PRIME
    for first in range(0, written.len(), ROWS):
        assert written[first : first + ROWS].equals(figures(version, first)["figure"])
    return version


def _warehouse(home: Path) -> Warehouse:
    return Warehouse(home=str(home), code_version="test", basis="test")


def write_partition(home: Path, version: int) -> None:
    _warehouse(home).write(CUT, figures(version), cutoff=CUTOFF)


def write_parts(home: Path, version: int) -> None:
    with _warehouse(home).rewrite(PARTS) as rewrite:
        for first in (0, ROWS):
            rewrite.write(f"{first:08d}", figures(version, first))


def write_mark(home: Path, version: int) -> None:
    _warehouse(home).mark(CUT, "contract", f"version {version}", cutoff=CUTOFF)


def write_model(home: Path, version: int) -> None:
    card = {"cutoff": CUTOFF, "windows": {}, "status": "warm-up", "model_version": str(version)}
    artefact.save(home, CUTOFF, card, f"version {version}", None)


def write_exports(home: Path, version: int) -> None:
    export(figures(version), home / "exports", "list")


def write_answers(home: Path, version: int) -> None:
    at = datetime(2025, 1, 1)
    actions.record(home, [actions.talking(f"C{n}", None, at, str(version)) for n in range(ANSWERS)])


def write_database(home: Path, version: int) -> None:
    del version  # of what is in the lake
    publish(_warehouse(home), [CUT, PARTS], KEYS)


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "partition": write_partition,
    "parts": write_parts,
    "mark": write_mark,
    "model": write_model,
    "exports": write_exports,
    "answers": write_answers,
    "database": write_database,
}
