"""The file registry: the same file once, a changed file replaces its own rows, all else stays."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources import file_parts, load
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE, SALES_LINES
from gosales_assets.sources.load import SalesLogLoad, load_sales_log
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.sources.loading import NOW, load_log

HEADER = "customer_id,order_id,order_date,sku,division,quantity,revenue"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    write(folder, "jan", "A,O1,2024-01-05,X,Tools,1,10", "B,O2,2024-01-06,X,Tools,1,20")
    write(folder, "feb", "A,O3,2024-02-05,X,Tools,1,30", ",O4,2024-02-05,X,Tools,1,5")
    return folder


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(home=str(tmp_path / "home"), code_version="1", basis="b")


def write(folder: Path, name: str, *rows: str) -> None:
    (folder / f"{name}.csv").write_text("\n".join([HEADER, *rows]) + "\n")


def run(folder: Path, warehouse: Warehouse, **changes: Any) -> SalesLogLoad:
    made = {"files": ["*.csv"]} | changes.pop("sales_log", {})
    today = changes.pop("today", "2025-06-30")
    settings = Settings(base=folder, sales_log=made, today=today, **changes)
    return load_sales_log(settings, warehouse, NOW)


def revenue(warehouse: Warehouse) -> dict[str, float]:
    lines = warehouse.read(SALES_LINES).group_by("source_file").agg(pl.sum("revenue"))
    return {name: float(total) for name, total in lines.iter_rows()}


def test_an_unchanged_file_is_not_read_again(log: Path, warehouse: Warehouse) -> None:
    first = run(log, warehouse)
    assert first.read == ["feb.csv", "jan.csv"]
    files = {file: file.stat().st_mtime_ns for file in warehouse.files(SALES_LINES)}
    second = run(log, warehouse)
    assert (second.read, second.kept) == ([], ["feb.csv", "jan.csv"])
    assert {f: f.stat().st_mtime_ns for f in warehouse.files(SALES_LINES)} == files
    assert second.log.equals(first.log)
    assert warehouse.read(QUARANTINE).height == 1


def test_a_corrected_file_replaces_its_own_rows_only(log: Path, warehouse: Warehouse) -> None:
    run(log, warehouse)
    write(log, "feb", "A,O3,2024-02-05,X,Tools,1,33", "C,O4,2024-02-05,X,Tools,1,5")
    again = run(log, warehouse)
    assert (again.read, again.kept) == (["feb.csv"], ["jan.csv"])
    assert revenue(warehouse) == {"feb.csv": 38, "jan.csv": 30}
    assert warehouse.read(QUARANTINE).is_empty()
    assert again.log["rows_quarantined"].to_list() == [0, 0]


def test_a_new_month_touches_only_its_own_part(log: Path, warehouse: Warehouse) -> None:
    run(log, warehouse)
    before = set(warehouse.files(SALES_LINES))
    write(log, "mar", "A,O5,2024-03-05,X,Tools,1,7")
    assert run(log, warehouse).read == ["mar.csv"]
    assert len(set(warehouse.files(SALES_LINES)) - before) == 1
    assert before < set(warehouse.files(SALES_LINES))


def test_a_file_that_is_gone_takes_its_rows_with_it(log: Path, warehouse: Warehouse) -> None:
    run(log, warehouse)
    (log / "feb.csv").unlink()
    assert run(log, warehouse).kept == ["jan.csv"]
    assert revenue(warehouse) == {"jan.csv": 30}
    assert warehouse.read(QUARANTINE).is_empty()


def test_the_same_content_under_another_name_loads_once(log: Path, warehouse: Warehouse) -> None:
    (log / "jan copy.csv").write_bytes((log / "jan.csv").read_bytes())
    load = run(log, warehouse)
    statuses = dict(load.log.select("source_file", "status").iter_rows())
    assert sorted(statuses.values()) == [
        "loaded",
        "loaded",
        "same content as an earlier file",
    ]
    assert sum(revenue(warehouse).values()) == 60
    # The first of the two goes: the copy is loaded in its place.
    (log / "jan copy.csv").unlink()
    assert run(log, warehouse).log.height == 2
    assert sum(revenue(warehouse).values()) == 60


@pytest.mark.parametrize(
    "changes",
    [
        {"sales_log": {"decimal_comma": True}},
        {"sales_log": {"other_division": "Rest"}},
        {"sales_log": {"columns": {"order_id": "sku", "sku": "order_id"}}},
    ],
)
def test_other_settings_read_everything_again(
    log: Path, warehouse: Warehouse, changes: dict[str, Any]
) -> None:
    run(log, warehouse)
    assert run(log, warehouse, **changes).kept == []


def test_other_code_reads_everything_again(log: Path, warehouse: Warehouse) -> None:
    run(log, warehouse)
    newer = Warehouse(home=warehouse.home, code_version="2", basis="b")
    assert run(log, newer).kept == []


def test_settings_that_do_not_change_the_reading_read_nothing(
    log: Path, warehouse: Warehouse
) -> None:
    run(log, warehouse)
    changes = {"sales_log": {"complete_through": date(2024, 3, 31)}, "window_months": 3}
    assert run(log, warehouse, **changes).read == []


def test_a_day_to_come_is_looked_at_again_when_it_has_come(log: Path, warehouse: Warehouse) -> None:
    write(log, "mar", "A,O5,2024-03-05,X,Tools,1,7")
    early = run(log, warehouse, today="2024-03-01")
    assert early.log["rows_quarantined"].to_list() == [1, 0, 1]
    assert run(log, warehouse, today="2024-03-02").read == ["mar.csv"]
    assert run(log, warehouse, today="2024-03-05").log["rows_quarantined"].to_list() == [1, 0, 0]
    assert run(log, warehouse, today="2025-01-01").read == []


def test_a_file_that_cannot_be_read_leaves_everything_as_it_was(
    log: Path, warehouse: Warehouse
) -> None:
    run(log, warehouse)
    write(log, "mar", 'A,O5,2024-03-05,"X,Tools,1,7')
    with pytest.raises(SettingsError, match=r"mar\.csv: line 2: a quoted field is never closed"):
        run(log, warehouse)
    assert revenue(warehouse) == {"feb.csv": 30, "jan.csv": 30}
    (log / "mar.csv").unlink()
    assert run(log, warehouse).read == []


def test_a_load_interrupted_between_its_tables_is_mended(
    log: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(log, warehouse)
    write(log, "feb", "A,O3,2024-02-05,X,Tools,1,33")

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Warehouse, "write", interrupted)  # the load log is written last
        with pytest.raises(KeyboardInterrupt):
            run(log, warehouse)
    again = run(log, warehouse)
    assert again.read == ["feb.csv"]
    assert again.log["lines_loaded"].to_list() == [1, 2]
    assert revenue(warehouse) == {"feb.csv": 33, "jan.csv": 30}
    assert warehouse.read(LOAD_LOG).equals(again.log)


def test_a_table_that_failed_a_check_is_read_again(log: Path, warehouse: Warehouse) -> None:
    run(log, warehouse)
    warehouse.mark(SALES_LINES, "contract", "bad")
    assert run(log, warehouse).kept == []
    warehouse.mark(LOAD_LOG, "conservation", "bad")
    assert run(log, warehouse).kept == []


def test_files_of_the_same_name_in_other_folders_are_told_apart(
    log: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    for folder in ("east", "west"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "jan", f"{folder},O9,2024-01-09,X,Tools,1,100")
    names = ["*.csv", "../east/jan.csv", "../west/*.csv"]
    load = run(log, warehouse, sales_log={"files": names})
    assert load.log["source_file"].sort().to_list() == [
        "../east/jan.csv",
        "../west/jan.csv",
        "feb.csv",
        "jan.csv",
    ]
    assert sum(revenue(warehouse).values()) == 260
    one = run(log, warehouse, sales_log={"files": ["feb.csv", "../east/jan.csv"]})
    assert one.log["source_file"].sort().to_list() == ["feb.csv", "jan.csv"]


def test_files_with_line_ids_are_read_together(log: Path, warehouse: Warehouse) -> None:
    for name, row in (
        ("jan", "7,A,O1,2024-01-05,X,Tools,1,10"),
        ("feb", "8,A,O3,2024-02-05,X,Tools,1,30"),
    ):
        (log / f"{name}.csv").write_text(f"line_id,{HEADER}\n{row}\n")
    run(log, warehouse)
    rows = "7,A,O1,2024-01-05,X,Tools,1,10\n9,B,O9,2024-03-05,X,Tools,1,5\n"
    (log / "mar.csv").write_text(f"line_id,{HEADER}\n{rows}")
    assert run(log, warehouse).log["rows_duplicate"].to_list() == [0, 0, 1]
    # The first to hold the line goes: the other one holds it now.
    (log / "jan.csv").unlink()
    assert run(log, warehouse).log["rows_duplicate"].to_list() == [0, 0]
    assert revenue(warehouse) == {"feb.csv": 30, "mar.csv": 15}


def test_parts_of_bounded_size_hold_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"C{n % 7},O{n},2024-0{1 + n % 9}-05,X,Tools,1,{n}" for n in range(300)]
    write(tmp_path, "log", *rows)
    settings = Settings(base=tmp_path, sales_log={"files": ["log.csv"]}, today="2025-01-01")
    whole = load_log(settings, block_size=500)
    monkeypatch.setattr(file_parts, "HELD", 20)
    small = load_log(settings, block_size=500, home=tmp_path / "home")
    assert small.lines.equals(whole.lines)
    parts = Warehouse(home=str(tmp_path / "home")).parts(SALES_LINES).values()
    assert len(parts) > 20
    assert all(part.rows <= 40 for part in parts)
    assert small.log["status"].item() == load.LOADED
