"""What is asked of the database: statements over tables that are allowed and that it really has.

No text of a user's ever becomes a part of a statement. A name is looked up in the configured list
and then among what the server says it has; SQLAlchemy's dialect writes and quotes it; watermarks
are bound as parameters.
"""

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select, TableClause
from sqlalchemy.dialects.mssql import MONEY, NTEXT, SMALLMONEY, TEXT, XML
from sqlalchemy.types import NullType

from gosales_assets.database_address import DatabaseProblem
from gosales_assets.extracts import TableName
from gosales_assets.sources.headers import nearest

_NUMBERS = (sa.Integer, sa.Numeric, sa.Float, MONEY, SMALLMONEY)
_ORDERED = (*_NUMBERS, sa.String, sa.Date, sa.DateTime, sa.Time, sa.Uuid, sa.Boolean)
_MODULUS = 1_000_003  # a prime: ids of 19 digits would overflow their sum
_UNORDERED = (TEXT, NTEXT, XML)  # SQL Server cannot sort them


@dataclass(frozen=True)
class SourceTable:
    """A table or view that may be read, as the server describes it.

    Parameters
    ----------
    order
        Columns that rows are ordered by: the primary key, else every column that has an order.
        So equal content gives equal extracts, whatever order the server keeps rows in.
    numbers
        Columns that hold numbers.
    figures
        What is summed to notice changes: every column of exact numbers.
    """

    clause: TableClause
    columns: tuple[str, ...]
    order: tuple[str, ...]
    numbers: frozenset[str]
    figures: tuple[ColumnElement[Any], ...]

    def rows(self, watermark: str | None = None, *where: ColumnElement[bool]) -> Select[Any]:
        """Select rows in a total order, by the watermark first."""
        names = dict.fromkeys([*([watermark] if watermark else []), *self.order])
        columns = [self.clause.c[name] for name in self.columns]
        return sa.select(*columns).where(*where).order_by(*(self.clause.c[n] for n in names))

    def tally(self, *where: ColumnElement[bool]) -> Select[Any]:
        """Count rows and sum their figures."""
        return sa.select(sa.func.count(), *self.figures).select_from(self.clause).where(*where)

    def highest(self, watermark: str, *where: ColumnElement[bool]) -> Select[Any]:
        """Select the highest watermark."""
        return sa.select(sa.func.max(self.clause.c[watermark])).where(*where)

    def below(self, watermark: str, value: Any) -> ColumnElement[bool]:
        """Rows whose watermark lies below a value."""
        return self.clause.c[watermark] < _bind("below", value)

    def from_(self, watermark: str, value: Any) -> ColumnElement[bool]:
        """Rows whose watermark is a value or lies above it."""
        return self.clause.c[watermark] >= _bind("from", value)

    def without(self, watermark: str) -> ColumnElement[bool]:
        """Rows that have no watermark."""
        return self.clause.c[watermark].is_(None)


def source_table(
    connection: Connection, allowed: Collection[TableName], name: TableName
) -> SourceTable:
    """Look up a table or view.

    Raises
    ------
    DatabaseProblem
        When it is not on the configured list, or the database has none of this name that this
        user may see.
    """
    if name not in allowed:
        raise DatabaseProblem(f"table {str(name)!r} is not listed in sales_log.database.tables")
    inspector = sa.inspect(connection)
    if not inspector.has_table(name.name, schema=name.schema):
        there = [
            *inspector.get_table_names(schema=name.schema),
            *inspector.get_view_names(schema=name.schema),
        ]
        raise DatabaseProblem(
            f"no such table or view that this user may see{nearest(name.name, there)}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # of types SQLAlchemy does not know
        described = inspector.get_columns(name.name, schema=name.schema)
        key = inspector.get_pk_constraint(name.name, schema=name.schema)["constrained_columns"]
    columns = tuple(column["name"] for column in described)
    sqlite = connection.dialect.name == "sqlite"  # there every value has an order
    ordered = tuple(c["name"] for c in described if sqlite or _has_order(c["type"]))
    clause = sa.table(name.name, *(sa.column(c) for c in columns), schema=name.schema)
    numbers = frozenset(c["name"] for c in described if isinstance(c["type"], _NUMBERS))
    summed = (_figure(clause.c[c["name"]], c["type"], sqlite=sqlite) for c in described)
    figures = tuple(figure for figure in summed if figure is not None)
    return SourceTable(clause, columns, tuple(key) or ordered, numbers, figures)


def check_watermark(table: SourceTable, watermark: str) -> None:
    """Check that the table has the watermark's column.

    Raises
    ------
    DatabaseProblem
        When it has not.
    """
    if watermark not in table.columns:
        raise DatabaseProblem(
            f"no column {watermark!r} (sales_log.database.watermark)"
            f"{nearest(watermark, table.columns)}"
        )


def _figure(
    column: ColumnElement[Any], kind: Any, *, sqlite: bool = False
) -> ColumnElement[Any] | None:
    """Sum a column of exact numbers, without overflow; None: sums of others are not exact."""
    if isinstance(kind, sa.Integer):
        return sa.func.sum(sa.cast(column, sa.BigInteger) % _MODULUS)
    if sqlite:
        return sa.func.total(column) if isinstance(kind, _NUMBERS) else None
    if isinstance(kind, (MONEY, SMALLMONEY)):
        return sa.func.sum(sa.cast(column, sa.Numeric(38, 4)))
    return sa.func.sum(column) if isinstance(kind, sa.Numeric) else None


def _has_order(kind: Any) -> bool:
    return isinstance(kind, _ORDERED) and not isinstance(kind, _UNORDERED)


def _bind(name: str, value: Any) -> sa.BindParameter[Any]:
    # Without a type, so that the server compares it as the column's type and nothing is cast.
    return sa.bindparam(name, value, type_=NullType(), unique=True)
