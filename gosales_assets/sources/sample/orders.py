"""Turn a month's purchases into order rows and lines: days, invoices, SKUs, money, returns.

A customer's purchases of one month fall into up to four baskets (software, hardware, scanning,
services); a basket is one row of the log. Baskets of the same day share an invoice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .catalogue import DIVISIONS, ROUTED_DIVISION, ROUTED_SKU, ROUTED_WEIGHTS, SKUS
from .customers import Customers
from .purchases import MonthOfPurchases
from .spec import SampleSpec

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_BASKETS = {"Hardware": 1, "Post_Processing": 1, "Scanning": 2, "Services": 3, "Training": 3}
_BASKET = np.array([_BASKETS.get(division, 0) for division in DIVISIONS])
_RENEWED = np.isin(DIVISIONS, ("Maintenance", "Success Plan"))

ORDER_TYPES = ("New", "Add-on", "Renewal", "Credit")
_NEW, _ADD_ON, _RENEWAL, _CREDIT = range(4)

_OTHER_DAY = 0.35
_SECOND_SKU = 0.20
_CANADIAN_DOLLARS = 0.9
_RETURN_CHANCE = 0.025
_LATEST_RETURNED_DAY = 20
_RETURN_SHARE = (0.05, 0.40)
_SEATS_BY_SIZE = np.array([0.6, 1.0, 1.8, 3.5])


@dataclass(frozen=True)
class Orders:
    """The order rows of one month, sorted by day and invoice, and their lines.

    Parameters
    ----------
    month
        Month number.
    customer, day, division, order_type, invoice
        Per row: customer index, day of the month, the row's own division, index into
        `ORDER_TYPES`, invoice number.
    is_new, canadian
        Per row: first order of the division; billed in Canadian dollars.
    line_row, line_sku, line_cents, line_quantity
        Per line: its row, index into `SKUS`, gross profit in cents of the row's currency, units.
    """

    month: int
    customer: Ints
    day: Ints
    division: Ints
    order_type: Ints
    invoice: Ints
    is_new: Flags
    canadian: Flags
    line_row: Ints
    line_sku: Ints
    line_cents: Ints
    line_quantity: Ints

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def returned(self) -> Flags:
        """Rows that are credit notes."""
        return self.order_type == _CREDIT


def _sku_choices() -> tuple[Ints, NDArray[np.float64]]:
    """SKUs of each division (divisions, slots) and their cumulated shares (2, divisions, slots).

    The first axis of the shares is 0 for first purchases, 1 for later ones.
    """
    sold: list[list[tuple[int, float, float]]] = [[] for _ in DIVISIONS]
    for index, sku in enumerate(SKUS):
        sold[DIVISIONS.index(sku.division)].append((index, sku.first_weight, sku.repeat_weight))
        if sku.sku == ROUTED_SKU:
            sold[DIVISIONS.index(ROUTED_DIVISION)].append((index, *ROUTED_WEIGHTS))
    slots = max(len(skus) for skus in sold)
    skus_of = np.zeros((len(DIVISIONS), slots), np.int64)
    weight = np.zeros((2, len(DIVISIONS), slots))
    for division, skus in enumerate(sold):
        numbers = np.array(skus)
        skus_of[division, : len(skus)] = numbers[:, 0]
        weight[:, division, : len(skus)] = numbers[:, 1:].T
    shares = np.cumsum(weight, axis=2)
    return skus_of, shares / shares[:, :, -1:]


_SKU_OF_SLOT, _SKU_SHARES = _sku_choices()
_UNIT_CENTS = np.array([round(sku.unit_gp * 100) for sku in SKUS])
_SEATS = np.array([sku.seats for sku in SKUS])


def usd_in_cad(month: Ints | int, day: Ints) -> NDArray[np.float64]:
    """Canadian dollars for one US dollar on a day, four decimals; slow waves around 1.31."""
    rate = 1.31 + 0.05 * np.sin(month / 4.6) + 0.004 * np.sin(day / 5.0)
    return np.round(rate, 4)


def build_orders(
    purchases: MonthOfPurchases,
    customers: Customers,
    spec: SampleSpec,
    rng: np.random.Generator,
    first_invoice: int,
) -> Orders:
    """Order rows and lines of one month. Invoices are numbered from `first_invoice`."""
    division, customer = (axis.astype(np.int64) for axis in np.nonzero(purchases.bought))
    first = purchases.first[division, customer]
    slot, row = np.unique(customer * 4 + _BASKET[division], return_inverse=True)
    # Pairs are sorted by division, so each row's first pair is its lowest division.
    lead = np.unique(row, return_index=True)[1]
    row_customer = slot // 4
    day = _days(purchases.month, row_customer, spec, rng)
    is_new = np.zeros(len(slot), np.bool_)
    is_new[row[first]] = True
    renewal = np.where(_RENEWED[division[lead]], _RENEWAL, _ADD_ON)
    line_pair, line_sku = _choose_skus(division, first, rng)
    size = customers.size[customer[line_pair]]
    quantity = 1 + rng.poisson(np.maximum(_SEATS[line_sku] * _SEATS_BY_SIZE[size] - 0.7, 0.05))
    # At least one: a bought division always earns something, whatever comes back.
    markup = 1 + np.exp(rng.normal(-1.0, 0.7, len(line_sku)))
    bought = Orders(
        month=purchases.month,
        customer=row_customer,
        day=day,
        division=division[lead],
        order_type=np.where(is_new, _NEW, renewal).astype(np.int64),
        invoice=np.zeros(len(slot), np.int64),
        is_new=is_new,
        canadian=_paid_in_cad(customers, row_customer, rng),
        line_row=row[line_pair],
        line_sku=line_sku,
        line_cents=np.round(_UNIT_CENTS[line_sku] * quantity * markup).astype(np.int64),
        line_quantity=quantity.astype(np.int64),
    )
    return _finish(_with_returns(bought, spec, rng), first_invoice)


def _days(month: int, customer: Ints, spec: SampleSpec, rng: np.random.Generator) -> Ints:
    """Working day of each row: mostly one a customer, fuller towards the end of the month."""
    start, length = spec.month_start(month), spec.month_end(month).day
    who = np.unique(customer, return_inverse=True)[1]
    common = rng.random(int(who.max(initial=-1)) + 1)[who]
    moment = np.where(rng.random(len(customer)) < _OTHER_DAY, rng.random(len(customer)), common)
    day = 1 + np.floor(length * moment**0.8).astype(np.int64)
    weekday = (start.weekday() + day - 1) % 7
    back = np.maximum(weekday - 4, 0)
    forward = np.where(weekday > 4, 7 - weekday, 0)
    return np.where(day - back >= 1, day - back, day + forward)


def _paid_in_cad(customers: Customers, customer: Ints, rng: np.random.Generator) -> Flags:
    """Rows billed in Canadian dollars: most of Canada's, one draw a customer and month."""
    who = np.unique(customer, return_inverse=True)[1]
    draw = rng.random(int(who.max(initial=-1)) + 1)[who]
    return customers.in_canada[customer] & (draw < _CANADIAN_DOLLARS)


def _choose_skus(division: Ints, first: Flags, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """One SKU for each purchase, now and then two: purchase and SKU of each line."""
    shares = _SKU_SHARES[np.where(first, 0, 1), division]
    one = (rng.random(len(division))[:, None] > shares).sum(axis=1)
    two = (rng.random(len(division))[:, None] > shares).sum(axis=1)
    also = np.flatnonzero((rng.random(len(division)) < _SECOND_SKU) & (one != two))
    pair = np.concatenate([np.arange(len(division)), also])
    return pair, _SKU_OF_SLOT[division[pair], np.concatenate([one, two[also]])]


def _with_returns(orders: Orders, spec: SampleSpec, rng: np.random.Generator) -> Orders:
    """Add credit notes: part of a row's first line comes back later in the same month.

    Within the month and less than the line, so that no month's net, and no label, changes sign.
    """
    picked = rng.random(len(orders)) < _RETURN_CHANCE
    row = np.flatnonzero(picked & (orders.day <= _LATEST_RETURNED_DAY))
    line = np.unique(orders.line_row, return_index=True)[1][row]
    share = rng.uniform(*_RETURN_SHARE, len(row))
    length = spec.month_end(orders.month).day
    day = np.minimum(orders.day[row] + rng.integers(2, 10, len(row)), length)
    units = np.maximum(np.round(orders.line_quantity[line] * share), 1)
    return Orders(
        month=orders.month,
        customer=np.append(orders.customer, orders.customer[row]),
        day=np.append(orders.day, day),
        division=np.append(orders.division, orders.division[row]),
        order_type=np.append(orders.order_type, np.full(len(row), _CREDIT)),
        invoice=np.append(orders.invoice, np.ones(len(row), np.int64)),
        is_new=np.append(orders.is_new, np.zeros(len(row), np.bool_)),
        canadian=np.append(orders.canadian, orders.canadian[row]),
        line_row=np.append(orders.line_row, len(orders) + np.arange(len(row))),
        line_sku=np.append(orders.line_sku, orders.line_sku[line]),
        line_cents=np.append(
            orders.line_cents, -np.ceil(orders.line_cents[line] * share).astype(np.int64)
        ),
        line_quantity=np.append(orders.line_quantity, -units.astype(np.int64)),
    )


def _finish(orders: Orders, first_invoice: int) -> Orders:
    """Assign invoices (one a day, customer and kind), convert currency, sort rows."""
    # `invoice` is 1 on credit notes so far: they get invoices of their own.
    key = (orders.day * (int(orders.customer.max(initial=0)) + 1) + orders.customer) * 2
    invoice = np.unique(key + orders.invoice, return_inverse=True)[1]
    order = np.argsort(invoice, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rate = np.where(orders.canadian, usd_in_cad(orders.month, orders.day), 1.0)
    return Orders(
        month=orders.month,
        customer=orders.customer[order],
        day=orders.day[order],
        division=orders.division[order],
        order_type=orders.order_type[order],
        invoice=first_invoice + invoice[order],
        is_new=orders.is_new[order],
        canadian=orders.canadian[order],
        line_row=place[orders.line_row],
        line_sku=orders.line_sku,
        line_cents=np.round(orders.line_cents * rate[orders.line_row]).astype(np.int64),
        line_quantity=orders.line_quantity,
    )
