"""What is known of the extracts of the database."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, table

CURRENT, EARLIER, MISSING = "current", "earlier", "missing"


class DatabaseExtracts(Contract):
    """Files that hold what was read from the database; empty where no database is configured."""

    table_name: str = pa.Field(description="Table or view, as sales_log.database.tables names it.")
    file: str = pa.Field(
        nullable=True, description="Extract, a file of the sales log; null: nothing was read yet."
    )
    rows: int = pa.Field(ge=0, description="Rows in it.")
    first_watermark: str = pa.Field(
        nullable=True, description="Lowest watermark in it; null: it is read without one."
    )
    last_watermark: str = pa.Field(nullable=True, description="Highest watermark in it.")
    extracted_at: pl.Datetime = pa.Field(nullable=True, description="When it was read (UTC).")
    sha256: str = pa.Field(nullable=True, description="SHA-256 of the file's bytes.")
    status: str = pa.Field(
        isin=[CURRENT, EARLIER, MISSING],
        description="current: as the database had it when last looked at; earlier: the database "
        "could not be read since; missing: nothing was read yet.",
    )
    source: str = pa.Field(
        nullable=True, description="Database it came from: kind, host and name, no user."
    )
    note: str = pa.Field(description="What was remarkable, or why it could not be read.")


DATABASE_EXTRACTS = table(
    DatabaseExtracts,
    "raw.database_extracts",
    grain="one row per extract file, and one per table that has none",
    sort=("table_name", "file"),
    volatile=("extracted_at",),
    may_be_empty=True,
)
