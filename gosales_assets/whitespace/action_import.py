"""Actions from a file: each row is taken or refused with a reason, and the import is logged."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from gosales_assets.division_names import division_identity
from gosales_assets.settings import SettingsError
from gosales_assets.sources.small_tables import read_small_table
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.record_contract import ACTION_JOBS, ACTION_KINDS

NEEDED = ("action", "customer_id")
COLUMNS = (*NEEDED, "division", "until", "reason")
_ALL_DIVISIONS = ("", "all")
_PROBLEMS_SHOWN = 50


@dataclass(frozen=True)
class Known:
    """What rows of a file may name.

    Parameters
    ----------
    customers
        Ids of the customers.
    divisions
        Identity of each division -> its key.
    """

    customers: Collection[str]
    divisions: Mapping[str, str]


def import_actions(home: Path, file: Path, known: Known, at: datetime, by: str) -> dict[str, Any]:
    """Record the actions of a file and log the import; bad rows are refused, the others taken.

    Returns
    -------
    dict
        The row of ``whitespace.action_jobs``.

    Raises
    ------
    SettingsError
        When the file cannot be read, lacks a column, or its content was imported before.
    """
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    before = actions.read(home, ACTION_JOBS).filter(pl.col("sha256") == content)
    if before.height:
        when = before["imported_at"][0].date()
        raise SettingsError(f"{file.name}: the same content was imported on {when}")
    table = read_small_table(file, set(COLUMNS))
    missing = [name for name in NEEDED if name not in table.header]
    if missing:
        raise SettingsError(f"{file.name}: no column {missing[0]!r}; known: {', '.join(COLUMNS)}")
    taken: list[actions.Action] = []
    problems = [
        f"line {row['line']}: it does not fit the header" for row in table.broken.to_dicts()
    ]
    for row in table.rows.to_dicts():
        try:
            taken.append(_action(row, known, at, by))
        except actions.ActionProblem as problem:
            problems.append(f"line {row['line']}: {problem}")
    job_id = hashlib.sha256(f"{content}{at.isoformat()}".encode()).hexdigest()[:12]
    job = {
        "job_id": job_id,
        "file": file.name,
        "sha256": content,
        "imported_at": at,
        "imported_by": by,
        "rows_read": len(taken) + len(problems),
        "rows_taken": len(taken),
        "rows_refused": len(problems),
        "problems": "; ".join(problems[:_PROBLEMS_SHOWN]) or None,
    }
    actions.record(home, taken, job_id=job_id)
    actions.record_job(home, pl.DataFrame([job], schema=ACTION_JOBS.types))
    return job


def _action(row: Mapping[str, Any], known: Known, at: datetime, by: str) -> actions.Action:
    cells = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    kind = cells["action"].lower().replace(" ", "_")
    if kind not in ACTION_KINDS:
        raise actions.ActionProblem(
            f"unknown action {cells['action']!r}; known: {', '.join(ACTION_KINDS)}"
        )
    if cells["customer_id"] not in known.customers:
        raise actions.ActionProblem(f"no customer {cells['customer_id']!r}")
    return actions.Action(
        kind,
        cells["customer_id"],
        _division(cells["division"], known),
        at,
        by,
        until=_day(cells["until"]) if cells["until"] else None,
        reason=cells["reason"] or None,
    )


def _division(name: str, known: Known) -> str | None:
    identity = division_identity(name) if name else ""
    if identity in _ALL_DIVISIONS:
        return None
    if identity not in known.divisions:
        raise actions.ActionProblem(f"no division {name!r}")
    return known.divisions[identity]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise actions.ActionProblem(f"{text!r} is no day such as 2025-03-31") from error
