"""Pairs: the columns of a wide log, in which each SKU has its money beside its quantity."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from gosales_assets.sources.profile.columns import Column, Table
from gosales_assets.sources.profile.meanings import LOG_MEANINGS, strength
from gosales_assets.sources.profile.vocabulary import read_header, tokens

_FEWEST_PAIRS = 3
_UNITS = (
    *("qty", "quantity", "units", "menge", "mng", "anzahl", "anz"),
    *("qte", "quantite", "cantidad", "pcs", "stk"),
)
_PROFIT = ("gp", "profit", "margin", "marge", "db", "deckungsbeitrag", "gm")
_MONEY = (
    *_PROFIT,
    *("revenue", "sales", "umsatz", "amount", "amt", "value", "net", "betrag", "montant", "gross"),
)
_FRINGE = re.compile(rf"(?i)^(?:{'|'.join(_MONEY)})[ _-]+|[ _-]+(?:{'|'.join(_MONEY)})$")
_ROUTED = 0.15  # share of a SKU's rows from which a second division is no slip
_FEWEST_ROWS = 5


@dataclass(frozen=True)
class Pair:
    """A SKU's columns.

    Parameters
    ----------
    sku
        Its name: the header of its money, without the word for it.
    money, units
        Columns; ``units`` is None where there is no quantity.
    """

    sku: str
    money: Column
    units: Column | None

    @property
    def is_revenue(self) -> bool:
        """Whether its money is called revenue."""
        return "revenue" in read_header(self.money.header).concepts


@dataclass
class SkuSales:
    """How often a SKU was sold on the rows of each division.

    Parameters
    ----------
    rows
        Rows on which it was sold.
    divisions, alone
        Division as the row names it -> rows; and of these the ones that sell nothing else, on
        which the division must be the SKU's own.
    """

    rows: int = 0
    divisions: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)


def find_pairs(table: Table) -> list[Pair]:
    """Find the SKU columns of a wide log; empty: the log is a long one."""
    if any(strength("sku", column.header, LOG_MEANINGS) >= 0.9 for column in table.columns):
        return []
    numeric = [c for c in table.columns if c.numbers >= 0.9 or not c.filled]
    units = {_base(c.header, _UNITS): c for c in numeric if _has(c.header, _UNITS)}
    pairs: list[Pair] = []
    for column in numeric:
        if _has(column.header, _UNITS):
            continue
        base = _letters(column.header)
        if base not in units:
            base = _base(column.header, _MONEY)
        if base in units:
            pairs.append(Pair(_sku_name(column.header), column, units[base]))
    if len({pair.units.header for pair in pairs if pair.units}) < _FEWEST_PAIRS:
        return []
    pairs = [pair for pair in pairs if not _shadowed(pair, pairs)]
    found = pairs + _alone(numeric, pairs)
    return sorted(found, key=lambda pair: table.header.index(pair.money.header))


def headers_of(pairs: Collection[Pair]) -> set[str]:
    """Headers of all columns of these SKUs."""
    columns = [c for pair in pairs for c in (pair.money, pair.units) if c is not None]
    return {column.header for column in columns}


def map_rows(
    pairs: Collection[Pair], sales: Mapping[str, SkuSales], division_header: str | None
) -> list[tuple[str, ...]]:
    """Draft the SKU map: gp_column, qty_column, sku, division, route_by, route_value.

    A SKU's division is the one its rows name; where they name several, the map routes by it.
    Without such a column each SKU is a division by itself.

    Parameters
    ----------
    sales
        Header of the money column -> how it sold.
    """
    rows: list[tuple[str, ...]] = []
    for pair in pairs:
        columns = (pair.money.header, pair.units.header if pair.units else "", pair.sku)
        main, others = _divisions_of(sales.get(pair.money.header, SkuSales()))
        if division_header is None or main is None:
            rows.append((*columns, pair.sku.replace("_", " ").strip() or pair.sku, "", ""))
            continue
        rows += [(*columns, name, division_header, name) for name in others]
        rows.append((*columns, main, "", ""))
    return rows


def _divisions_of(sold: SkuSales) -> tuple[str | None, list[str]]:
    """A SKU's division, and others to which its rows may send it."""
    clear = sold.alone.total() >= _FEWEST_ROWS
    named = sold.alone if clear else sold.divisions
    ranked = sorted(named, key=lambda name: (-named[name], name))
    if not ranked:
        return None, []
    often = _ROUTED * named.total()
    return ranked[0], [name for name in ranked[1:] if clear and named[name] >= often]


def _has(header: str, words: Collection[str]) -> bool:
    parts = tokens(header)
    return len(parts) > 1 and (parts[-1] in words or parts[0] in words)


def _base(header: str, words: Collection[str]) -> str:
    """Letters and digits of a header without the words, of which one may stand at either end."""
    parts = tokens(header)
    return "".join(part for part in parts if part not in words) or "".join(parts)


def _letters(header: str) -> str:
    return "".join(tokens(header))


def _sku_name(header: str) -> str:
    """A SKU's name: the header of its money, without the word for money at either end."""
    return _FRINGE.sub("", header).replace(" ", "_") or header


def _shadowed(pair: Pair, pairs: Collection[Pair]) -> bool:
    """Whether a column is another measure (revenue, cost) of a SKU whose profit is there."""
    if not {"revenue", "cost", "total"} & read_header(pair.money.header).concepts:
        return False
    others = [other for other in pairs if other.units == pair.units and other != pair]
    return any(_has(other.money.header, _PROFIT) for other in others)


def _alone(numeric: Collection[Column], pairs: Collection[Pair]) -> list[Pair]:
    """SKUs without a quantity: mostly empty columns of money that have no other meaning."""
    used = headers_of(pairs)
    return [
        Pair(_sku_name(column.header), column, None)
        for column in numeric
        if column.header not in used
        and not _has(column.header, _UNITS)
        and column.missing_share > 0.5
        and not column.dated
        and not any(strength(role, column.header, LOG_MEANINGS) for role in LOG_MEANINGS)
    ]
