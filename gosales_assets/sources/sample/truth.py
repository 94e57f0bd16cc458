"""Write the true purchase probabilities: one row per seen customer, division and quarter-end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .catalogue import DIVISIONS
from .spec import WINDOW_MONTHS

_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("division", pa.string()),
        ("cutoff", pa.date32()),
        ("window_months", pa.int32()),
        ("probability", pa.float64()),
    ]
)


class TruthFile:
    """The truth file, written one cutoff at a time; sorted by cutoff, division, customer."""

    def __init__(self, path: Path, customer_ids: pl.Series) -> None:
        self.path = path
        self._ids = customer_ids.to_arrow()
        self._order: NDArray[np.int64] = customer_ids.arg_sort().to_numpy().astype(np.int64)
        self._writer = pq.ParquetWriter(path, _SCHEMA, compression="zstd")

    def __enter__(self) -> TruthFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, cutoff: date, probability: NDArray[np.float64]) -> None:
        """Add one cutoff. `probability` has shape (divisions, customers seen by the cutoff)."""
        seen = probability.shape[1]
        order = self._order[self._order < seen]
        ids = self._ids.take(pa.array(order)).cast(pa.string())
        for division, row in zip(DIVISIONS, probability, strict=True):
            columns = [
                ids,
                pa.repeat(division, seen),
                pa.repeat(pa.scalar(cutoff, pa.date32()), seen),
                pa.repeat(pa.scalar(WINDOW_MONTHS, pa.int32()), seen),
                pa.array(row[order]),
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=_SCHEMA))
