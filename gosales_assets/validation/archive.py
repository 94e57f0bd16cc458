"""The archive of champions: the scores that each gave as-of, kept when it was promoted."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from gosales_assets.partitions import day
from gosales_assets.validation.contract import PROMOTED_SCORES
from gosales_assets.validation.gate import Version
from gosales_assets.warehouse import Warehouse


@dataclass(frozen=True)
class Kept:
    """Scores of one promoted version: cutoff -> ``customer_id, score``."""

    division: str
    version: Version
    scores: Mapping[str, pl.DataFrame]


def add_to_archive(warehouse: Warehouse, kept: list[Kept], run_id: str) -> None:
    """Add scores to ``validation.promoted_scores``; what is there stays as it is."""
    with warehouse.rewrite(PROMOTED_SCORES, run_id) as rewrite:
        for name, part in rewrite.before.items():
            if part.rows:
                rewrite.keep(name)
        for each in kept:
            for cutoff, scores in each.scores.items():
                frame = scores.select(
                    pl.lit(each.division).alias("division"),
                    pl.lit(each.version.number).alias("version"),
                    pl.lit(each.version.model_version).alias("model_version"),
                    pl.lit(day(cutoff)).alias("cutoff"),
                    "customer_id",
                    "score",
                )
                rewrite.write(_part(each.division, each.version, cutoff), frame)


def archived(
    warehouse: Warehouse, division: str, version: Version, cutoff: str
) -> pl.DataFrame | None:
    """Scores that a promoted version gave at a cutoff; None: none were kept."""
    part = warehouse.parts(PROMOTED_SCORES).get(_part(division, version, cutoff))
    if part is None:
        return None
    path = warehouse.path(PROMOTED_SCORES).with_name(part.file)
    return pl.read_parquet(path, columns=["customer_id", "score"], hive_partitioning=False)


def _part(division: str, version: Version, cutoff: str) -> str:
    return f"{division}|{version.number}|{version.model_version}|{cutoff}"
