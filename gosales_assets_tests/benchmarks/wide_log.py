"""A wide sales log of any size: one order line per row, mostly empty columns, in order of days."""

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from gosales_assets.settings import Settings, load_settings
from gosales_assets.sources.sample.catalogue import LOG_HEADER, SKU_MAP_HEADER, sku_map_rows

LINES_PER_CUSTOMER = 84
_AT_ONCE = 1_000_000
_FIRST_DAY, _DAYS = np.datetime64("2020-01-01"), 1826
_ORDER_COLUMNS = 12
COLUMNS = {
    "customer_id": "CustomerId",
    "customer_name": "Customer",
    "order_date": "Rec Date",
    "division": "Division",
    "branch": "Branch",
    "rep": "Rep",
    "order_type": "OrderType",
    "status": "Status",
    "invoice_id": "InvoiceId",
    "currency": "InvoiceCurrency",
    "currency_rate": "UsdCadConversionRate",
    "is_new": "New",
}


def write_wide_log(folder: Path, lines: int, seed: int = 7) -> Settings:
    """Write ``log.csv`` and ``sku_map.csv``; gives settings that read them."""
    rng = np.random.default_rng(seed)
    with (folder / "log.csv").open("wb") as file:
        for start in range(0, lines, _AT_ONCE):
            rows = min(_AT_ONCE, lines - start)
            _rows(rng, start, rows, lines).write_csv(file, include_header=start == 0)
    with (folder / "sku_map.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([SKU_MAP_HEADER, *sku_map_rows()])
    log = {"files": ["log.csv"], "layout": "wide", "columns": COLUMNS, "date_order": "ymd"}
    content = {"sales_log": log, "sku_map": "sku_map.csv", "today": "2025-06-30"}
    (folder / "log.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_settings(folder / "log.yaml")


def _rows(rng: np.random.Generator, start: int, rows: int, lines: int) -> pl.DataFrame:
    days = np.sort(rng.integers(start * _DAYS // lines, (start + rows) * _DAYS // lines, rows))
    customers = max(lines // LINES_PER_CUSTOMER, 1)
    customer = (rng.pareto(1.2, rows) * customers / 20).astype(np.int64) % customers
    orders = {
        "CustomerId": pl.Series(customer + 100_000).cast(pl.String),
        "Customer": _joined(pl.Series(customer * 7 % 900_000 + 100_000), " Customer ", customer),
        "Rec Date": pl.Series((_FIRST_DAY + days).astype("datetime64[ms]")).cast(pl.Date),
        "Division": _one_of(["Solidworks", "Hardware", "Services", "Scanning"], customer),
        "Branch": _one_of(["Boston", "Denver", "Austin", "Miami", "Reno"], customer),
        "Rep": _one_of([f"Rep {number}" for number in range(60)], customer),
        "OrderType": _one_of(["New", "Add-on"], days),
        "Status": _one_of(["Invoiced"], days),
        "InvoiceId": _joined(pl.Series(["SI"]), "-", (start + np.arange(rows)) // 2),
        "InvoiceCurrency": _one_of(["CAD", *["USD"] * 9], customer),
        "UsdCadConversionRate": _one_of(["1.3500", *["1.0000"] * 9], customer),
        "New": _one_of(["No"], days),
    }
    return pl.DataFrame(orders | _cells(rng, rows)).select(LOG_HEADER)


def _cells(rng: np.random.Generator, rows: int) -> dict[str, pl.Series]:
    """Money and units of one product per row; the other products' cells are empty."""
    money_columns, unit_columns = LOG_HEADER[_ORDER_COLUMNS::2], LOG_HEADER[_ORDER_COLUMNS + 1 :: 2]
    product = (rng.pareto(0.8, rows) * 3).astype(np.int64) % len(money_columns)
    returned = rng.random(rows) < 0.03
    sign = np.where(returned, -1, 1)
    frame = pl.DataFrame(
        {
            "product": product,
            "money": np.round(rng.lognormal(6, 1.2, rows), 2) * sign,
            "units": rng.integers(1, 6, rows) * sign,
        }
    )
    cells = [
        pl.when(pl.col("product") == number).then(value).alias(column)
        for number, columns in enumerate(zip(money_columns, unit_columns, strict=True))
        for value, column in zip(("money", "units"), columns, strict=True)
    ]
    return frame.select(cells).to_dict()


def _one_of(values: list[str], keys: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(np.array(values)[keys % len(values)])


def _joined(first: pl.Series, between: str, last: npt.NDArray[np.int64]) -> pl.Series:
    left = first.cast(pl.String)
    left = left.new_from_index(0, len(last)) if len(left) == 1 else left
    return left + between + pl.Series(last).cast(pl.String)
