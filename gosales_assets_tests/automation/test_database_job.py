"""A job where a database is configured: it reads first, and then knows the partitions of that."""

import os
import sqlite3
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from gosales_assets.star.contract import DIM_CUTOFF, DIM_DIVISION, FACT_TRANSACTIONS
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.paths import REPOSITORY

YAML = """
sales_log: {database: {tables: [sales]}}
cutoffs: {first: 2023-06-30, every_months: 3}
window_months: 3
"""
SALES = """CREATE TABLE sales (customer_id TEXT, order_id INTEGER, order_date DATE, sku TEXT,
    division TEXT, quantity INTEGER, revenue NUMERIC(18, 2))"""
ORDERS = 400


def fill(database: Path) -> None:
    rows = [
        (f"C{n % 40}", n, date(2022, 7, 1) + timedelta(days=2 * n), f"S{n % 5}", name, 1, 10 + n)
        for n in range(ORDERS)
        for name in (["Tools", "Bath"][n % 2],)
    ]
    with sqlite3.connect(database) as connection:
        connection.execute(SALES)
        marks = ", ".join("?" * len(rows[0]))
        text = [tuple(str(v) if isinstance(v, date) else v for v in row) for row in rows]
        connection.executemany(f"INSERT INTO sales VALUES ({marks})", text)


@pytest.mark.slow
def test_a_job_reads_the_database_and_then_knows_its_months_and_divisions(tmp_path: Path) -> None:
    fill(tmp_path / "erp.db")
    (tmp_path / "gosales.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOSALES_", "DAGSTER_"))}
    ours = {
        "PYTHONPATH": str(REPOSITORY),
        "DAGSTER_HOME": str(tmp_path),
        "GOSALES_HOME": str(tmp_path / "home"),
        "GOSALES_CONFIG": str(tmp_path / "gosales.yaml"),
        "GOSALES_DATABASE_URL": f"sqlite:///{tmp_path / 'erp.db'}",
    }
    job = ["job", "execute", "-m", "gosales_assets.definitions", "-j", "refresh_facts"]
    done = subprocess.run(
        [sys.executable, "-m", "dagster", *job],
        cwd=tmp_path,
        env=kept | ours,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    warehouse = Warehouse(home=str(tmp_path / "home"))
    assert warehouse.read(FACT_TRANSACTIONS).height == ORDERS
    targets = warehouse.read(DIM_DIVISION).filter(pl.col("is_target"))["division"]
    assert sorted(targets) == ["Bath", "Tools"]
    cutoffs = warehouse.read(DIM_CUTOFF)["cutoff"].to_list()
    assert cutoffs[0] == date(2023, 6, 30)
    assert cutoffs[-1] == date(2024, 6, 30)
