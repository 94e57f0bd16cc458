"""Amounts: line totals told from unit prices, and costs of a line from costs of one unit."""

from dataclasses import replace

import polars as pl

from gosales_assets.sources.profile.columns import Table
from gosales_assets.sources.profile.relations import (
    difference_share,
    is_of_one_unit,
    product_share,
    steadiness,
)
from gosales_assets.sources.profile.roles import Choice, Choices
from gosales_assets.sources.profile.vocabulary import read_header

_HOLDS = 0.9
_CLEARLY = 0.25
_WHOLE = 0.99


def settle_amounts(table: Table, choices: Choices) -> tuple[Choices, list[str]]:
    """Check what the amounts are against each other, and set right what the headers left open.

    Returns
    -------
    Choices, and remarks on what cannot be used.
    """
    settled = dict(choices)
    remarks: list[str] = []
    _amount_or_quantity(table, settled)
    _price_or_total(table, settled, remarks)
    _cost(table, settled, remarks)
    _profit(table, settled, remarks)
    if "revenue" not in settled and "unit_price" in settled:
        remarks += _discounts(table)
    return settled, remarks


def _amount_or_quantity(table: Table, choices: Choices) -> None:
    """Where there is no quantity, an `amount` of whole numbers beside a price may be one."""
    amount, price, sku = (choices.get(role) for role in ("revenue", "unit_price", "sku"))
    if "quantity" in choices or not (amount and price and sku) or amount.column.whole < _WHOLE:
        return
    shares = steadiness(
        table.number(price.column.header),
        table.number(amount.column.header),
        table.sample[sku.column.header],
    )
    if shares is not None and abs(shares[0] - shares[1]) > _CLEARLY:
        del choices["revenue"]  # the price is told from a total next
        reason = "whole numbers by which the price goes"
        choices["quantity"] = replace(amount, role="quantity").because(reason, -0.1)


def _price_or_total(table: Table, choices: Choices, remarks: list[str]) -> None:
    revenue, price = choices.get("revenue"), choices.get("unit_price")
    quantity = _numbers(table, choices, "quantity")
    if quantity is None or (revenue is None and price is None):
        return
    if revenue and price:
        share = product_share(
            table.number(price.column.header), quantity, table.number(revenue.column.header)
        )
        if share is not None and share >= _HOLDS:
            reason = f"unit_price x quantity = revenue in {share:.0%} of lines"
            choices["revenue"] = revenue.because(reason, 0.1)
            choices["unit_price"] = price.because(reason, 0.1)
        elif share is not None:
            remarks.append(
                f"unit_price x quantity is revenue in only {share:.0%} of lines (discounts, "
                "taxes?); revenue is what counts"
            )
        return
    _one_of_both(table, choices, quantity)


def _one_of_both(table: Table, choices: Choices, quantity: pl.Series) -> None:
    """Tell by its SKUs whether the only amount is of one unit or of the line."""
    role = "revenue" if "revenue" in choices else "unit_price"
    there, sku = choices[role], choices.get("sku")
    if sku is None:
        return
    shares = steadiness(
        table.number(there.column.header), quantity, table.sample[sku.column.header]
    )
    if shares is None:
        return
    as_is, each = shares
    told = "unit_price" if as_is > each + _CLEARLY else "revenue" if each > as_is + _CLEARLY else ""
    words = {
        "unit_price": f"the same for a SKU whatever the quantity in {as_is:.0%} of lines",
        "revenue": f"grows with the quantity: per unit the same for a SKU in {each:.0%} of lines",
    }
    if told == role:
        choices[role] = there.because(words[role], 0.05)
    elif told:
        choices[told] = replace(choices.pop(role), role=told).because(words[told], -0.1)


def _cost(table: Table, choices: Choices, remarks: list[str]) -> None:
    per_unit = choices.pop("unit_cost", None)
    cost = choices.get("cost") or per_unit
    if cost is None:
        return
    of_unit, reason = _of_unit(table, choices, cost)
    if of_unit is None:
        of_unit = cost is per_unit
        reason = "by its header" if of_unit else ""
    if not of_unit:
        known = replace(cost, role="cost")
        choices["cost"] = known.because(reason, 0.05) if reason else known
        return
    choices.pop("cost", None)
    advice = "give the log a column with quantity x unit cost, or with gross profit"
    remarks.append(f"{cost.column.header!r} is the cost of one unit ({reason}): not used; {advice}")


def _of_unit(table: Table, choices: Choices, cost: Choice) -> tuple[bool | None, str]:
    """Whether a cost is of one unit: by the gross profit, else by its ratio to the amount."""
    costs, amount = table.number(cost.column.header), _amount(table, choices)
    quantity = _numbers(table, choices, "quantity")
    if amount is None or quantity is None:
        return None, ""
    profit = _numbers(table, choices, "gross_profit")
    if profit is not None:
        line = difference_share(amount, costs, profit) or 0.0
        unit = difference_share(amount, costs * quantity, profit) or 0.0
        if max(line, unit) >= _HOLDS and line != unit:
            words = "cost" if line > unit else "cost x quantity"
            return unit > line, f"revenue - {words} = gross_profit in {max(line, unit):.0%}"
    told = is_of_one_unit(costs, quantity, amount)
    return told, "" if told is None else "its ratio to the line's amount tells"


def _profit(table: Table, choices: Choices, remarks: list[str]) -> None:
    profit, amount = choices.get("gross_profit"), _amount(table, choices)
    if profit is None or amount is None:
        return
    sizes = amount.abs().drop_nulls().median()
    if profit.column.typical <= 1.0 and isinstance(sizes, float) and sizes > 5.0:
        del choices["gross_profit"]
        remarks.append(f"{profit.column.header!r} looks like a margin in percent: not used")
        return
    cost = _numbers(table, choices, "cost")
    share = (
        None if cost is None else difference_share(amount, cost, table.number(profit.column.header))
    )
    if share is not None and share >= _HOLDS:
        reason = f"revenue - cost = gross_profit in {share:.0%} of lines"
        choices["gross_profit"] = profit.because(reason, 0.05)


def _discounts(table: Table) -> list[str]:
    """Columns that revenue, as unit price x quantity, would know nothing of."""
    return [
        f"revenue is unit_price x quantity and knows nothing of {column.header!r}"
        for column in table.columns
        if "discount" in read_header(column.header).concepts and column.distinct > 1
    ]


def _amount(table: Table, choices: Choices) -> pl.Series | None:
    revenue = _numbers(table, choices, "revenue")
    if revenue is not None:
        return revenue
    price, quantity = (_numbers(table, choices, role) for role in ("unit_price", "quantity"))
    return None if price is None or quantity is None else price * quantity


def _numbers(table: Table, choices: Choices, role: str) -> pl.Series | None:
    return table.number(choices[role].column.header) if role in choices else None
