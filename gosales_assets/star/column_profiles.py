"""Column profiles: what is in each column of a table, and what has changed since the last time.

Everything is computed where the table lies; only one row per column comes back, so that memory
does not grow with the table.
"""

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import polars as pl

from gosales_assets.star.contract import COLUMN_PROFILE
from gosales_assets.tables import Table

# In a bigger table, a column with more different values than this has them estimated.
EXACT_UP_TO = 1_000_000
ESTIMATE_DIGITS = 2
TEXT_SHOWN = 80
# A smaller change than these is not worth a look.
LOST_ROWS = 0.01
MORE_MISSING = 0.05
CHANGE = {"table_name": pl.String, "column_name": pl.String, "change": pl.String}


def column_profile(
    scanned: ir.Table, table: Table, checksum: str, exact_up_to: int = EXACT_UP_TO
) -> pl.DataFrame:
    """Describe every column of a table, as rows of ``star.column_profile``.

    Columns that differ between equal runs (times, run ids) have their gaps counted, nothing else.

    Parameters
    ----------
    scanned
        The table as it lies in the lake.
    checksum
        Of its content, to tell what was described.
    exact_up_to
        Rows, or different values, up to which different values are counted and not estimated.
    """
    figures = _figures(scanned, table)
    distinct = _distinct(scanned, table, figures, exact_up_to)
    rows, kinds = int(figures["rows"]), scanned.schema()
    described = [
        {
            "table_name": table.name,
            "position": position,
            "column_name": name,
            "type": str(kinds[name]),
            "nullable": bool(column.nullable),
            "meaning": column.description,
            "rows": rows,
            "null_share": (rows - figures[f"known {name}"]) / rows if rows else None,
            "distinct_values": distinct.get(name, (None, False))[0],
            "distinct_is_exact": distinct.get(name, (None, False))[1],
            "minimum": figures.get(f"minimum {name}"),
            "maximum": figures.get(f"maximum {name}"),
            "checksum": checksum,
        }
        for position, (name, column) in enumerate(table.schema.columns.items(), start=1)
    ]
    return pl.DataFrame(described, schema=COLUMN_PROFILE.types)


def changes(before: pl.DataFrame, now: pl.DataFrame, come_and_go: set[str]) -> pl.DataFrame:
    """Find what a person should look at between two profiles.

    That is: a table or column that is gone, a new column in a known table, another type, a column
    that may now have gaps, 5 percentage points more of missing values, or 1 % fewer rows. More
    rows, fewer gaps and new tables are what one hopes for, and are not told.

    Parameters
    ----------
    before, now
        Two versions of ``star.column_profile``.
    come_and_go
        Tables that hold other rows each time: of them only the columns are compared.

    Returns
    -------
    pl.DataFrame
        One row per change: table_name, column_name (null: the whole table), change in words.
    """
    found = _lost_rows(before, now, come_and_go) + _changed_columns(before, now, come_and_go)
    return pl.DataFrame(found, schema=CHANGE, orient="row").sort(
        "table_name", "column_name", "change", nulls_last=False
    )


def _steady(table: Table) -> list[str]:
    return [name for name in table.types if name not in table.volatile]


def _figures(scanned: ir.Table, table: Table) -> dict[str, Any]:
    asked = {"rows": scanned.count()}
    asked |= {f"known {name}": scanned[name].count() for name in table.types}
    for name in _steady(table):
        asked[f"minimum {name}"] = _text(scanned[name].min())
        asked[f"maximum {name}"] = _text(scanned[name].max())
    return _answers(scanned, asked)


def _distinct(
    scanned: ir.Table, table: Table, figures: Mapping[str, Any], exact_up_to: int
) -> dict[str, tuple[int, bool]]:
    """Number of different values of each column, and whether it is exact.

    A key has as many as it has values. What is not counted in a big table is estimated
    (HyperLogLog, within a few per cent): that needs no memory, and gives the same for any order
    of the rows.
    """
    known = {name: int(figures[f"known {name}"]) for name in _steady(table)}
    keys = {name for name in known if table.schema.columns[name].unique}
    keys |= set(table.sort) & set(known) if len(table.sort) == 1 else set()
    estimates: dict[str, int] = {}
    if figures["rows"] > exact_up_to:
        asked = {name: scanned[name].approx_nunique() for name in known if name not in keys}
        estimates = _answers(scanned, asked)
    many = {name: count for name, count in estimates.items() if count > exact_up_to}
    few = {name: scanned[name].nunique() for name in known if name not in keys | many.keys()}
    return (
        {name: (known[name], True) for name in keys}
        | {name: (min(_rounded(count), known[name]), False) for name, count in many.items()}
        | {name: (count, True) for name, count in _answers(scanned, few).items()}
    )


def _answers(scanned: ir.Table, asked: Mapping[str, ir.Value]) -> dict[str, Any]:
    if not asked:
        return {}
    return scanned.aggregate(**asked).to_polars().row(0, named=True)


def _text(value: ir.Value) -> ir.Value:
    return value.cast("string").left(TEXT_SHOWN)


def _rounded(count: int) -> int:
    return round(count, ESTIMATE_DIGITS - len(str(count)))


def _lost_rows(
    before: pl.DataFrame, now: pl.DataFrame, come_and_go: set[str]
) -> list[tuple[str, None, str]]:
    then, today = (dict(f.select("table_name", "rows").iter_rows()) for f in (before, now))
    found: list[tuple[str, None, str]] = []
    for name, rows in then.items():
        if name not in today:
            found.append((name, None, "the table is gone"))
        elif today[name] < rows * (1 - LOST_ROWS) and name not in come_and_go:
            lost = 1 - today[name] / rows
            change = f"{today[name]:,} rows, {rows:,} before: {lost:.1%} fewer"
            found.append((name, None, change))
    return found


def _changed_columns(
    before: pl.DataFrame, now: pl.DataFrame, come_and_go: set[str]
) -> list[tuple[str, str, str]]:
    key = ["table_name", "column_name"]
    both = set(before["table_name"]) & set(now["table_name"])
    pairs = before.join(now, on=key, how="full", suffix="_now", coalesce=True)
    found: list[tuple[str, str, str]] = []
    for row in pairs.filter(pl.col("table_name").is_in(list(both))).iter_rows(named=True):
        told = _told(row) + ([] if row["table_name"] in come_and_go else _more_missing(row))
        found += [(row["table_name"], row["column_name"], change) for change in told]
    return found


def _told(row: Mapping[str, Any]) -> list[str]:
    """Say how one column became another, given its two versions side by side."""
    if row["type_now"] is None:
        return ["the column is gone"]
    if row["type"] is None:
        return ["the column is new"]
    told = []
    if row["type_now"] != row["type"]:
        told.append(f"type {row['type_now']}, {row['type']} before")
    if row["nullable_now"] and not row["nullable"]:
        told.append("values may now be missing")
    return told


def _more_missing(row: Mapping[str, Any]) -> list[str]:
    share, earlier = row["null_share_now"], row["null_share"]
    if share is None or earlier is None or share - earlier <= MORE_MISSING:
        return []
    return [f"{share:.1%} of values missing, {earlier:.1%} before"]
