"""Layout of one file of the sales log: which column is which, checked before anything is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gosales_assets.division_names import division_identity
from gosales_assets.provenance import shown_name
from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.headers import missing, nearest, positions
from gosales_assets.sources.opening import open_tabular
from gosales_assets.sources.sku_map import SkuMap, WideSku
from gosales_assets.sources.tabular import TabularFile

ORDER_COLUMNS = (
    "customer_id",
    "customer_name",
    "order_id",
    "invoice_id",
    "line_id",
    "order_date",
    "division",
    "branch",
    "rep",
    "order_type",
    "status",
    "currency",
    "currency_rate",
    "is_new",
)
LINE_COLUMNS = ("sku", "product_name", "quantity", "revenue", "unit_price", "cost", "gross_profit")
MAPPING = "sales_log.columns"


@dataclass(frozen=True)
class RouteColumn:
    """A column that sends a SKU to a division on rows that hold a value (letters compared)."""

    at: int
    identity: str
    division: str


@dataclass(frozen=True)
class SkuColumns:
    """Columns of one SKU in a wide file: (gross profit, quantity) pairs, aliases after its own."""

    sku: str
    pairs: tuple[tuple[int, int | None], ...]
    routes: tuple[RouteColumn, ...]
    division: str | None


@dataclass(frozen=True)
class Layout:
    """Where everything is in one file.

    Parameters
    ----------
    columns
        Our column -> position.
    skus
        SKU columns; empty in the long layout.
    notes
        Remarks for the load log: columns kept out, SKUs that the file has not.
    """

    file: TabularFile
    columns: dict[str, int]
    skus: tuple[SkuColumns, ...]
    notes: tuple[str, ...]

    @property
    def empty_in_totals(self) -> list[int]:
        """Positions of the columns that are empty in a total row: the date, then the product."""
        return [self.columns[name] for name in ("order_date", "sku") if name in self.columns]

    @property
    def fields(self) -> list[int]:
        """Positions of all columns that are read."""
        wide = [at for sku in self.skus for pair in sku.pairs for at in pair if at is not None]
        routes = [route.at for sku in self.skus for route in sku.routes]
        return sorted({*self.columns.values(), *wide, *routes})


def layout_of(settings: Settings, path: Path, sku_map: SkuMap | None) -> Layout:
    """Find and check the layout of a file; reads only its beginning.

    Raises
    ------
    SettingsError
        One line that names file, column, the headers there are, and the nearest one.
    """
    log, name = settings.sales_log, shown_name(settings, path)
    wide = log.layout == "wide"
    known = ORDER_COLUMNS if wide else (*ORDER_COLUMNS, *LINE_COLUMNS)
    headers = (log.columns.get(column, column) for column in known)
    wanted = {header for header in headers if header is not None}
    if wide and sku_map is not None:
        wanted |= set(sku_map.entries["gp_column"]) | set(
            sku_map.entries["qty_column"].drop_nulls()
        )
    file = open_tabular(path, wanted, name, decimal_comma=log.decimal_comma)
    columns = positions(file.header, known, log.columns, name, MAPPING)
    for essential in ("customer_id", "order_date"):
        if essential not in columns:
            raise missing(name, file.header, essential, f"needed; map it in {MAPPING}")
    if not wide:
        _long_essentials(settings, file.header, columns, name)
        if sku_map is not None:
            columns.pop("division", None)  # the SKU map decides, so that all lines agree
        kept_out = _kept_out(file.header, set(columns.values()))
        return Layout(file, columns, (), (*file.remarks, *kept_out))
    if sku_map is None:
        raise SettingsError(
            "sku_map: the wide layout needs a SKU map (CSV: gp_column, qty_column, sku, division)"
        )
    skus, absent = _sku_columns(file.header, columns, sku_map, name)
    layout = Layout(file, columns, skus, ())
    notes = (*file.remarks, *_kept_out(file.header, set(layout.fields)))
    if absent:
        notes = (*notes, f"SKUs of the map that the file has not: {', '.join(absent)}")
    return Layout(file, columns, skus, notes)


def _long_essentials(
    settings: Settings, header: Sequence[str], columns: dict[str, int], name: str
) -> None:
    if "sku" not in columns:
        raise missing(name, header, "sku", f"needed; map it in {MAPPING}")
    if not {"revenue", "unit_price", "gross_profit"} & set(columns):
        raise missing(
            name, header, "revenue", f"or unit_price or gross_profit: map one in {MAPPING}"
        )
    if not {"revenue", "gross_profit"} & set(columns) and "quantity" not in columns:
        raise missing(name, header, "quantity", "needed to turn unit_price into revenue")
    log = settings.sales_log
    if log.keyword_rules and "product_name" not in columns:
        raise missing(name, header, "product_name", "needed by sales_log.keyword_rules")
    known = settings.sku_map or log.keyword_rules or log.other_division
    if not known and "division" not in columns:
        raise missing(
            name,
            header,
            "division",
            f"needed: map it in {MAPPING}, or give sku_map, keyword_rules or other_division",
        )


def _sku_columns(
    header: Sequence[str], columns: dict[str, int], sku_map: SkuMap, name: str
) -> tuple[tuple[SkuColumns, ...], list[str]]:
    found, absent = [], []
    for sku in sku_map.wide:
        pairs = tuple(
            (header.index(money), _quantity_column(header, money, units, name))
            for money, units in sku.columns
            if money in header
        )
        if not pairs:
            _no_quantity_alone(header, sku, name)
            absent.append(sku.sku)
            continue
        found.append(
            SkuColumns(sku.sku, pairs, _route_columns(header, columns, sku, name), sku.division)
        )
    if not found:
        raise SettingsError(
            f"{name}: none of the gp_columns of {sku_map.name} is in the file; "
            f"it has: {', '.join(h for h in header[:12] if h)}"
        )
    return tuple(found), absent


def _quantity_column(header: Sequence[str], money: str, units: str | None, name: str) -> int | None:
    if units is None:
        return None
    if units not in header:
        raise missing(name, header, units, f"sku_map, qty_column of {money}")
    return header.index(units)


def _no_quantity_alone(header: Sequence[str], sku: WideSku, name: str) -> None:
    """Refuse a quantity without its gross profit: the map's gp_column is misspelt."""
    for money, units in sku.columns:
        if units in header:
            raise missing(name, header, money, f"sku_map, gp_column of {sku.sku}")


def _route_columns(
    header: Sequence[str], columns: dict[str, int], sku: WideSku, name: str
) -> tuple[RouteColumn, ...]:
    routes = []
    for route in sku.routes:
        at = header.index(route.by) if route.by in header else columns.get(route.by)
        if at is None:
            raise SettingsError(
                f"{name}: no column {route.by!r} (sku_map, route_by of {sku.sku})"
                f"{nearest(route.by, header)}"
            )
        routes.append(RouteColumn(at, division_identity(route.value or ""), route.division))
    return tuple(routes)


def _kept_out(header: Sequence[str], used: set[int]) -> tuple[str, ...]:
    extra = [name for at, name in enumerate(header) if name and at not in used]
    return (f"columns kept out: {', '.join(extra)}",) if extra else ()
