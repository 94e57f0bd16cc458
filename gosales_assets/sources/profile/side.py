"""Side tables: which of the other files is which, by its headers and by how its ids join."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from gosales_assets.sources.contract import SIDE_TABLES
from gosales_assets.sources.profile.columns import Column, Table
from gosales_assets.sources.profile.meanings import SIDE_MEANINGS, Patterns, strength
from gosales_assets.sources.profile.sales import known_ids
from gosales_assets.sources.profile.vocabulary import tokens

SKU_MAP = "sku_map"
_SKU_MAP_COLUMNS = {
    "long": ("sku", "division", "product_name", "family", "sale_type"),
    "wide": ("gp_column", "qty_column", "sku", "division", "family", "sale_type"),
}
# What makes a file this table and no other: all columns of one of the sets must be there.
_TELLING: Mapping[str, Sequence[frozenset[str]]] = {
    "customers": [
        frozenset({"customer_id", column})
        for column in ("industry", "segment", "region", "territory", "country", "size", "sales_rep")
    ],
    "industry_enrichment": [frozenset({"company_name", "industry"})],
    "installed_base": [
        frozenset({"sku", "expiration_date"}),
        frozenset({"sku", "purchase_date", "quantity"}),
    ],
    "open_deals": [frozenset({"customer_id", "stage"}), frozenset({"division", "amount"})],
    "contacts_log": [frozenset({"contact_date", "outcome"})],
    "blocks": [frozenset({"customer_id", "reason"}), frozenset({"customer_id", "until"})],
    "fx_rates": [frozenset({"currency", "rate"})],
    "label_denylist": [frozenset({"sku"})],
}
_MEANINGS_HERE: Mapping[str, Mapping[str, Patterns]] = {"fx_rates": {"valid_from": {"date": 0.8}}}
_SURE_ENOUGH = 0.5
_FEWEST_JOINED = 0.05
_NAMED_SO = 2.0
_NARROW = ("fx_rates", "label_denylist")  # a few columns: any wider table has them by chance
_DENIED = {"deny", "denylist", "exclude", "excluded", "exclusion", "ignore", "sperrliste"}


@dataclass(frozen=True)
class SideMatch:
    """A file that is a side table or the SKU map.

    Parameters
    ----------
    name
        One of `SIDE_TABLES`, or `SKU_MAP`.
    columns
        Our column -> header.
    named
        Whether the file is called so.
    joined
        Share of its ids that the log knows, and ids: (what, share, count); None: no id to join.
    """

    name: str
    table: Table
    columns: dict[str, str]
    score: float
    named: bool = False
    joined: tuple[str, float, int] | None = None

    @property
    def mapping(self) -> dict[str, str]:
        """Columns whose header differs from our name."""
        return {ours: header for ours, header in self.columns.items() if ours != header}


def match_side_tables(
    tables: Iterable[Table], customers: pl.Series, skus: pl.Series
) -> tuple[list[SideMatch], dict[str, str]]:
    """Recognise the files beside the log.

    Parameters
    ----------
    customers, skus
        Hashes of the ids that the log knows.

    Returns
    -------
    One match per side table, and name of a file -> why it is not used.
    """
    found: dict[str, SideMatch] = {}
    reasons: dict[str, str] = {}
    for table in tables:
        match = best_match(table)
        if match is None:
            reasons[table.name] = "it is neither like a sales log nor like a side table"
            continue
        match = _joined(match, customers, skus)
        if match.joined and match.joined[1] < _FEWEST_JOINED and match.joined[2]:
            what, share, count = match.joined
            reasons[table.name] = (
                f"it looks like {match.name}, but the log knows only {share:.0%} of its {count:,} "
                f"{what}s"
            )
            continue
        rival = found.get(match.name)
        if rival is not None and rival.score >= match.score:
            reasons[table.name] = f"{rival.table.name} is more like {match.name}"
            continue
        if rival is not None:
            reasons[rival.table.name] = f"{table.name} is more like {match.name}"
        found[match.name] = match
    return [found[name] for name in (SKU_MAP, *SIDE_TABLES) if name in found], reasons


def best_match(table: Table) -> SideMatch | None:
    """Side table that a file is most like; None: it is like none."""
    if len(table.looks) > 1:
        return None  # a side table is one file
    matches = [_match(table, name) for name in SIDE_TABLES]
    matches.append(_map_match(table))
    scored = [match for match in matches if match is not None]
    return max(scored, key=lambda match: match.score) if scored else None


def _match(table: Table, name: str) -> SideMatch | None:
    contract = SIDE_TABLES[name]
    meanings = {**SIDE_MEANINGS, **_MEANINGS_HERE.get(name, {})}
    columns = _columns(table, contract.types, meanings)
    needed = {c for c, column in contract.schema.columns.items() if not column.nullable}
    if not needed <= set(columns):
        return None
    if not any(telling <= set(columns) for telling in _TELLING.get(name, ())):
        return None
    words = set(tokens(table.name))
    named = set(tokens(name)) <= words or (name == "label_denylist" and bool(_DENIED & words))
    if name in _NARROW and not (named or len(table.columns) <= len(contract.types)):
        return None
    if name == "label_denylist" and not named:
        return None
    if name == "customers" and not _one_row_each(columns):
        return None
    headers = {ours: column.header for ours, column in columns.items()}
    return SideMatch(name, table, headers, _score(table, columns) + _NAMED_SO * named, named)


def _map_match(table: Table) -> SideMatch | None:
    """Match a SKU map; it has no mapping of columns, so the headers must be ours."""
    there = set(table.header)
    layout = "wide" if {"gp_column", "qty_column"} <= there else "long"
    columns = {c: c for c in _SKU_MAP_COLUMNS[layout] if c in there}
    if not {"sku", "division"} <= set(columns) or "customer_id" in there:
        return None
    known = {c: table.column(c) for c in columns}
    if layout == "long" and known["sku"].distinct < 0.9 * known["sku"].filled:
        return None
    return SideMatch(SKU_MAP, table, columns, _score(table, known) + _NAMED_SO)


def _columns(
    table: Table, types: Mapping[str, object], meanings: Mapping[str, Patterns]
) -> dict[str, Column]:
    """Our column -> the header most like it; no header twice."""
    scored = [
        (strength(ours, column.header, meanings), ours, column)
        for ours, kind in types.items()
        for column in table.columns
        if _can_be(ours, kind, column)
    ]
    order = list(types)
    scored.sort(key=lambda item: (-item[0], order.index(item[1])))
    found: dict[str, Column] = {}
    for sure, ours, column in scored:
        if sure >= _SURE_ENOUGH and ours not in found and column not in found.values():
            found[ours] = column
    return found


def _can_be(ours: str, kind: object, column: Column) -> bool:
    if not column.filled:
        return ours == column.header  # an empty column under our name does no harm
    if kind == pl.Date:
        return column.dated
    if kind == pl.String:
        return not column.dated
    return column.numbers >= 0.9


def _one_row_each(columns: Mapping[str, Column]) -> bool:
    customer = columns["customer_id"]
    return "valid_from" in columns or customer.distinct >= 0.95 * customer.filled


def _score(table: Table, columns: Mapping[str, Column]) -> float:
    """How much of the file is explained by the table."""
    named = len(table.columns)
    sure = sum(strength(ours, c.header, SIDE_MEANINGS) for ours, c in columns.items())
    return 2 * sure / (named + 1) + 0.1 * len(columns)


def _joined(match: SideMatch, customers: pl.Series, skus: pl.Series) -> SideMatch:
    for ours, what, known in (("customer_id", "customer", customers), ("sku", "SKU", skus)):
        wide = match.name == SKU_MAP and "gp_column" in match.columns
        if ours in match.columns and len(known) and not wide:
            ids = known_ids(match.table, match.columns[ours])
            share = float(ids.is_in(known.implode()).mean() or 0.0) if len(ids) else 0.0  # type: ignore[arg-type]
            return replace(match, joined=(what, share, len(ids)))
    return match
