"""Products: the SKU as the map spells it, and its division."""

from collections.abc import Mapping

import polars as pl

from gosales_assets.division_names import division_identity, division_key
from gosales_assets.settings import SalesLog
from gosales_assets.sources.divisions import by_keyword
from gosales_assets.sources.sku_map import SkuMap


def with_products(
    lines: pl.DataFrame, sku_map: SkuMap | None, log: SalesLog, keys: Mapping[str, str]
) -> pl.DataFrame:
    """Give each line its division, and the map's spelling of its SKU.

    The SKU map decides where there is one (a SKU that differs from an entry in upper and lower
    case only is that entry), else the log's own column; then the first keyword rule that fits the
    product's name; then ``other_division``.

    Parameters
    ----------
    lines
        With ``sku``, ``product_name`` and ``named_division`` (the log's column, or null).
    keys
        Identity -> key of all divisions.

    Returns
    -------
    The lines with ``division`` (null: unknown) in place of ``named_division``.
    """
    if sku_map is None:
        spelled = lines.with_columns(division=_keyed(lines["named_division"], keys))
    else:
        spelled = _mapped(lines, sku_map)
    spelled = spelled.drop("named_division")
    fallbacks: list[pl.Expr | pl.Series] = []
    if log.keyword_rules:
        fallbacks.append(_by_rules(spelled["product_name"], log, keys))
    if log.other_division is not None:
        other = keys.get(division_identity(log.other_division), division_key(log.other_division))
        fallbacks.append(pl.lit(other))
    return spelled.with_columns(pl.coalesce("division", *fallbacks))


def _mapped(lines: pl.DataFrame, sku_map: SkuMap) -> pl.DataFrame:
    known = sku_map.products.select(
        mapped_sku="sku", mapped_name="product_name", division="division"
    )
    exact = pl.DataFrame({"sku": known["mapped_sku"]}).hstack(known)
    folded = (
        known.with_columns(folded=pl.col("mapped_sku").str.to_lowercase())
        .unique("folded", keep="none")
        .rename({name: f"folded_{name}" for name in known.columns})
    )
    joined = (
        lines.with_columns(folded=pl.col("sku").str.to_lowercase())
        .join(exact, on="sku", how="left", maintain_order="left")
        .join(folded, on="folded", how="left", maintain_order="left")
    )
    return joined.with_columns(
        sku=pl.coalesce("mapped_sku", "folded_mapped_sku", "sku"),
        product_name=pl.coalesce("product_name", "mapped_name", "folded_mapped_name"),
        division=pl.coalesce("division", "folded_division"),
    ).select(*lines.columns, "division")


def _keyed(names: pl.Series, keys: Mapping[str, str]) -> pl.Series:
    distinct = names.drop_nulls().unique().to_list()
    known = [keys.get(division_identity(name)) for name in distinct]
    return names.replace_strict(distinct, known, default=None, return_dtype=pl.String)


def _by_rules(names: pl.Series, log: SalesLog, keys: Mapping[str, str]) -> pl.Series:
    distinct = names.drop_nulls().unique().to_list()
    divisions = [by_keyword(name, log.keyword_rules) for name in distinct]
    shown = [
        None if name is None else keys.get(division_identity(name), division_key(name))
        for name in divisions
    ]
    return names.replace_strict(distinct, shown, default=None, return_dtype=pl.String)
