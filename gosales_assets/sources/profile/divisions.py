"""Divisions: where a log's divisions come from, and what to do when it has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import polars as pl

from gosales_assets.division_names import division_identity
from gosales_assets.sources.profile.columns import Column, Table
from gosales_assets.sources.profile.pairs import SkuSales
from gosales_assets.sources.profile.relations import decided_share
from gosales_assets.sources.profile.roles import Choice, Choices, unused
from gosales_assets.sources.profile.vocabulary import tokens

ALL_PRODUCTS = "All products"
OTHER_PRODUCTS = "Other products"
DRAFTED_MAP = "sku_map.csv"
WIDE_MAP_HEADER = ("gp_column", "qty_column", "sku", "division", "route_by", "route_value")
_BY_SKU, _BY_CUSTOMER = 0.9, 0.95
_CLEARLY_BY_SKU = 0.98
_MORE_THAN_CHANCE = 0.4
_CANDIDATES = range(2, 61)
_FEW_SKUS = 40
_SKUS_DRAFTED = 2_000
_WORTH_A_DIVISION = 0.01  # share of lines without a division from which they get one
_NO_PRODUCTS = """
    postage freight shipping porto versand versandkosten fracht fee fees gebuhr gebuhren
    gebuehr gebuehren nonproduct surcharge surcharges adjustment adjustments rounding deposit
    frais rabatt rabatte
"""


@dataclass
class DivisionPlan:
    """Divisions for the draft.

    Parameters
    ----------
    how
        Where they come from, in a few words.
    names
        Division -> rows, the largest first.
    sku_map
        File of the SKU map as the YAML names it; None: none is used.
    map_rows
        Rows of a SKU map that is drafted with the YAML, header first; empty: none is.
    other_division, other_is_active
        A division for lines without one, and whether the draft sets it or only shows it.
    known
        Share of the lines whose division is known.
    exclude
        Divisions that are no products, by their names.
    remarks
        What should be looked at.
    """

    how: str
    names: dict[str, int]
    sku_map: str | None = None
    map_rows: list[tuple[str, ...]] = field(default_factory=list)
    other_division: str | None = None
    other_is_active: bool = False
    known: float = 1.0
    exclude: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def settle_division(table: Table, choices: Choices) -> Choices:
    """Check that the division belongs to the products; look for one where no header names it."""
    chosen, sku = choices.get("division"), choices.get("sku")
    if sku is None:
        return choices
    if chosen is not None:
        return {**choices, "division": _checked(table, chosen, sku)}
    found = [
        (share, column)
        for column in unused(table, choices)
        if (share := _of_products(table, choices, sku, column)) is not None
    ]
    if not found:
        return choices
    share, column = max(found, key=lambda item: item[1].distinct)
    reason = f"no header names a division; this one is decided by the SKU in {share:.0%} of lines"
    others = tuple((other.header, 0.5) for _, other in found if other is not column)
    return {**choices, "division": Choice("division", column, 0.55, (reason,), others)}


def plan_from_column(counts: Mapping[str, int], missing: int, choice: Choice) -> DivisionPlan:
    """Plan divisions that are a column of the log.

    Parameters
    ----------
    counts
        Division -> rows.
    missing
        Rows without one.
    """
    names = _spelled_once(counts)
    plan = DivisionPlan(f"{len(names)} divisions in column {choice.column.header!r}", names)
    plan.exclude = no_products(names)
    _for_the_rest(plan, missing, sum(counts.values()) + missing, "have no division")
    if len(names) > 60:
        plan.remarks.append(
            f"{len(names)} divisions are {len(names)} targets: a coarser column runs faster and "
            "learns more from each"
        )
    return plan


def plan_from_map(path: str, entries: pl.DataFrame, skus: pl.DataFrame) -> DivisionPlan:
    """Plan divisions that the SKU map of a long log gives.

    Parameters
    ----------
    path
        Of the map, for the YAML.
    entries
        ``sku, division`` of the map.
    skus
        ``sku, lines`` of the log.
    """
    folded = pl.col("sku").str.to_lowercase()
    known = entries.select(folded, "division").unique("sku", keep="first", maintain_order=True)
    joined = skus.with_columns(folded).join(known, on="sku", how="left")
    counts = _lines_by_division(joined)
    for name in entries["division"].drop_nulls().unique().sort():
        counts.setdefault(name, 0)
    total = int(skus["lines"].sum())
    lost = total - sum(counts.values())
    names = _spelled_once(counts)
    plan = DivisionPlan(f"{len(names)} divisions of the SKU map", names, sku_map=path)
    plan.known = (total - lost) / total if total else 0.0
    plan.exclude = no_products(names)
    _for_the_rest(plan, lost, total, "have a SKU that the map does not know")
    return plan


def plan_from_wide_map(
    path: str, entries: pl.DataFrame, sales: Mapping[str, SkuSales]
) -> DivisionPlan:
    """Plan divisions that the SKU map of a wide log gives.

    Parameters
    ----------
    entries
        ``gp_column, division`` of the map.
    sales
        Header of a SKU's money -> how it sold.
    """
    known = entries.unique("gp_column", keep="last", maintain_order=True)
    counts = dict.fromkeys(entries["division"].drop_nulls(), 0)
    for header, division in known.select("gp_column", "division").drop_nulls().iter_rows():
        counts[division] += sales[header].rows if header in sales else 0
    names = _spelled_once(counts)
    plan = DivisionPlan(f"{len(names)} divisions of the SKU map", names, sku_map=path)
    total = sum(sold.rows for sold in sales.values())
    plan.known = sum(counts.values()) / total if total else 0.0
    plan.exclude = no_products(names)
    absent = [header for header in sales if header not in set(entries["gp_column"])]
    if absent:
        plan.remarks.append(f"columns that the SKU map does not know: {', '.join(absent)}")
    return plan


def plan_from_pairs(rows: Sequence[tuple[str, ...]], sales: Mapping[str, SkuSales]) -> DivisionPlan:
    """Plan a SKU map for a wide log that has none.

    Parameters
    ----------
    rows
        As `pairs.map_rows` drafts them.
    """
    counts: dict[str, int] = {}
    for header, _, _, division, route_by, _ in rows:
        counts[division] = counts.get(division, 0) + (0 if route_by else sales[header].rows)
    names = _spelled_once(counts)
    plan = DivisionPlan(f"{len(names)} divisions in a drafted SKU map", names, sku_map=DRAFTED_MAP)
    plan.map_rows = [WIDE_MAP_HEADER, *rows]
    plan.exclude = no_products(names)
    plan.remarks.append(
        "the SKU map is drafted from the headers and from the division that rows name: check it"
    )
    return plan


def plan_without(skus: pl.DataFrame, *, writable: bool) -> DivisionPlan:
    """Plan for a log without divisions: a SKU map to be refined.

    Few SKUs are a division each; many are one division, ``All products``.

    Parameters
    ----------
    skus
        ``sku, product_name, lines``, the most sold first.
    writable
        Whether a SKU map can be drafted with the YAML.
    """
    few = writable and 1 < skus.height <= _FEW_SKUS
    named = pl.coalesce("product_name", "sku") if few else pl.lit(ALL_PRODUCTS)
    drafted = skus.with_columns(division=named)
    names = _spelled_once(_lines_by_division(drafted))
    plan = DivisionPlan(f"none in the log: {len(names)} drafted", names)
    if few:
        plan.remarks.append("no column holds divisions: each SKU is one; refine the SKU map")
    else:
        plan.other_division, plan.other_is_active = ALL_PRODUCTS, True
        plan.remarks.append(
            f"no column says what kind of product a SKU is: {ALL_PRODUCTS!r} is the only division, "
            "and nothing can be recommended beside it; "
            + ("refine the SKU map" if writable else "with --to a SKU map to refine is written")
        )
    if writable:
        plan.sku_map = DRAFTED_MAP
        columns = drafted.head(_SKUS_DRAFTED).select(
            "sku", pl.col("product_name").fill_null(""), "division", pl.col("lines").cast(pl.String)
        )
        plan.map_rows = [("sku", "product_name", "division", "lines"), *columns.iter_rows()]
    return plan


def no_products(names: Mapping[str, int]) -> list[str]:
    """Divisions whose name says that they are no products (postage, fees); never all of them."""
    found = [name for name in names if set(_NO_PRODUCTS.split()) & set(_words(name))]
    return found if len(found) < len(names) else []


def _words(name: str) -> list[str]:
    words = tokens(name)
    return [*words, *("".join(two) for two in pairwise(words))]


def _checked(table: Table, chosen: Choice, sku: Choice) -> Choice:
    cells = table.sample[chosen.column.header].drop_nulls()
    share = decided_share(table.sample[sku.column.header], table.sample[chosen.column.header])
    if share is None:
        return chosen
    by_chance = int(cells.alias("cell").value_counts()["count"].sort()[-1]) / len(cells)
    if share < _BY_SKU:
        reason = f"a SKU decides it in only {share:.0%} of lines"
        if share < by_chance + _MORE_THAN_CHANCE * (1 - by_chance):
            return chosen.because(f"{reason}: it is no kind of product", -0.6)
        return chosen.because(reason, -0.2)
    return chosen.because(f"decided by sku in {share:.0%}", 0.02)


def _of_products(table: Table, choices: Choices, sku: Choice, column: Column) -> float | None:
    """Share of lines whose SKU decides a column that could be a kind of product."""
    few = column.distinct in _CANDIDATES and column.distinct * 2 <= sku.column.distinct
    if not few or column.dated or column.letters < 0.5 or column.missing_share > 0.5:
        return None
    cells = table.sample[column.header]
    by_sku = decided_share(table.sample[sku.column.header], cells)
    customer = choices.get("customer_id")
    by_customer = (
        None if customer is None else decided_share(table.sample[customer.column.header], cells)
    )
    if by_sku is None or by_sku < _CLEARLY_BY_SKU:
        return None
    return None if by_customer is not None and by_customer > _BY_CUSTOMER else by_sku


def _for_the_rest(plan: DivisionPlan, lost: int, total: int, what: str) -> None:
    if not lost:
        return
    plan.other_division = OTHER_PRODUCTS
    plan.other_is_active = lost > _WORTH_A_DIVISION * total
    fate = f"go to {OTHER_PRODUCTS!r}" if plan.other_is_active else "go to quarantine"
    plan.remarks.append(f"{lost:,} of {total:,} lines {what}: they {fate}")


def _lines_by_division(skus: pl.DataFrame) -> dict[str, int]:
    counts = skus.drop_nulls("division").group_by("division").agg(pl.col("lines").sum())
    return dict(counts.sort("division").iter_rows())


def _spelled_once(counts: Mapping[str, int]) -> dict[str, int]:
    """Add up spellings of one division under the most frequent of them."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    names: dict[str, str] = {}
    total: dict[str, int] = {}
    for name, rows in ranked:
        first = names.setdefault(division_identity(name), name)
        total[first] = total.get(first, 0) + rows
    return total
