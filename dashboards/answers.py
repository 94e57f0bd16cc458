"""What reps answer on the pages: written through the one write path, and seen at once.

Answers shape the next list; until then the pages show them over the list that stands. An answer is
undone by a later entry, never by removing one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from dashboards import text
from dashboards.account_queries import account_states
from dashboards.database import Published
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.record_contract import ACTIONS, FOLDER

KINDS = {
    "not_now": "Not now",
    "blocked": "Do not call",
    "talking": "Already talking",
    "won": "Won",
}
# What the next list will say of an account and division with such an answer.
STATES = {
    "not_now": "cooling",
    "blocked": "blocked",
    "talking": "open_deal",
    "won": "owned",
    "lost": "cooling",
}
_SAID = {**KINDS, "lost": "Lost"}


class NotYoursError(LookupError):
    """An answer about an account or division that is not on the list, or not the person's own."""


@dataclass(frozen=True)
class Answer:
    """An answer that somebody is about to give.

    Parameters
    ----------
    kind
        One of ``KINDS``, or withdrawn.
    until
        Last day of a not_now.
    reason
        Why; needed for blocked.
    """

    kind: str
    customer_id: str
    division: str
    until: date | None = None
    reason: str | None = None


def give(db: Published, cutoff: date, answer: Answer, at: datetime, by: str) -> None:
    """Append an answer to the record.

    Raises
    ------
    NotYoursError
        When the list of the cutoff has no such row within the person's scope.
    ActionProblem
        When something is missing; the message says what.
    """
    if account_states(db, answer.customer_id, cutoff, answer.division).is_empty():
        raise NotYoursError("This account and division are not on your list.")
    action = actions.Action(
        answer.kind,
        answer.customer_id,
        answer.division,
        at,
        by.strip(),
        until=answer.until,
        reason=(answer.reason or "").strip() or None,
    )
    actions.record(db.home, [action])


def standing(
    db: Published, customers: Sequence[str], divisions: Sequence[str], today: date
) -> dict[tuple[str, str], dict[str, Any]]:
    """Answers that stand about some accounts: (customer, division) -> the action.

    A ``not_now`` whose day has passed stands no more, nor does what was withdrawn. A file of the
    record is never edited, so each is read only once.
    """
    files = sorted((db.home / FOLDER / ACTIONS.short_name).glob("*.parquet"))
    told = [frame for file in files if not (frame := _read(file)).is_empty()]
    if not told:
        return {}
    about = pl.concat(told).filter(pl.col("customer_id").is_in(list(customers)))
    last = actions.in_force(about, date.max, divisions).filter(
        (pl.col("kind") != "withdrawn") & ~(pl.col("until") < today).fill_null(False)
    )
    return {(row["customer_id"], row["division"]): row for row in last.iter_rows(named=True)}


def in_words(action: dict[str, Any]) -> str:
    """Say an answer: what, until when or why, who, and on which day.

    Examples
    --------
    >>> in_words({"kind": "won", "until": None, "reason": None, "recorded_by": "Kim",
    ...           "recorded_at": datetime(2025, 3, 31)}).replace(text.NBSP, " ")
    'Won (Kim, 31 Mar 2025)'
    """
    until = f" until {text.day(action['until'])}" if action["until"] else ""
    why = f": {action['reason']}" if action["reason"] else ""
    signed = f"{action['recorded_by']}, {text.day(action['recorded_at'].date())}"
    return f"{_SAID[action['kind']]}{until}{why} ({signed})"


@lru_cache(maxsize=50_000)
def _read(file: Path) -> pl.DataFrame:
    return ACTIONS.typed(pl.read_parquet(file))
