"""Texts as numbers: names that repeat over millions of rows are kept once; groups get quick.

DuckDB compares texts letter by letter, but values of its type ENUM by their place in a list. To
whoever reads such a column it stays a text, and sorts as one.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend


def with_coded_texts(
    engine: "Backend", tables: Mapping[str, "ibis.Table"]
) -> dict[str, "ibis.Table"]:
    """Give the same tables, by name, with their texts coded.

    Columns of the same name share one list of values, so that the tables join by number.
    """
    import ibis

    texts: dict[str, list[ibis.Table]] = {}
    for table in tables.values():
        for column, kind in table.schema().items():
            if kind.is_string():
                texts.setdefault(column, []).append(table.select(column).distinct())
    for column, lists in texts.items():
        values = ibis.union(*lists, distinct=True).drop_null().order_by(column)
        engine.raw_sql(f'create type "{column}_text" as enum ({engine.compile(values)})')
    return {name: _coded(engine, name, table, set(texts)) for name, table in tables.items()}


def keep_rows(engine: "Backend", name: str, expression: "ibis.Table") -> "ibis.Table":
    """Compute an expression and keep its rows as a temporary table; coded texts stay coded."""
    engine.raw_sql(f'create temp table "{name}" as {engine.compile(expression)}')
    return _named(engine, name, expression)


def _coded(engine: "Backend", name: str, table: "ibis.Table", texts: set[str]) -> "ibis.Table":
    columns = ", ".join(f'"{c}"::"{c}_text" as "{c}"' if c in texts else c for c in table.columns)
    rows = f"select {columns} from ({engine.compile(table)})"  # noqa: S608 - names of our own
    engine.raw_sql(f'create temp view "{name}_coded" as {rows}')
    return _named(engine, f"{name}_coded", table)


def _named(engine: "Backend", name: str, like: "ibis.Table") -> "ibis.Table":
    """Name a table whose columns are known: the engine, asked, would spell out every text."""
    import ibis.expr.operations as ops

    return ops.DatabaseTable(name=name, schema=like.schema(), source=engine).to_expr()
