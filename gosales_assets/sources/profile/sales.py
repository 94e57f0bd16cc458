"""Sales: what only the whole log tells, once it is known which column is which."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from gosales_assets.sources.parsing import identifier, numbers
from gosales_assets.sources.profile.columns import Table
from gosales_assets.sources.profile.pairs import Pair, SkuSales, headers_of
from gosales_assets.sources.profile.roles import Choices

_READ = (
    *("customer_id", "sku", "product_name", "division", "currency", "currency_rate", "line_id"),
    *("quantity", "revenue", "unit_price", "cost", "gross_profit"),
)
_MOST_PRODUCTS = 300_000
_IDS_COMPARED = 1_000_000


@dataclass
class Sales:
    """Facts of a whole sales log.

    Parameters
    ----------
    customers
        Hashes of the distinct customer ids.
    products
        ``sku, division, product_name, lines``: one row per SKU and division as the log names it.
    currencies, base_rated
        Currency -> rows, and of these the ones whose own rate is 1.
    lines_with_profit, losses
        Rows that sell something and whose gross profit is known; those of them with a negative one.
    skus
        In a wide log: header of a SKU's money column -> how it sold.
    repeated_ids
        Whether two different rows have the same line id; None: there is none to look at.
    """

    customers: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.UInt64))
    products: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(
            schema={
                **dict.fromkeys(("sku", "division", "product_name"), pl.String),
                "lines": pl.Int64,
            }
        )
    )
    currencies: Counter[str] = field(default_factory=Counter)
    base_rated: Counter[str] = field(default_factory=Counter)
    lines_with_profit: int = 0
    losses: int = 0
    skus: dict[str, SkuSales] = field(default_factory=dict)
    repeated_ids: bool | None = None

    @property
    def divisions(self) -> dict[str, int]:
        """Division as the log names it -> rows, the largest first."""
        counts = (
            self.products.drop_nulls("division").group_by("division").agg(pl.col("lines").sum())
        )
        return dict(counts.sort(["lines", "division"], descending=[True, False]).iter_rows())

    @property
    def sku_lines(self) -> pl.DataFrame:
        """SKUs: ``sku, product_name, lines``, the most sold first."""
        known = self.products.drop_nulls("sku").sort("lines", descending=True, maintain_order=True)
        grouped = known.group_by("sku", maintain_order=True).agg(
            pl.col("product_name").drop_nulls().first(), pl.col("lines").sum()
        )
        return grouped.sort(["lines", "sku"], descending=[True, False])


def read_sales(table: Table, choices: Choices, pairs: Sequence[Pair]) -> Sales:
    """Read the columns of a log that have a role (the order date among them), from end to end."""
    sales = Sales(skus={pair.money.header: SkuSales() for pair in pairs})
    roles = {role: choices[role].column.header for role in _READ if role in choices}
    date = choices["order_date"].column.header
    headers = list(dict.fromkeys([*roles.values(), *sorted(headers_of(pairs)), date]))
    for look in table.looks:
        ids: list[pl.DataFrame] = []
        for piece in look.pieces(headers, date):
            named = piece.cells.select(pl.col(header).alias(r) for r, header in roles.items())
            _add(sales, named, table.decimal_comma)
            _add_pairs(sales, piece.cells, named, pairs)
            if "line_id" in roles:
                ids.append(_hashed_ids(named["line_id"], piece.raw, table.rows))
        if ids:
            sales.repeated_ids = bool(sales.repeated_ids) or _repeats(ids)
    return sales


def known_ids(table: Table, header: str) -> pl.Series:
    """Hashes of a column's distinct ids, to be compared with those of another table."""
    found = pl.Series(dtype=pl.UInt64)
    for piece in table.pieces([header]):
        found = _more(found, _ids(piece.cells[header]))
    return found


def whole(table: Table, columns: Mapping[str, str]) -> pl.DataFrame:
    """Cells of a small table: one text column per name.

    Parameters
    ----------
    columns
        Name -> header.
    """
    parts = [
        piece.cells.select(pl.col(header).alias(name) for name, header in columns.items())
        for piece in table.pieces(list(columns.values()))
    ]
    return pl.concat([pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), *parts])


def _add(sales: Sales, records: pl.DataFrame, decimal_comma: bool) -> None:
    if "customer_id" in records.columns:
        sales.customers = _more(sales.customers, _ids(records["customer_id"]))
    if "sku" in records.columns:
        sales.products = _products(sales.products, records)
    if "currency" in records.columns:
        codes = records["currency"].str.to_uppercase()
        sales.currencies.update(_counts(codes.drop_nulls()))
        if "currency_rate" in records.columns:
            rates = numbers(records["currency_rate"], decimal_comma=decimal_comma)
            sales.base_rated.update(
                _counts(codes.filter((rates == 1).fill_null(False)).drop_nulls())
            )
    if {"gross_profit", "cost"} & set(records.columns):
        _add_profit(sales, records, decimal_comma)


def _add_profit(sales: Sales, records: pl.DataFrame, decimal_comma: bool) -> None:
    read = {
        name: numbers(records[name], decimal_comma=decimal_comma).cast(pl.Float64)
        for name in ("quantity", "revenue", "unit_price", "cost", "gross_profit")
        if name in records.columns
    }
    frame = pl.DataFrame(read)
    amount = _amount(frame)
    profit = pl.col("gross_profit") if "gross_profit" in read else amount - pl.col("cost")
    sold = frame.select(amount=amount, profit=profit).drop_nulls().filter(pl.col("amount") > 0)
    sales.lines_with_profit += sold.height
    sales.losses += int((sold["profit"] < 0).sum())


def _amount(frame: pl.DataFrame) -> pl.Expr:
    if "revenue" in frame.columns:
        return pl.col("revenue")
    if {"unit_price", "quantity"} <= set(frame.columns):
        return pl.col("unit_price") * pl.col("quantity")
    return pl.col("gross_profit").abs() if "gross_profit" in frame.columns else pl.lit(None)


def _products(known: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    more = records.select(
        pl.col(name) if name in records.columns else pl.lit(None, pl.String).alias(name)
        for name in ("sku", "division", "product_name")
    )
    more = more.with_columns(identifier(pl.col("sku")))
    counted = more.group_by("sku", "division").agg(
        pl.col("product_name").drop_nulls().first(), lines=pl.len().cast(pl.Int64)
    )
    merged = (
        pl.concat([known, counted])
        .group_by("sku", "division")
        .agg(pl.col("product_name").drop_nulls().first(), pl.col("lines").sum())
    )
    order = ["lines", "sku", "division"]
    return merged.sort(order, descending=[True, False, False]).head(_MOST_PRODUCTS)


def _add_pairs(
    sales: Sales, records: pl.DataFrame, named: pl.DataFrame, pairs: Collection[Pair]
) -> None:
    if not pairs:
        return
    sold = pl.DataFrame(
        [_sold(records, pair).alias(str(at)) for at, pair in enumerate(pairs)]
    ).with_columns(alone=pl.sum_horizontal(pl.all().cast(pl.Int32)) == 1)
    division = pl.repeat(None, records.height, dtype=pl.String, eager=True)
    division = named["division"] if "division" in named.columns else division
    for at, pair in enumerate(pairs):
        found = sales.skus[pair.money.header]
        there = sold[str(at)]
        found.rows += int(there.sum())
        found.divisions.update(_counts(division.filter(there).drop_nulls()))
        found.alone.update(_counts(division.filter(there & sold["alone"]).drop_nulls()))


def _sold(records: pl.DataFrame, pair: Pair) -> pl.Series:
    sold = _something(records[pair.money.header])
    return sold if pair.units is None else sold | _something(records[pair.units.header])


def _ids(cells: pl.Series) -> pl.Series:
    """Distinct ids, as the platform reads them."""
    distinct = pl.DataFrame({"id": cells.drop_nulls().unique()})
    return distinct.select(identifier(pl.col("id")))["id"]


def _something(column: pl.Series) -> pl.Series:
    return ~column.str.contains(r"^[\s0.,]*$").fill_null(True)


def _counts(values: pl.Series) -> dict[str, int]:
    if values.is_empty():
        return {}
    return dict(values.value_counts().sort(values.name).iter_rows())


def _more(known: pl.Series, values: pl.Series) -> pl.Series:
    return pl.concat([known, values.drop_nulls().hash(1).unique()], rechunk=True).unique()


def _hashed_ids(ids: pl.Series, raw: pl.Series, rows: int) -> pl.DataFrame:
    """Line ids and their rows' texts as hashes; of a large log only of some of the ids."""
    frame = pl.DataFrame({"id": ids.hash(1), "row": raw.hash(1)}).filter(ids.is_not_null())
    return frame.filter(pl.col("id") % (1 + rows // _IDS_COMPARED) == 0)


def _repeats(parts: list[pl.DataFrame]) -> bool:
    """Whether an id comes with different texts; an exact repeat of a row is no such thing."""
    seen = pl.concat(parts).unique()
    return seen["id"].n_unique() < seen.height
