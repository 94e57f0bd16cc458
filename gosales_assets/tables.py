"""A table of the warehouse: its name, contract, grain, order and partitions, said once."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from types import ModuleType
from typing import Annotated, Any

import pandera.polars as pa
import polars as pl
from pandera.api.extensions import register_check_method

# Money and units are exact decimals: sums do not depend on their order.
Money = Annotated[pl.Decimal, 18, 2]
Quantity = Annotated[pl.Decimal, 18, 4]
# Days before this one are a system's way to say that there is no day.
FIRST_DAY = date(1900, 1, 1)


@register_check_method(statistics=["column"])  # type: ignore[untyped-decorator]
def not_below(data: pa.PolarsData, column: str) -> pl.LazyFrame:
    """Rule of a field: not below (or before) another column of its row; missing values pass."""
    return data.lazyframe.select(pl.col(data.key) >= pl.col(column))


@register_check_method(statistics=["days"])  # type: ignore[untyped-decorator]
def at_most_days_ahead(data: pa.PolarsData, days: int) -> pl.LazyFrame:
    """Rule of a field: a day at most so many days after today; missing days pass."""
    return data.lazyframe.select(pl.col(data.key) <= date.today() + timedelta(days=days))


class Contract(pa.DataFrameModel):
    """Base of every table's contract: all columns, and no others."""

    class Config:
        """A column that nobody declared is a breach; so is a missing one."""

        strict = True


@dataclass(frozen=True)
class Table:
    """One table of the lake and of the published database.

    Parameters
    ----------
    name
        ``room.table``, such as ``star.fact_transactions``.
    schema
        Pandera schema: column types, nullability, keys, ranges and descriptions.
    grain
        What one row is: "one row per ...".
    sort
        Columns that order the rows totally.
    partitions
        Partition keys, outermost first: ``()``, ``("cutoff",)`` or ``("cutoff", "division")``.
    description
        What the table is, in words for people who do not program.
    volatile
        Columns that differ between equal runs (run ids, times); left out of the checksum.
    published
        Whether the published database holds a copy or a view over the lake.
    may_be_empty
        Whether a partition without rows is fine.
    parts
        What each file holds where a table without partitions is kept in parts, such as "month"
        (see `parts`); empty: one file. The order of ``sort`` then holds within each part.
    record
        Folder of the home folder, of files that are only ever added to, that the table is made on
        besides settings and inputs: with a new file there it is out of date; empty: none.
    """

    name: str
    schema: pa.DataFrameSchema
    grain: str
    sort: tuple[str, ...]
    description: str
    partitions: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    published: str = "table"
    may_be_empty: bool = False
    parts: str = ""
    record: str = ""

    @property
    def room(self) -> str:
        """The schema the table belongs to."""
        return self.name.split(".")[0]

    @property
    def short_name(self) -> str:
        """The table's name within its room."""
        return self.name.split(".")[1]

    @cached_property
    def types(self) -> dict[str, Any]:
        """Column name -> Polars type."""
        return {name: column.dtype.type for name, column in self.schema.columns.items()}

    def empty(self) -> pl.DataFrame:
        """Make a frame of this table without rows."""
        return pl.DataFrame(schema=self.types)

    def typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Bring a frame to the declared columns and types.

        Raises
        ------
        ValueError
            When a column is missing or unknown, or a value does not fit its type.
        """
        missing = [name for name in self.types if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in self.types]
        if missing or unknown:
            raise ValueError(f"{self.name}: missing columns {missing}, unknown columns {unknown}")
        try:
            return frame.select(pl.col(name).cast(kind) for name, kind in self.types.items())
        except pl.exceptions.PolarsError as error:
            raise ValueError(f"{self.name}: {error}") from error


def tables_of(module: ModuleType) -> list[Table]:
    """Tables that a room's ``contract.py`` defines, each once, in that order."""
    return list({t.name: t for t in vars(module).values() if isinstance(t, Table)}.values())


def table(contract: type[pa.DataFrameModel], name: str, **about: Any) -> Table:
    """Make a table of a contract class; its docstring is the table's description."""
    description = " ".join((contract.__doc__ or "").split())
    return Table(name=name, schema=contract.to_schema(), description=description, **about)
