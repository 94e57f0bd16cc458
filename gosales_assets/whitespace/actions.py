"""What reps answer: an append-only record of actions, and of what was handed out to them.

Each append is a Parquet file of its own, moved into place whole, that nobody ever edits; the
record is all of them in order. A later action on the same customer and division stands in for an
earlier one; a `not_now` whose day has passed lifts it, and so does `withdrawn`. Who records passes
the moment: nothing here looks at a clock.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from gosales_assets.parts import write_whole
from gosales_assets.tables import Table
from gosales_assets.whitespace.record_contract import (
    ACTION_JOBS,
    ACTION_KINDS,
    ACTIONS,
    FOLDER,
    HANDED_OUT,
)

KEYS = ["division", "customer_id"]


class ActionProblem(ValueError):
    """An action that cannot be recorded; the message says why."""


@dataclass(frozen=True)
class Action:
    """One answer of a rep.

    Parameters
    ----------
    kind
        not_now, blocked, talking, won, lost or withdrawn.
    division
        Division or SKU set; None: all of them.
    recorded_at, recorded_by
        When (UTC) and by whom.
    until
        Last day of a not_now; needed there, and only there.
    reason
        Why; needed for blocked.
    """

    kind: str
    customer_id: str
    division: str | None
    recorded_at: datetime
    recorded_by: str
    until: date | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in ACTION_KINDS:
            raise ActionProblem(f"unknown action {self.kind!r}; known: {', '.join(ACTION_KINDS)}")
        if not self.customer_id or not self.recorded_by.strip():
            raise ActionProblem("an action needs a customer and a person who records it")
        if (self.kind == "not_now") != (self.until is not None):
            raise ActionProblem("not_now, and nothing else, needs the last day that it holds")
        if self.kind == "blocked" and not (self.reason or "").strip():
            raise ActionProblem("blocked needs a reason")
        if self.recorded_at.tzinfo is not None:
            raise ActionProblem("recorded_at is UTC, without a time zone")


def not_now(customer_id: str, division: str | None, until: date, at: datetime, by: str) -> Action:
    """Leave the customer alone up to a day, inclusive."""
    return Action("not_now", customer_id, division, at, by, until=until)


def blocked(customer_id: str, division: str | None, reason: str, at: datetime, by: str) -> Action:
    """Do not approach the customer any more."""
    return Action("blocked", customer_id, division, at, by, reason=reason)


def talking(customer_id: str, division: str | None, at: datetime, by: str) -> Action:
    """A deal is being talked about."""
    return Action("talking", customer_id, division, at, by)


def won(customer_id: str, division: str | None, at: datetime, by: str) -> Action:
    """The customer bought."""
    return Action("won", customer_id, division, at, by)


def lost(
    customer_id: str, division: str | None, at: datetime, by: str, reason: str | None = None
) -> Action:
    """The customer said no."""
    return Action("lost", customer_id, division, at, by, reason=reason)


def withdrawn(customer_id: str, division: str | None, at: datetime, by: str) -> Action:
    """What was answered before does not stand any more."""
    return Action("withdrawn", customer_id, division, at, by)


def record(home: Path, actions: Sequence[Action], job_id: str | None = None) -> None:
    """Append actions to the record of a home folder, in their order."""
    batch = job_id or uuid.uuid4().hex
    rows = [
        {**asdict(action), "action_id": f"{batch}-{number:06d}", "job_id": job_id}
        for number, action in enumerate(actions)
    ]
    _append(home, ACTIONS, pl.DataFrame(rows, schema=ACTIONS.types))


def record_job(home: Path, job: pl.DataFrame) -> None:
    """Append one row to the log of imports."""
    _append(home, ACTION_JOBS, job)


def hand_out(home: Path, rows: pl.DataFrame, at: datetime) -> None:
    """Record that rows of a list (``cutoff, division, customer_id``) were given to people."""
    given = rows.select("cutoff", *KEYS, handed_out_at=pl.lit(at))
    _append(home, HANDED_OUT, given)


def read(home: Path, table: Table) -> pl.DataFrame:
    """Read the whole record of one kind, in a total order; empty where nothing was recorded."""
    files = _files(home, table)
    if not files:
        return table.empty()
    return pl.concat([table.typed(pl.read_parquet(file)) for file in files]).sort(
        table.sort, nulls_last=False, maintain_order=True
    )


def as_of(cutoff: date, newest: bool, data_end: date, actions: pl.DataFrame) -> date:
    """Day on which a list is looked at: what is recorded up to it counts.

    A past list is looked at on its cutoff, whatever became known later. The newest is in use after
    its cutoff: it is looked at on the last day that anything is known of, be it an order
    (``data_end``) or an action.
    """
    if not newest:
        return cutoff
    last = actions.select(pl.col("recorded_at").max().dt.date()).item()
    return max(day for day in (cutoff, data_end, last) if day is not None)


def in_force(actions: pl.DataFrame, on: date, divisions: Sequence[str]) -> pl.DataFrame:
    """The last action about each customer and division by a day.

    Returns
    -------
    pl.DataFrame
        The actions, one row per customer and division; an action about all divisions stands at
        each of them that nothing later was said about.
    """
    said = actions.filter(pl.col("recorded_at").dt.date() <= on)
    return (
        every_division(said, divisions)
        .sort("recorded_at", "action_id")
        .unique(KEYS, keep="last", maintain_order=True)
    )


def every_division(rows: pl.DataFrame, divisions: Sequence[str]) -> pl.DataFrame:
    """Put rows about all divisions (null) at each of them."""
    general = rows.filter(pl.col("division").is_null()).drop("division")
    named = pl.DataFrame({"division": pl.Series(divisions, dtype=pl.String)})
    own = rows.filter(pl.col("division").is_not_null())
    return pl.concat([own, general.join(named, how="cross").select(rows.columns)])


def _append(home: Path, table: Table, frame: pl.DataFrame) -> None:
    if frame.is_empty():
        return
    folder = home / FOLDER / table.short_name
    folder.mkdir(parents=True, exist_ok=True)
    # The number comes first, so that names sort in the order of recording.
    number = len(_files(home, table)) + 1
    write_whole(table.typed(frame), folder / f"{number:08d}-{uuid.uuid4().hex}.parquet")


def _files(home: Path, table: Table) -> list[Path]:
    return sorted((home / FOLDER / table.short_name).glob("*.parquet"))
