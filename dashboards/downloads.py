"""CSV hand-outs that a spreadsheet opens as data, never as formulas."""

import polars as pl

_FORMULA = r"^[=+\-@\t\r]"


def escape_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before text that a spreadsheet would run: = + - @, a tab or a return."""
    text = pl.col(pl.String)
    escaped = pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text)
    return frame.with_columns(escaped.name.keep())


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """Write a frame as CSV, UTF-8 with a mark, so that Excel reads accents rightly."""
    return escape_cells(frame).write_csv(include_bom=True).encode()
