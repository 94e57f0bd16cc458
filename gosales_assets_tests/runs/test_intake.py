"""The account of what came in: every record of every file has a fate, and every reason is told."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from gosales_assets.partitions import KEYS
from gosales_assets.runs.account import account_of, in_words
from gosales_assets.runs.intake import FILES_TOLD, by_file, counted, files_in_words
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import LOAD_LOG, QUARANTINE_REASONS
from gosales_assets.warehouse import Warehouse


def log(*rows: dict[str, Any]) -> pl.DataFrame:
    plain = dict.fromkeys(LOAD_LOG.types, 0) | {
        name: "x" for name, kind in LOAD_LOG.types.items() if kind == pl.String
    }
    plain |= {"status": "loaded", "notes": "", "loaded_at": None}
    plain |= {"first_day": date(2024, 1, 2), "last_day": None}
    return pl.DataFrame([plain | row for row in rows], schema=LOAD_LOG.types, strict=False)


def reason(file: str, why: str, rows: int, **about: Any) -> dict[str, Any]:
    row = {"source_file": file, "reason": why, "rows": rows, "share": rows / 10, "first_line": 7}
    return row | {"first_example": "x", "quantity": None, "revenue": None} | about


LOG = log(
    {"source_file": "b.csv", "rows_read": 10, "rows_loaded": 10, "rows_skipped": 1},
    {
        "source_file": "a.csv",
        "rows_read": 10,
        "rows_loaded": 6,
        "rows_quarantined": 3,
        "rows_duplicate": 1,
        "revenue_read": Decimal("9.99"),
        "revenue_quarantined": Decimal("5.50"),
    },
    {"source_file": "c.csv", "status": "same content as an earlier file", "notes": "same as a"},
)
REASONS = pl.DataFrame(
    [
        reason("a.csv", "no date", 1),
        reason("a.csv", "no customer", 2, revenue=Decimal("5.50"), first_line=3),
    ],
    schema=QUARANTINE_REASONS.types,
    strict=False,
)


def test_every_file_has_its_rows_sums_and_reasons() -> None:
    first, second, third = by_file(LOG, REASONS)
    assert first["rows"] == {
        "read": 10, "loaded": 6, "quarantined": 3, "duplicate": 1, "skipped": 0,
    }  # fmt: skip
    assert first["reasons"] == {"no customer": 2, "no date": 1}
    assert sum(first["reasons"].values()) == first["rows"]["quarantined"]
    assert (first["revenue"]["read"], first["revenue"]["quarantined"]) == (9.99, 5.5)
    assert (first["first_day"], first["last_day"]) == ("2024-01-02", None)
    assert (second["rows"]["skipped"], second["reasons"]) == (1, {})
    assert third["status"] != "loaded"


def test_reasons_are_counted_over_files_the_most_frequent_first() -> None:
    more = pl.concat([REASONS, REASONS.with_columns(source_file=pl.lit("b.csv"))])
    assert list(counted(more).items()) == [("no customer", 4), ("no date", 2)]
    assert counted(REASONS.clear()) == {}


def test_the_summary_counts_every_reason_and_says_it_in_words(warehouse: Warehouse) -> None:
    warehouse.write(LOAD_LOG, LOG)
    warehouse.write(QUARANTINE_REASONS, REASONS)
    account = account_of(warehouse, Settings(), KEYS)
    assert account.rows["quarantined"] == sum(account.quarantined.values()) == 3
    assert asdict(account)["reasons"][0]["revenue"] == 5.5
    words = in_words(account)
    assert "    no customer 2 (10.0%), revenue 5.50, first a.csv line 3." in words
    assert "    no date 1 (5.0%), first a.csv line 7." in words
    told = words[words.index("  By file:") + 1 :]
    assert told[0].startswith("    a.csv: 10 read, 6 loaded, 3 quarantined (no customer 2, no da")
    assert told[1] == "    b.csv: 10 read, 10 loaded, 0 quarantined, 0 exact repeats."
    assert "    c.csv: nothing, same as a." in words


def test_nothing_set_aside_and_no_run_at_all_can_be_told(warehouse: Warehouse) -> None:
    assert "Quarantined because" not in "\n".join(in_words(account_of(warehouse, Settings(), KEYS)))


def test_many_files_are_told_with_the_worst_first() -> None:
    names = [f"f{i:02}.csv" for i in range(FILES_TOLD + 3)]
    rows = [{"source_file": n, "rows_quarantined": i} for i, n in enumerate(names)]
    told = files_in_words(by_file(log(*rows), REASONS.clear()))
    assert told[0].startswith(names[-1])
    assert len(told) == FILES_TOLD + 1
    assert told[-1] == "and 3 more files"
