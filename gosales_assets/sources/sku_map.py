"""The SKU map: the division of each product and, in the wide layout, its pair of columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import polars as pl

from gosales_assets.division_names import division_identity
from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.divisions import first_spellings
from gosales_assets.sources.headers import missing
from gosales_assets.sources.parsing import identifier, text
from gosales_assets.sources.small_tables import SmallTable, read_small_table

_REQUIRED = {"long": ("sku", "division"), "wide": ("gp_column", "qty_column", "sku", "division")}
_OPTIONAL = {
    "long": ("product_name", "family", "sale_type"),
    "wide": ("product_name", "family", "sale_type", "route_by", "route_value"),
}


@dataclass(frozen=True)
class Route:
    """Where a SKU's lines go on rows whose column ``by`` holds ``value``."""

    by: str
    value: str
    division: str


@dataclass(frozen=True)
class WideSku:
    """A SKU of the wide layout.

    Parameters
    ----------
    columns
        Pairs of headers (gross profit, quantity): the SKU's own and its aliases, in map order.
    routes
        Divisions by the row's own value; the first that fits decides.
    division
        Division where no route fits; None: there is no such division.
    """

    sku: str
    columns: tuple[tuple[str, str], ...]
    routes: tuple[Route, ...]
    division: str | None


@dataclass(frozen=True)
class SkuMap:
    """The SKU map as read: one row per entry, all text, divisions as their keys.

    Parameters
    ----------
    entries
        ``sku, division, product_name, family, sale_type`` and, in the wide layout, ``gp_column,
        qty_column, route_by, route_value``; in file order.
    remarks
        Sheets of a workbook that were not read, and where further sheets begin.
    """

    name: str
    entries: pl.DataFrame
    remarks: tuple[str, ...] = ()

    @property
    def divisions(self) -> list[str]:
        """Division keys, sorted."""
        return sorted(set(self.entries["division"]))

    @cached_property
    def products(self) -> pl.DataFrame:
        """One row per SKU, from its first entry: sku, division, product_name, family, sale_type."""
        columns = ["sku", "division", "product_name", "family", "sale_type"]
        return self.entries.unique("sku", keep="first", maintain_order=True).select(columns)

    def spelled(self, skus: pl.Series) -> pl.Series:
        """Spell SKUs as the map does; one that it does not know stays as it is.

        A SKU that differs in upper and lower case only is the same, and so is, in the wide layout,
        one called by the header of its column or of an alias.
        """
        names = [(sku, sku) for sku in self.products["sku"]]
        if "gp_column" in self.entries.columns:
            names += list(self.entries.select("gp_column", "sku").iter_rows())
        exact: dict[str, str] = {}
        folded: dict[str, set[str]] = {}
        for name, sku in names:
            exact.setdefault(name, sku)
            folded.setdefault(name.lower(), set()).add(sku)
        found = {}
        for name in skus.drop_nulls().unique():
            near = folded.get(name.lower(), set())
            found[name] = exact.get(name) or (min(near) if len(near) == 1 else name)
        return skus.replace_strict(found, return_dtype=pl.String, default=None)

    @cached_property
    def wide(self) -> list[WideSku]:
        """SKUs of the wide layout, in map order."""
        skus = []
        for (sku,), rows in self.entries.group_by("sku", maintain_order=True):
            pairs = dict.fromkeys(rows.select("gp_column", "qty_column").iter_rows())
            entries = list(rows.iter_rows(named=True))
            routes = [
                Route(row["route_by"], row["route_value"], row["division"])
                for row in entries
                if row["route_by"]
            ]
            plain = [row["division"] for row in entries if not row["route_by"]]
            distinct = tuple(dict.fromkeys(routes))
            skus.append(WideSku(str(sku), tuple(pairs), distinct, plain[0] if plain else None))
        return skus


def load_sku_map(settings: Settings) -> SkuMap | None:
    """Read the SKU map of these settings; None when none is named.

    Raises
    ------
    SettingsError
        When columns or values are missing, or two entries contradict each other.
    """
    if settings.sku_map is None:
        return None
    path = settings.path(settings.sku_map)
    if not path.is_file():
        raise SettingsError(f"sku_map: no such file: {path}")
    return _load(path, settings.sales_log.layout, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load(path: Path, layout: str, _changed: int) -> SkuMap:
    required, optional = _REQUIRED[layout], _OPTIONAL[layout]
    table = read_small_table(path, required)
    for name in required:
        if name not in table.header:
            raise missing(table.name, table.header, name, f"sku_map, {layout} layout")
    if table.broken.height:
        line, detail = table.broken.select("line", "detail").row(0)
        raise SettingsError(f"{table.name}: line {line}: {detail or 'quotes do not match'}")
    entries = _entries(table, (*required, *optional))
    _all_given(table.name, entries, [name for name in required if name != "qty_column"])
    if layout == "wide":
        _no_column_twice(table.name, entries)
    _one_division(table.name, entries)
    return SkuMap(table.name, entries.drop("line"), table.remarks)


def _entries(table: SmallTable, columns: Sequence[str]) -> pl.DataFrame:
    frame = table.rows.select(
        "line",
        *[
            (identifier if name == "sku" else text)(pl.col(name)).alias(name)
            if name in table.header
            else pl.lit(None, pl.String).alias(name)
            for name in columns
        ],
    )
    spellings = first_spellings(frame["division"].drop_nulls().to_list())
    keys = [
        None if name is None else spellings.get(division_identity(name))
        for name in frame["division"]
    ]
    return frame.with_columns(division=pl.Series(keys, dtype=pl.String))


def _all_given(name: str, entries: pl.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        empty = entries.filter(pl.col(column).is_null())
        if empty.height:
            raise SettingsError(f"{name}: line {empty['line'][0]}: {column} is empty")


def _one_division(name: str, entries: pl.DataFrame) -> None:
    """Refuse a SKU with two divisions, unless the row's own value decides between them."""
    routed = ["route_by", "route_value"] if "route_by" in entries.columns else []
    contradicting = (
        entries.group_by("sku", *routed, maintain_order=True)
        .agg(pl.col("division").unique(maintain_order=True))
        .filter(pl.col("division").list.len() > 1)
    )
    if contradicting.height:
        sku, divisions = contradicting["sku"][0], ", ".join(contradicting["division"][0])
        raise SettingsError(f"{name}: SKU {sku!r} stands in several divisions: {divisions}")


def _no_column_twice(name: str, entries: pl.DataFrame) -> None:
    """Refuse a column that two SKUs claim, or that is money and quantity: it would count twice."""
    claims = pl.concat(
        [
            entries.select("sku", column=kind).drop_nulls().with_columns(kind=pl.lit(kind))
            for kind in ("gp_column", "qty_column")
        ]
    )
    claimed = (
        claims.group_by("column", maintain_order=True)
        .agg(pl.col("sku", "kind").unique(maintain_order=True))
        .filter((pl.col("sku").list.len() > 1) | (pl.col("kind").list.len() > 1))
    )
    for column, skus, kinds in claimed.iter_rows():
        if len(kinds) > 1:
            raise SettingsError(f"{name}: column {column!r} is both a gp_column and a qty_column")
        raise SettingsError(
            f"{name}: column {column!r} is claimed by several SKUs: {', '.join(skus)}"
        )
