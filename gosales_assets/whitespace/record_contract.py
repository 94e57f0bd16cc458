"""Tables of what people did with the lists: actions, imports of actions, hand-outs."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, table

FOLDER = "actions"  # of the home folder: where all of this is recorded
ACTION_KINDS = ["not_now", "blocked", "talking", "won", "lost", "withdrawn"]


class Actions(Contract):
    """What reps answered to recommendations, one line for each answer; never edited.

    The last answer about a customer and division is the one that counts.
    """

    action_id: str = pa.Field(unique=True, description="Action; sorts in order of recording.")
    kind: str = pa.Field(
        isin=ACTION_KINDS,
        description="not_now: leave alone until a day; blocked: do not approach; talking: a deal "
        "is open; won: bought; lost: said no; withdrawn: no answer stands any more.",
    )
    customer_id: str = pa.Field(description="Customer.")
    division: str = pa.Field(
        nullable=True, description="Division or SKU set that was spoken of; null: all of them."
    )
    recorded_at: pl.Datetime = pa.Field(description="When it was recorded (UTC).")
    recorded_by: str = pa.Field(description="Who recorded it.")
    until: pl.Date = pa.Field(nullable=True, description="Last day of a not_now; null otherwise.")
    reason: str = pa.Field(nullable=True, description="Why, in the rep's words; null: not said.")
    job_id: str = pa.Field(
        nullable=True, description="Import that it came with; null: recorded by itself."
    )


class ActionJobs(Contract):
    """Imports of actions from files: who, when, how many rows were taken, and what was refused."""

    job_id: str = pa.Field(unique=True, description="Import.")
    file: str = pa.Field(description="Name of the file.")
    sha256: str = pa.Field(description="Its content; the same content is imported only once.")
    imported_at: pl.Datetime = pa.Field(description="When it was imported (UTC).")
    imported_by: str = pa.Field(description="Who imported it.")
    rows_read: int = pa.Field(ge=0, description="Rows in the file.")
    rows_taken: int = pa.Field(ge=0, description="Rows that became actions.")
    rows_refused: int = pa.Field(ge=0, description="Rows that did not.")
    problems: str = pa.Field(
        nullable=True, description="What was refused and why, by line; null: nothing."
    )


class HandedOut(Contract):
    """Rows of lists that were given to people; what is not acted on is damped on the next list."""

    cutoff: pl.Date = pa.Field(description="List that the row stood on.")
    division: str = pa.Field(description="Division or SKU set to offer.")
    customer_id: str = pa.Field(description="Customer.")
    handed_out_at: pl.Datetime = pa.Field(description="When the list was exported (UTC).")


ACTIONS = table(
    Actions,
    "whitespace.actions",
    grain="one row per action",
    sort=("recorded_at", "action_id"),
    may_be_empty=True,
)
ACTION_JOBS = table(
    ActionJobs,
    "whitespace.action_jobs",
    grain="one row per import",
    sort=("imported_at", "job_id"),
    may_be_empty=True,
)
HANDED_OUT = table(
    HandedOut,
    "whitespace.handed_out",
    grain="one row per list, row of it and hand-out",
    sort=("handed_out_at", "cutoff", "division", "customer_id"),
    may_be_empty=True,
)
