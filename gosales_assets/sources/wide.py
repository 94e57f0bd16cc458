"""The wide layout: a record holds a gross profit and a quantity per SKU, side by side.

Each pair of columns with anything but nothing and zero in it gives one order line. An alias of a
SKU fills in what the SKU's own columns leave empty, so that nothing is counted twice; where they
say different things, the record is set aside.
Revenue is not in such a log: it stays unknown.
"""

import polars as pl

from gosales_assets.division_names import division_identity
from gosales_assets.settings import SalesLog
from gosales_assets.sources.currency import to_base
from gosales_assets.sources.layout import Layout, SkuColumns
from gosales_assets.sources.orders import LINE_FIELDS, ORDER_FIELDS, Parsed
from gosales_assets.sources.parsing import cents, is_missing_number, numbers, parse_number, units
from gosales_assets.sources.quarantine import (
    ALIASES_DISAGREE,
    BAD_NUMBER,
    NO_PRODUCT,
    NO_RATE,
    UNKNOWN_PRODUCT,
    Problem,
    shown,
    with_problems,
)
from gosales_assets.sources.sku_map import SkuMap

_NOTHING = r"^[\s0.,]*$"


def parse_wide(
    records: pl.DataFrame, orders: pl.DataFrame, layout: Layout, log: SalesLog, sku_map: SkuMap
) -> Parsed:
    """Unpivot records whose order fields are known.

    Parameters
    ----------
    records, orders
        Cells and `order_fields` of the same records.
    """
    lines = _numbered(_filled_cells(records, layout.skus, log), log)
    with_reasons = with_problems(
        orders.join(_findings(lines), on="line", how="left", maintain_order="left"), _problems()
    )
    sums = lines.group_by("line", maintain_order=True).agg(
        quantity=pl.col("quantity").sum(), gross_profit=pl.col("own_gross_profit").sum()
    )
    summed = with_reasons.join(sums, on="line", how="left", maintain_order="left").select(
        "line",
        "raw",
        "line_key",
        "reason",
        "detail",
        "quantity",
        "gross_profit",
        revenue=pl.lit(None, pl.Decimal(18, 2)),
    )
    names = sku_map.products.select("sku", "product_name")
    detailed = (
        lines.join(
            orders.select("line", *ORDER_FIELDS), on="line", how="left", maintain_order="left"
        )
        .join(names, on="sku", how="left", maintain_order="left")
        .with_columns(
            gross_profit=to_base(pl.col("own_gross_profit"), pl.col("currency_rate")),
            revenue=pl.lit(None, pl.Decimal(18, 2)),
            own_revenue=pl.lit(None, pl.Decimal(18, 2)),
        )
    )
    return Parsed(
        summed,
        detailed.select(
            LINE_FIELDS,
        ),
    )


def _filled_cells(
    records: pl.DataFrame, skus: tuple[SkuColumns, ...], log: SalesLog
) -> pl.DataFrame:
    """Take the pairs that hold something: one row per record and SKU, in SKU order."""
    return pl.concat([_pair_cells(records, sku, log) for sku in skus])


def _pair_cells(records: pl.DataFrame, sku: SkuColumns, log: SalesLog) -> pl.DataFrame:
    parts = [
        _filled(records, sku, money, amount).select(
            "line",
            sku=pl.lit(sku.sku),
            division=_division(sku),
            money_cell=_column(money),
            units_cell=_column(amount),
            clash=pl.lit(None, pl.String),
        )
        for money, amount in sku.pairs
    ]
    return parts[0] if len(parts) == 1 else _united(pl.concat(parts), log)


def _united(cells: pl.DataFrame, log: SalesLog) -> pl.DataFrame:
    """Make one row of a SKU's own cells and its aliases', noting where they say different things.

    Money and units are each taken from the first pair that has them.
    """
    told = {
        name: pl.col(name).filter(~pl.col(name).str.contains(_NOTHING)).unique(maintain_order=True)
        for name in ("money_cell", "units_cell")
    }
    united = cells.group_by("line", maintain_order=True).agg(
        pl.col("sku", "division").first(),
        *(
            pl.coalesce(some.first(), pl.col(name).drop_nulls().first())
            for name, some in told.items()
        ),
        moneys=told["money_cell"],
        amounts=told["units_cell"],
    )
    several = united.filter((pl.col("moneys").list.len() > 1) | (pl.col("amounts").list.len() > 1))
    clashes = {
        row["line"]: _clash([row["moneys"], row["amounts"]], row["sku"], log)
        for row in several.iter_rows(named=True)
    }
    clash = pl.col("line").replace_strict(
        list(clashes), list(clashes.values()), default=None, return_dtype=pl.String
    )
    return united.with_columns(clash=clash).select(cells.columns).sort("line")


def _clash(cells: list[list[str]], sku: str, log: SalesLog) -> str | None:
    """Say which different numbers stand under a SKU and its aliases; None: they are the same."""
    for several in cells:
        read = {parse_number(cell, decimal_comma=log.decimal_comma) for cell in several}
        if len(read) > 1 or (len(several) > 1 and None in read):
            return f"{sku}: {' and '.join(cell.strip() for cell in several)}"
    return None


def _filled(records: pl.DataFrame, sku: SkuColumns, money: int, amount: int | None) -> pl.DataFrame:
    """Records with anything but nothing and zero in a pair of columns, and only what is needed."""
    routes = [str(route.at) for route in sku.routes]
    pair = [str(at) for at in (money, amount) if at is not None]
    # Nulls first: a pattern on millions of empty cells costs more than all the rest.
    there = records.select(pl.any_horizontal(pl.col(pair).is_not_null())).to_series().arg_true()
    found = records.select("line", *sorted({*pair, *routes}))[there]
    return found.filter(_something(money) | _something(amount))


def _column(at: int | None) -> pl.Expr:
    return pl.lit(None, pl.String) if at is None else pl.col(str(at))


def _something(at: int | None) -> pl.Expr:
    return (~_column(at).str.contains(_NOTHING)).fill_null(False)


def _division(sku: SkuColumns) -> pl.Expr:
    """Division of a SKU's lines: by the row's own value where the map routes it."""
    chosen = pl.lit(sku.division, pl.String)
    for route in reversed(sku.routes):
        identity = pl.col(str(route.at)).map_elements(division_identity, return_dtype=pl.String)
        chosen = pl.when(identity == route.identity).then(pl.lit(route.division)).otherwise(chosen)
    return chosen


def _numbered(cells: pl.DataFrame, log: SalesLog) -> pl.DataFrame:
    """Read the numbers; a pair that reads as nothing or zero twice is no line."""
    frame = cells.with_columns(
        numbers(cells["money_cell"], decimal_comma=log.decimal_comma).alias("money"),
        numbers(cells["units_cell"], decimal_comma=log.decimal_comma).alias("amount"),
    ).with_columns(
        bad_money=pl.col("money").is_null() & ~is_missing_number(pl.col("money_cell")),
        bad_units=pl.col("amount").is_null() & ~is_missing_number(pl.col("units_cell")),
        quantity=units(pl.col("amount")),
        own_gross_profit=cents(pl.col("money")),
    )
    nothing = (pl.col("money").fill_null(0) == 0) & (pl.col("amount").fill_null(0) == 0)
    return frame.filter(~nothing | pl.col("bad_money") | pl.col("bad_units"))


def _findings(lines: pl.DataFrame) -> pl.DataFrame:
    """Gather per record what its lines tell: whether there are any, and what is wrong with them."""
    bad = pl.when("bad_money").then("money_cell").when("bad_units").then("units_cell")
    return lines.group_by("line", maintain_order=True).agg(
        lines=pl.len(),
        bad_cell=pl.format("{}: {}", "sku", bad).drop_nulls().first(),
        lost_sku=pl.col("sku").filter(pl.col("division").is_null()).first(),
        clash=pl.col("clash").drop_nulls().first(),
    )


def _problems() -> list[Problem]:
    return [
        Problem(NO_PRODUCT, pl.col("lines").is_null(), pl.lit("no SKU column holds anything")),
        Problem(
            UNKNOWN_PRODUCT, pl.col("lost_sku").is_not_null(), shown("sku", pl.col("lost_sku"))
        ),
        Problem(BAD_NUMBER, pl.col("bad_cell").is_not_null(), pl.col("bad_cell")),
        Problem(ALIASES_DISAGREE, pl.col("clash").is_not_null(), pl.col("clash")),
        Problem(NO_RATE, pl.col("currency_rate").is_null(), shown("currency", pl.col("currency"))),
    ]
