"""Hand-outs: the newest lists as CSV for spreadsheets and Parquet for programs."""

import os
import uuid
from pathlib import Path

import polars as pl


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Prefix an apostrophe to text cells that a spreadsheet would run as a formula."""
    # A spreadsheet takes a cell that starts with one of these for a formula.
    pattern = r"^[=+\-@\t\r]"
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(pattern))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name, kind in frame.schema.items()
        if kind == pl.String
    )


def export(frame: pl.DataFrame, folder: Path, name: str) -> list[Path]:
    """Write ``name.csv`` (formulas defused) and ``name.parquet`` (as is), each moved in whole."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix in (".csv", ".parquet"):
        target = folder / f"{name}{suffix}"
        scratch = folder / f".{uuid.uuid4().hex}.tmp"
        try:
            if suffix == ".csv":
                without_formulas(frame).write_csv(scratch)
            else:
                frame.write_parquet(scratch, compression="zstd")
            os.replace(scratch, target)  # noqa: PTH105 - the atomic move is the point
        finally:
            scratch.unlink(missing_ok=True)
        written.append(target)
    return written
