"""Intake: what happened to each file of the sales log, for the account of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

MEASURES = ("quantity", "revenue", "gross_profit")
FATES = ("read", "loaded", "quarantined", "duplicate")
FILES_TOLD = 10
LEAST_SHARE = 0.001


def by_file(log: pl.DataFrame, reasons: pl.DataFrame) -> list[dict[str, Any]]:
    """Account for each file: its rows and sums by fate, and the reasons of what was set aside.

    Parameters
    ----------
    log
        ``raw.load_log``.
    reasons
        ``raw.quarantine_reasons``.

    Returns
    -------
    One entry per file: source_file, status, sha256, rows (read, loaded, quarantined, duplicate,
    skipped), lines_loaded, reasons (reason -> rows), sums of each measure by fate in the file's
    own money, first_day, last_day, notes.
    """
    return [
        {
            **{name: row[name] for name in ("source_file", "status", "sha256")},
            "rows": {fate: row[f"rows_{fate}"] for fate in (*FATES, "skipped")},
            "lines_loaded": row["lines_loaded"],
            "reasons": counted(reasons.filter(source_file=row["source_file"])),
            **{
                measure: {fate: float(row[f"{measure}_{fate}"]) for fate in FATES}
                for measure in MEASURES
            },
            **{name: row[name] and str(row[name]) for name in ("first_day", "last_day")},
            "notes": row["notes"],
        }
        for row in log.sort("source_file").iter_rows(named=True)
    ]


def counted(reasons: pl.DataFrame) -> dict[str, int]:
    """Sum ``raw.quarantine_reasons`` to reason -> rows, the most frequent first."""
    counts = reasons.group_by("reason").agg(pl.sum("rows"))
    return dict(counts.sort("rows", "reason", descending=[True, False]).iter_rows())


def reasons_in_words(reasons: Sequence[Mapping[str, Any]], read: int) -> list[str]:
    """Say why records were set aside: how many, what they stand for, and where to look first.

    Parameters
    ----------
    reasons
        Rows of ``raw.quarantine_reasons``.
    read
        Records read in all.
    """
    frame = pl.DataFrame(reasons, infer_schema_length=None)
    lines = []
    for reason, rows in counted(frame).items() if reasons else ():
        of_it = frame.filter(reason=reason).sort("source_file")
        first = of_it.row(0, named=True)
        lines.append(
            f"{reason} {rows:,} ({_share(rows / read)}){_money(of_it)}, "
            f"first {first['source_file']} line {first['first_line']}"
        )
    return lines


def files_in_words(files: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what happened to each file, those with the most records set aside first."""
    worst_first = sorted(
        files, key=lambda file: (-file["rows"]["quarantined"], file["source_file"])
    )
    lines = [_file(file) for file in worst_first[:FILES_TOLD]]
    more = len(files) - FILES_TOLD
    return [*lines, f"and {more} more files"] if more > 0 else lines


def _file(file: Mapping[str, Any]) -> str:
    rows = file["rows"]
    if file["status"] != "loaded":
        return f"{file['source_file']}: nothing, {file['notes']}"
    why = ", ".join(f"{reason} {count:,}" for reason, count in file["reasons"].items())
    return (
        f"{file['source_file']}: {rows['read']:,} read, {rows['loaded']:,} loaded, "
        f"{rows['quarantined']:,} quarantined{f' ({why})' if why else ''}, "
        f"{rows['duplicate']:,} exact repeats"
    )


def _share(share: float) -> str:
    return f"{share:.1%}" if share >= LEAST_SHARE else "less than 0.1%"


def _money(reasons: pl.DataFrame) -> str:
    """What the records stand for, as written in the files: revenue, else gross profit."""
    for measure in ("revenue", "gross_profit"):
        if reasons[measure].null_count() < reasons.height:
            return f", {measure.replace('_', ' ')} {reasons[measure].sum():,.2f}"
    return ""
