"""Reading a database takes the same memory however many rows it has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from gosales_assets_tests.paths import REPOSITORY
from gosales_assets_tests.sources.conftest import TestDatabase

FEW, MANY = 20_000, 400_000
# Held in memory, the many rows would be several hundred MB of Python objects.
MOST_MORE_MB = 30
PEAK = """
import json, re, sys
from pathlib import Path
from gosales_assets.settings import Settings, environment
from gosales_assets.sources.database import extract

made = Settings(
    base=Path.cwd(),
    sales_log={"database": {"tables": [sys.argv[1]], "chunk_rows": 5_000, "strict": True}},
)
remarks = extract(made).remarks
status = Path("/proc/self/status").read_text()  # the peak of this process alone
peak = int(re.search(r"VmHWM:\\s*(\\d+)", status)[1]) / 1024
print(json.dumps([peak, remarks]))
"""


def fill(database: TestDatabase, table: str, count: int) -> None:
    if database.kind == "sqlite":
        numbers = (
            "WITH RECURSIVE numbers(n) AS"
            f" (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
        )
    else:
        numbers = f"WITH numbers(n) AS (SELECT generate_series(1, {count}))"
    selected = (
        f"{numbers} SELECT n AS line, 'customer ' || (n % 977) AS customer_id, "
        "'a long text that nobody needs, ' || n AS remark, n * 0.01 AS revenue FROM numbers"
    )
    with create_engine(database.url, poolclass=NullPool).begin() as connection:
        connection.execute(text(f"CREATE TABLE {table} AS {selected}"))


def peak_mb(database: TestDatabase, table: str, home: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PEAK, table],
        env=os.environ
        | {
            "GOSALES_DATABASE_URL": database.url,
            "GOSALES_HOME": str(home),
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    peak, remarks = json.loads(done.stdout)
    assert len(remarks) == 1, done.stderr
    return float(peak)


@pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="this system does not tell a peak of memory"
)
def test_memory_does_not_grow_with_rows(database: TestDatabase, tmp_path: Path) -> None:
    fill(database, "few", FEW)
    fill(database, "many", MANY)
    few, many = (peak_mb(database, table, tmp_path / "home") for table in ("few", "many"))
    print(f"{database.kind}: {few:.0f} MB for {FEW:,} rows, {many:.0f} MB for {MANY:,}")
    assert many < few + MOST_MORE_MB
