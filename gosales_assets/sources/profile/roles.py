"""Roles: which header is which of our columns, with a confidence and the reasons for it.

Names come first (`meanings`), cells second: a column that cannot be what its header says is not
taken for it. No header gets two roles.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from gosales_assets.sources.layout import ORDER_COLUMNS
from gosales_assets.sources.profile.columns import Column, Table
from gosales_assets.sources.profile.meanings import LOG_MEANINGS, strength
from gosales_assets.sources.profile.relations import decided_share

SURE_ENOUGH = 0.5  # below this a column is drafted commented out
_BY_NAME, _BY_CELLS = 0.7, 0.3
_AMOUNTS = ("quantity", "revenue", "unit_price", "cost", "unit_cost", "gross_profit")
_FEW_VALUES = {"order_type": 60, "status": 60, "currency": 60, "is_new": 4, "branch": 2_000}
_STAND_INS = (("customer_id", "customer_name"), ("sku", "product_name"), ("sku", "division"))
_DECIDES = 0.6  # share of lines with the usual name of their id, from which it is its name
_TARGETS_AT_MOST, _TARGETS_AT_BEST = 300, (4, 40)


@dataclass(frozen=True)
class Choice:
    """A header for one of our columns.

    Parameters
    ----------
    confidence
        From 0 to 1.
    reasons
        Why, in plain words.
    others
        Further headers that could have been it, with their confidence.
    """

    role: str
    column: Column
    confidence: float
    reasons: tuple[str, ...]
    others: tuple[tuple[str, float], ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the choice is drafted as it is."""
        return self.confidence >= SURE_ENOUGH

    def because(self, reason: str, more: float = 0.0) -> "Choice":
        """Add a reason, and what it does to the confidence."""
        confidence = min(0.99, max(0.05, self.confidence + more))
        return replace(self, confidence=confidence, reasons=(*self.reasons, reason))


Choices = dict[str, Choice]


def choose(table: Table, sku_columns: Collection[str] = ()) -> Choices:
    """Find the headers of a sales log's columns.

    Parameters
    ----------
    sku_columns
        Headers of the SKU columns of a wide log; none: the log is a long one.
    """
    scores = _scores(table, ORDER_COLUMNS if sku_columns else LOG_MEANINGS, sku_columns)
    taken: set[str] = set()
    choices: Choices = {}
    order = list(LOG_MEANINGS)
    ranked = sorted(scores, key=lambda found: (-found[2], order.index(found[0])))
    for role, header, confidence in ranked:
        if role not in choices and header not in taken:
            others = [(h, sure) for r, h, sure in ranked if r == role and h != header]
            reason = f"header reads as {role.replace('_', ' ')}"
            found = table.column(header)
            choices[role] = Choice(role, found, confidence, (reason,), tuple(others))
            taken.add(header)
    choices = {
        role: replace(found, others=tuple(o for o in found.others if o[0] not in taken))
        for role, found in choices.items()
    }
    choices = _only_date(table, choices, sku_columns)
    choices = _stand_ins(choices, _STAND_INS[:1] if sku_columns else _STAND_INS)
    return _told_by_others(table, choices)


def unused(
    table: Table, choices: Mapping[str, Choice], without: Collection[str] = ()
) -> list[Column]:
    """Columns that got no role."""
    used = {choice.column.header for choice in choices.values()} | set(without)
    return [column for column in table.columns if column.header not in used]


def alternatives(table: Table, role: str, choices: Mapping[str, Choice]) -> list[str]:
    """Headers without a role whose cells could be this column's, for a role that has none."""
    fitting = [(_fit(role, c), c.header) for c in unused(table, choices) if c.filled]
    fitting.sort(key=lambda found: -found[0])
    return [header for fit, header in fitting if fit > 0.5][:3]


def _scores(
    table: Table, roles: Collection[str], without: Collection[str]
) -> list[tuple[str, str, float]]:
    """Role, header and confidence of all that could be, in order of the columns."""
    found = []
    for column in table.columns:
        if column.header in without or not column.filled:
            continue
        for role in roles:
            named = strength(role, column.header, LOG_MEANINGS)
            fit = _fit(role, column) if named else 0.0
            if fit:
                found.append((role, column.header, min(0.99, _BY_NAME * named + _BY_CELLS * fit)))
    return found


def _fit(role: str, column: Column) -> float:
    """How well the cells fit a role, from 0 (they cannot be it) to 1."""
    if role == "order_date":
        return 1.0 if column.dated else 0.0
    if role in _AMOUNTS or role == "currency_rate":
        return _number_fit(role, column)
    if column.dated and not (role.endswith("id") and column.numbers > 0.9):
        return 0.0
    if role in ("customer_name", "product_name"):
        return 0.0 if column.letters < 0.5 else 0.6 + 0.4 * (column.spaces > 0.3)
    if column.numbers > 0.9 and column.whole < 0.98:
        return 0.0
    if role == "division":
        return _division_fit(column)
    if role in _FEW_VALUES:
        return 1.0 if column.distinct <= _FEW_VALUES[role] else 0.0
    return _id_fit(role, column)


def _number_fit(role: str, column: Column) -> float:
    if column.numbers < 0.9 or (column.dated and column.whole > 0.99):
        return 0.0
    if role == "quantity":
        return 0.6 + 0.4 * column.whole
    if role == "currency_rate":
        return 1.0 if not column.negative and column.typical < 100_000 else 0.0
    return 1.0 if column.distinct > 2 else 0.7


def _id_fit(role: str, column: Column) -> float:
    repeats = column.distinct < 0.95 * column.filled
    if role == "line_id":
        return 0.0 if repeats or column.missing else 1.0
    if role in ("rep", "customer_id", "sku"):
        words = column.letters > 0.9 and column.spaces > 0.6 and role != "rep"
        return (1.0 if repeats else 0.6) - 0.3 * words
    return 1.0 if column.distinct > 1 else 0.5


def _division_fit(column: Column) -> float:
    if column.distinct > min(_TARGETS_AT_MOST, max(2, column.filled // 2)):
        return 0.0
    low, high = _TARGETS_AT_BEST
    best = low <= column.distinct <= high
    return 1.0 if best else 0.8 if 1 < column.distinct < low else 0.6


def _only_date(table: Table, choices: Choices, without: Collection[str]) -> Choices:
    """Without a header that reads as a date, the only column of dates is the order date."""
    free = [column for column in unused(table, choices, without) if column.dated]
    if "order_date" in choices or len(free) != 1:
        return choices
    only = Choice("order_date", free[0], 0.6, ("the only column that holds dates",))
    return {**choices, "order_date": only}


def _stand_ins(choices: Choices, pairs: Collection[tuple[str, str]]) -> Choices:
    """What must be there and is not is taken from the next best: names may serve as ids."""
    choices = dict(choices)
    for needed, instead in pairs:
        if needed not in choices and instead in choices and choices[instead].sure:
            moved = replace(choices.pop(instead), role=needed)
            words = f"there is no {needed.replace('_', ' ')}, so the {instead.replace('_', ' ')}"
            choices[needed] = moved.because(f"{words} serves as one", -0.1)
    return choices


def _told_by_others(table: Table, choices: Choices) -> Choices:
    """Add what the columns say about each other: who decides whom, who repeats more."""
    choices = dict(choices)
    customer = choices.get("customer_id")
    order = choices.get("order_id") or choices.get("invoice_id")
    if customer and order:
        decided = _decided(table, order, customer)
        if decided is not None and decided >= 0.98:
            choices["customer_id"] = customer.because("an order has one customer", 0.02)
        elif decided is not None and decided < 0.8:
            reason = f"only {decided:.0%} of the lines are of their order's usual customer"
            choices["customer_id"] = customer.because(reason, -0.2)
        elif customer.column.distinct > order.column.distinct:
            reason = "there are more customers than orders"
            choices["customer_id"] = customer.because(reason, -0.15)
    return _names_of(table, choices)


def _names_of(table: Table, choices: Choices) -> Choices:
    """Tell by whom they are decided which names are products' and which are customers'."""
    for role, by, other, other_by in (
        ("product_name", "sku", "customer_name", "customer_id"),
        ("customer_name", "customer_id", "product_name", "sku"),
    ):
        if role not in choices or by not in choices:
            continue
        named, decided = choices[role], _decided(table, choices[by], choices[role])
        if decided is None:
            continue
        if decided >= _DECIDES:
            choices[role] = named.because(f"decided by {by} in {decided:.0%}", 0.02)
            continue
        choices[role] = named.because(f"{by} decides only {decided:.0%} of it", -0.45)
        if other in choices:
            continue
        if other_by not in choices:
            del choices[role]
            reason = f"a name that {by} does not decide, and there is no {other_by}"
            choices[other_by] = replace(named, role=other_by).because(reason, -0.2)
        elif (by_other := _decided(table, choices[other_by], named)) and by_other >= _DECIDES:
            del choices[role]
            reason = f"decided by {other_by} in {by_other:.0%}"
            choices[other] = replace(named, role=other).because(reason, -0.1)
    return choices


def _decided(table: Table, by: Choice, of: Choice) -> float | None:
    return decided_share(table.sample[by.column.header], table.sample[of.column.header])
