"""The sales log among tables: the one that has customers, dates, products and money."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gosales_assets.settings import SettingsError
from gosales_assets.sources.profile.amounts import settle_amounts
from gosales_assets.sources.profile.columns import Table
from gosales_assets.sources.profile.divisions import settle_division
from gosales_assets.sources.profile.pairs import Pair, find_pairs, headers_of
from gosales_assets.sources.profile.roles import Choices, choose
from gosales_assets.sources.profile.sales import Sales, known_ids
from gosales_assets.sources.profile.side import best_match

_TOTALS = ("revenue", "gross_profit")
AMOUNTS = (*_TOTALS, "unit_price")
_ANOTHER_LOG = "a sales log, too, but with other columns or other customers"
_PERHAPS_A_VIEW = "a sales log, too: name it as well, unless it is a view or copy of the other"
_HEADERS_SHOWN = 12
_SHARED_CUSTOMERS = 0.05
_ENOUGH = 5.0  # confidence of five columns; more of them do not make a log more of a log


@dataclass(frozen=True)
class Reading:
    """A table read as a sales log.

    Parameters
    ----------
    pairs
        SKU columns; none: the layout is long.
    remarks
        What was found and cannot be used.
    """

    table: Table
    pairs: list[Pair]
    choices: Choices
    remarks: list[str]

    @property
    def missing(self) -> list[str]:
        """Columns that a sales log must have and that were not found for sure."""
        lacks = [role for role in ("customer_id", "order_date") if not self.surely(role)]
        if self.pairs:
            return lacks
        lacks += [] if self.surely("sku") else ["sku"]
        lacks += [] if any(map(self.surely, AMOUNTS)) else ["revenue"]
        only_price = self.surely("unit_price") and not any(map(self.surely, _TOTALS))
        return lacks + (["quantity"] if only_price and not self.surely("quantity") else [])

    def surely(self, role: str) -> bool:
        """Whether a column has a header that is sure enough to be drafted."""
        return role in self.choices and self.choices[role].sure

    @property
    def worth(self) -> tuple[int, float]:
        """What is compared where several tables could be the log."""
        sure = sum(choice.confidence for choice in self.choices.values())
        return -len(self.missing), self.table.rows * min(sure, _ENOUGH)


def read_as_log(table: Table) -> Reading:
    """Read a table as if it were the sales log."""
    pairs = find_pairs(table)
    choices = choose(table, headers_of(pairs))
    if pairs:
        return Reading(table, pairs, choices, _not_profit(pairs))
    choices, remarks = settle_amounts(table, choices)
    return Reading(table, pairs, settle_division(table, choices), remarks)


def find_log(
    tables: Sequence[Table], *, merge: bool = True
) -> tuple[Reading, list[Table], dict[str, str]]:
    """Find the sales log, with all files that belong to it, and the tables beside it.

    Parameters
    ----------
    merge
        Whether tables with the same columns are parts of one log. In a database they may as well
        be a view of each other.

    Returns
    -------
    The log, tables that are none, and name of a log that is not used -> why.

    Raises
    ------
    SettingsError
        When no table is like a sales log, or the log comes in two parts.
    """
    readings = sorted(map(read_as_log, tables), key=lambda r: r.worth, reverse=True)
    best, others = readings[0], readings[1:]
    if best.missing:
        _refuse(readings)
        return best, [other.table for other in others], {}
    rest: list[Table] = []
    reasons: dict[str, str] = {}
    for other in others:
        merged = _together(best, other) if merge else None
        if merged is not None:
            best = merged
        elif other.missing or _is_named_otherwise(other.table):
            rest.append(other.table)
        else:
            reasons[other.table.name] = _ANOTHER_LOG if merge else _PERHAPS_A_VIEW
    return best, rest, reasons


def without_false_line_ids(reading: Reading, sales: Sales) -> Reading:
    """Drop a line id that different rows share: they would be taken for repeats and lost."""
    if not sales.repeated_ids or "line_id" not in reading.choices:
        return reading
    choices = dict(reading.choices)
    header = choices.pop("line_id").column.header
    words = f"{header!r} is not mapped to line_id: different rows share one"
    return replace(reading, choices=choices, remarks=[*reading.remarks, words])


def _is_named_otherwise(table: Table) -> bool:
    match = best_match(table)
    return match is not None and match.named


def _together(one: Reading, other: Reading) -> Reading | None:
    """Read two logs as one where both have the same headers for what a log must have."""
    if other.missing or bool(one.pairs) != bool(other.pairs):
        return None
    merged = read_as_log(Table([*one.table.looks, *other.table.looks]))
    roles = {"customer_id", "order_date", *(() if one.pairs else ("sku", *AMOUNTS))}
    same = all(
        reading.choices[role].column.header == merged.choices[role].column.header
        for reading in (one, other)
        for role in roles & set(reading.choices)
        if role in merged.choices
    )
    if merged.missing or not same or not _share_customers(one, other):
        return None
    if one.pairs:  # a year may have SKUs that another has not
        known = {pair.money.header for pair in one.pairs}
        more = [pair for pair in other.pairs if pair.money.header not in known]
        merged = replace(merged, pairs=[*one.pairs, *more])
    some = sorted(
        {header for reading in (one, other) for header in reading.table.header}
        - set(merged.table.header)
        - headers_of(merged.pairs)
    )
    words = f"not in all files of the log, so kept out: {', '.join(some)}"
    kept = [remark for remark in one.remarks if not remark.startswith("not in all files")]
    return replace(merged, remarks=[*kept, words]) if some else merged


def _share_customers(one: Reading, other: Reading) -> bool:
    """Whether two logs are of the same firm: some of the customers of one are in the other."""
    known, ids = (known_ids(r.table, r.choices["customer_id"].column.header) for r in (one, other))
    fewer = min(len(known), len(ids))
    return fewer > 0 and int(ids.is_in(known.implode()).sum()) >= _SHARED_CUSTOMERS * fewer


def _not_profit(pairs: Sequence[Pair]) -> list[str]:
    named = [pair.money.header for pair in pairs if pair.is_revenue]
    if not named:
        return []
    return [f"the wide layout takes money for gross profit; {named[0]!r} is called revenue"]


def _refuse(readings: Sequence[Reading]) -> None:
    """Refuse tables that cannot be a log; one that lacks little is drafted nevertheless."""
    split = _split_log(readings)
    if split is not None:
        raise SettingsError(split)
    best = readings[0]
    who_or_what = {"customer_id", *AMOUNTS} & set(best.choices)
    if "order_date" in best.choices and who_or_what:
        return
    shown = ", ".join(map(repr, best.table.header[:_HEADERS_SHOWN]))
    raise SettingsError(
        f"{best.table.name}: not like a sales log, which has customers, dates, products and money: "
        f"no column for {', '.join(best.missing)} among {shown}"
    )


def _split_log(readings: Sequence[Reading]) -> str | None:
    """Say so when orders and their lines come in two files: they must be joined first."""
    heads = [r for r in readings if r.surely("customer_id") and r.surely("order_date")]
    heads = [r for r in heads if not r.surely("sku")]
    lines = [r for r in readings if r.surely("sku") and not r.surely("order_date")]
    lines = [r for r in lines if any(map(r.surely, (*AMOUNTS, "quantity")))]
    for head in heads:
        for line in lines:
            shared = [h for h in head.table.header if h in line.table.header]
            keyed = {c.column.header for c in (*head.choices.values(), *line.choices.values())}
            if on := next((header for header in shared if header in keyed), None):
                return (
                    f"{head.table.name} has customers and dates, {line.table.name} has products: "
                    f"join them on {on!r} into one file or view, and profile that"
                )
    return None
