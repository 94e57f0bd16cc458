"""Write the sales log: one gzipped CSV per year, month by month, so that memory stays small."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from .catalogue import DIVISIONS, LOG_HEADER, ORDER_COLUMNS, SKUS
from .customers import Customers
from .dirt import Ledger, csv_line, spoil_lines
from .orders import ORDER_TYPES, Orders, usd_in_cad
from .spec import SampleSpec

# The fastest level: the log is mostly commas, which any level packs well.
_GZIP_LEVEL = 1
_MIDDLE = 6


def log_rows(orders: Orders, customers: Customers, spec: SampleSpec) -> pl.DataFrame:
    """Lay a month out wide: text columns, then gross profit and quantity by SKU."""
    return pl.DataFrame(
        _row_columns(orders, customers, spec) + _sku_columns(orders), height=len(orders)
    )


def _row_columns(orders: Orders, customers: Customers, spec: SampleSpec) -> list[pl.Series]:
    """Make the columns that describe the rows, as text, in the order of `ORDER_COLUMNS`."""
    who = customers.table.select("customer_id", "log_name", "branch", "sales_rep")[orders.customer]
    prefix = spec.month_start(orders.month).isoformat()[:8]
    rate = pl.Series(np.round(usd_in_cad(orders.month, orders.day) * 10_000).astype(np.int64))
    frame = pl.select(
        (pl.lit(prefix) + pl.Series(orders.day).cast(pl.String).str.zfill(2)).alias("date"),
        (pl.lit("SI-") + pl.Series(orders.invoice).cast(pl.String).str.zfill(8)).alias("invoice"),
        pl.when(pl.Series(orders.returned))
        .then(pl.lit("Returned"))
        .otherwise(pl.lit("Invoiced"))
        .alias("status"),
        pl.when(pl.Series(orders.canadian))
        .then(pl.lit("CAD"))
        .otherwise(pl.lit("USD"))
        .alias("currency"),
        # Four decimals by hand: the file's float format is the two of money.
        pl.when(pl.Series(orders.canadian))
        .then(pl.lit("1.") + (rate - 10_000).cast(pl.String).str.zfill(4))
        .otherwise(pl.lit("1.0000"))
        .alias("rate"),
        pl.when(pl.Series(orders.is_new)).then(pl.lit("Yes")).otherwise(pl.lit("No")).alias("new"),
    )
    columns = (
        who["customer_id"],
        who["log_name"],
        frame["date"],
        pl.Series(DIVISIONS, dtype=pl.String).gather(orders.division),
        who["branch"],
        who["sales_rep"],
        pl.Series(ORDER_TYPES, dtype=pl.String).gather(orders.order_type),
        frame["status"],
        frame["invoice"],
        frame["currency"],
        frame["rate"],
        frame["new"],
    )
    return [column.alias(name) for name, column in zip(ORDER_COLUMNS, columns, strict=True)]


def _sku_columns(orders: Orders) -> list[pl.Series]:
    """Make the columns of each SKU: gross profit and quantity, null where not bought."""
    by_sku = np.argsort(orders.line_sku, kind="stable")
    starts = np.searchsorted(orders.line_sku[by_sku], np.arange(len(SKUS) + 1))
    columns: list[pl.Series] = []
    for number, sku in enumerate(SKUS):
        lines = by_sku[starts[number] : starts[number + 1]]
        profit, quantity = np.full((2, len(orders)), np.nan)
        profit[orders.line_row[lines]] = orders.line_cents[lines] / 100
        quantity[orders.line_row[lines]] = orders.line_quantity[lines]
        columns.append(pl.Series(sku.gp_column, profit, nan_to_null=True))
        columns.append(pl.Series(sku.qty_column, quantity, nan_to_null=True).cast(pl.Int64))
    return columns


class LogFiles:
    """The log's files, one a year. Use as a context; call `write` once for each month in order."""

    def __init__(
        self,
        folder: Path,
        spec: SampleSpec,
        customers: Customers,
        rng: np.random.Generator,
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._customers = customers
        self._rng = rng
        self._raw: BinaryIO | None = None
        self._packed: gzip.GzipFile | None = None
        self._lines = 0
        self._cents = np.zeros(len(SKUS), np.int64)
        self._units = np.zeros(len(SKUS), np.int64)
        self.paths: list[Path] = []
        self.ledger = Ledger()
        self.order_rows = 0
        self.file_rows = 0

    def __enter__(self) -> LogFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def write(self, orders: Orders) -> None:
        """Write one month's rows, flaws included, and close the file when its year is over."""
        start = self._spec.month_start(orders.month)
        if not self.paths or start.month == 1:
            self._open(start.year)
        elif start.month == _MIDDLE + 1 and self._spec.dirty_share:
            self._structure("repeated_header", csv_line(LOG_HEADER))
        np.add.at(self._cents, orders.line_sku, orders.line_cents)
        np.add.at(self._units, orders.line_sku, orders.line_quantity)
        self.order_rows += len(orders)
        text = log_rows(orders, self._customers, self._spec).write_csv(
            include_header=False, float_precision=2
        )
        if self._spec.dirty_share and len(orders):
            text = self._spoil(text, orders)
            self._put(text, text.count("\n"))
        else:
            self._put(text, len(orders))
        if start.month == 12 or orders.month == self._spec.months - 1:
            self._end_file()

    def _spoil(self, text: str, orders: Orders) -> str:
        lines, planted = spoil_lines(
            text.splitlines(), orders.returned, self._spec.dirty_share, self._rng
        )
        file = self.paths[-1].name
        self.ledger.rows.extend(
            (file, self._lines + 1 + at, flaw.name, flaw.treatment) for at, flaw in planted
        )
        return "\n".join([*lines, ""])

    def _structure(self, flaw: str, line: str) -> None:
        """Write a row that is no data."""
        self.ledger.rows.append((self.paths[-1].name, self._lines + 1, flaw, "structure"))
        self._put(line + "\n", 1)

    def _open(self, year: int) -> None:
        path = self._folder / f"sales_log_{year}.csv.gz"
        self._raw = path.open("wb")
        # No name and no time in the gzip header: equal content must give equal bytes.
        self._packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, self._raw, mtime=0)
        self.paths.append(path)
        self._lines = 0
        self._cents[:] = 0
        self._units[:] = 0
        self._put(csv_line(LOG_HEADER) + "\n", 1)
        self.file_rows -= 1

    def _put(self, text: str, lines: int) -> None:
        if self._packed is None:
            raise RuntimeError("months must be written in order, starting with the first")
        self._packed.write(text.encode())
        self._lines += lines
        self.file_rows += lines

    def _end_file(self) -> None:
        if self._spec.dirty_share:
            cells = ["Total"] + [""] * (len(ORDER_COLUMNS) - 1)
            for cents, units in zip(self._cents.tolist(), self._units.tolist(), strict=True):
                cells += [f"{cents / 100:.2f}", str(units)]
            self._structure("total_row", csv_line(cells))
        self._close()

    def _close(self) -> None:
        if self._packed is not None and self._raw is not None:
            self._packed.close()
            self._raw.close()
            self._packed = self._raw = None
