"""Settings of the database: which of its tables may be read, and how; never where or by whom."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gosales_assets.extracts import TableName


class Database(BaseModel):
    """Tables of one database that are read as parts of the sales log; off without tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: list[str | tuple[str, str]] = Field(
        default_factory=list,
        description="Tables or views that may be read: name, schema.name, or [schema, name].",
    )
    watermark: str | None = Field(
        None, description="Column that only grows, to read new rows only; unset: read all rows."
    )
    # These two change how it is read and not what, so they are left out of the settings' hash.
    chunk_rows: int = Field(
        50_000, ge=1, exclude=True, description="Rows that are held in memory at a time."
    )
    strict: bool = Field(
        False, exclude=True, description="Stop where the database cannot be read; else warn."
    )

    @property
    def names(self) -> list[TableName]:
        """The tables' names in their parts; a dot parts the schema from the name."""
        return [
            TableName(*(entry if isinstance(entry, tuple) else _schema_and_name(entry)))
            for entry in self.tables
        ]

    @model_validator(mode="after")
    def _names_are_usable(self) -> Self:
        names = self.names
        if any(not part for name in names for part in name if part is not None):
            raise ValueError("tables: a name is empty")
        if len(set(names)) < len(names):
            raise ValueError("tables: a table is named twice")
        if self.watermark is not None and not names:
            raise ValueError("tables is empty: name the tables that may be read")
        return self


def _schema_and_name(entry: str) -> tuple[str | None, str]:
    schema, dot, name = entry.strip().rpartition(".")
    return (schema if dot else None), name
