"""Conservation: every record of a file has one fate, and all rows and cents are accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import ibis.expr.types as ir
import polars as pl

from gosales_assets.sources.quarantine import LINE_ID_USED, Problem, shown, with_problems
from gosales_assets.sources.repeats import Repeats

MEASURES = ("quantity", "revenue", "gross_profit")
FATES = ("loaded", "quarantined", "duplicate")
_OWN = {"quantity": "quantity", "revenue": "own_revenue", "gross_profit": "own_gross_profit"}


@dataclass
class Tally:
    """Rows and sums of one file by fate, in the file's own money."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("read", *FATES), 0))
    sums: dict[str, Decimal] = field(
        default_factory=lambda: {
            f"{measure}_{fate}": Decimal(0) for measure in MEASURES for fate in ("read", *FATES)
        }
    )
    lines: int = 0
    first_day: date | None = None
    last_day: date | None = None

    def add(self, records: pl.DataFrame, lines: pl.DataFrame, broken: int) -> None:
        """Count one chunk.

        Parameters
        ----------
        records
            All records with their ``fate``.
        lines
            The order lines that are really handed on: what was loaded is counted from them, and
            not from the fates, so that a loss on the way would show.
        broken
            Records that could not even be split into fields; they hold no sums.
        """
        self.rows["read"] += records.height + broken
        self.rows["quarantined"] += broken + records.filter(fate="quarantined").height
        self.rows["duplicate"] += records.filter(fate="duplicate").height
        self.rows["loaded"] += lines["source_line"].n_unique()
        self.lines += lines.height
        if lines.height:
            first, last = lines.select(first=pl.min("order_date"), last=pl.max("order_date")).row(0)
            self.first_day = first if self.first_day is None else min(self.first_day, first)
            self.last_day = last if self.last_day is None else max(self.last_day, last)
        for measure in MEASURES:
            self._add(f"{measure}_read", records[measure])
            for fate in ("quarantined", "duplicate"):
                self._add(f"{measure}_{fate}", records.filter(fate=fate)[measure])
            self._add(f"{measure}_loaded", lines[_OWN[measure]])

    def _add(self, key: str, amounts: pl.Series) -> None:
        # A wider type first: the sum of a long column need not fit the type of its values.
        self.sums[key] += Decimal(str(amounts.cast(pl.Decimal(38, 4)).sum() or 0))


def with_fates(records: pl.DataFrame, repeats: Repeats) -> pl.DataFrame:
    """Decide the fate of each record: quarantined for a reason, duplicate, or loaded.

    A line id that came before with other content is neither: the record is set aside.
    """
    judged = records.hstack(repeats.judge(records))
    used = Problem(LINE_ID_USED, pl.col("used"), shown("line_id", pl.col("line_key")))
    return (
        with_problems(judged, [used])
        .with_columns(
            fate=pl.when(pl.col("reason").is_not_null())
            .then(pl.lit("quarantined"))
            .when("repeat")
            .then(pl.lit("duplicate"))
            .otherwise(pl.lit("loaded"))
        )
        .drop("repeat", "used")
    )


def imbalances(log: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Find what does not add up in the load log.

    Parameters
    ----------
    log
        Rows of ``raw.load_log``.

    Returns
    -------
    (file, what, figures in words) for rows and each measure where read = loaded + quarantined +
    duplicate does not hold; empty when all is accounted for.
    """
    found = []
    for row in log:
        for what in ("rows", *MEASURES):
            parts = [row[f"{what}_{fate}"] for fate in FATES]
            if row[f"{what}_read"] != sum(parts):
                figures = " + ".join(
                    f"{part} {fate}" for part, fate in zip(parts, FATES, strict=True)
                )
                found.append((row["source_file"], what, f"{row[f'{what}_read']} read, {figures}"))
    return found


def held_by_file(lines: ir.Table) -> ir.Table:
    """Sum ``raw.sales_lines`` by file: source_file, rows_loaded, lines_loaded, quantity_loaded."""
    return lines.group_by("source_file").aggregate(
        rows_loaded=lines.source_line.nunique(),
        lines_loaded=lines.count(),
        quantity_loaded=lines.quantity.cast("decimal(38, 4)").sum(),
    )


def set_aside_by_file(quarantine: ir.Table) -> ir.Table:
    """Sum ``raw.quarantine`` by file: source_file, rows_quarantined and what they amount to."""
    return quarantine.group_by("source_file").aggregate(
        rows_quarantined=quarantine.count(),
        **{
            f"{measure}_quarantined": quarantine[measure].cast("decimal(38, 4)").sum()
            for measure in MEASURES
        },
    )


def disagreements(
    log: pl.DataFrame, held: pl.DataFrame, set_aside: pl.DataFrame
) -> list[tuple[str, str, str]]:
    """Find where the tables hold something else than the load log says.

    Parameters
    ----------
    log
        ``raw.load_log``.
    held
        `held_by_file` of ``raw.sales_lines``.
    set_aside
        `set_aside_by_file` of ``raw.quarantine``.

    Returns
    -------
    (file, what, figures in words); empty when they agree.
    """
    both = (
        log.select("source_file")
        .join(held, on="source_file", how="left")
        .join(set_aside, on="source_file", how="left")
        .fill_null(0)
        .sort("source_file")
    )
    said = log.sort("source_file")
    compared = ["rows_loaded", "lines_loaded", "quantity_loaded", "rows_quarantined"]
    compared += [f"{measure}_quarantined" for measure in MEASURES]
    return [
        (file, what, f"{wrote} in the log, {there} in the table")
        for what in compared
        for file, wrote, there in zip(said["source_file"], said[what], both[what], strict=True)
        if wrote != there
    ]
