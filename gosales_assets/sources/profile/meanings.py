"""Meanings: which concepts in a header make it which of our columns, and how surely.

A pattern is met by a header whose concepts include it. Further concepts that only qualify (``net``,
``order`` in ``Order Amount``) make it less sure; those that name another thing (``date`` in
``Customer Date``) rule it out.
"""

from collections.abc import Mapping

from gosales_assets.sources.profile.vocabulary import read_header, tokens

Patterns = Mapping[str, float]

LOG_MEANINGS: dict[str, Patterns] = {
    "customer_id": {"customer id": 1, "customer": 0.75, "company id": 0.7},
    "customer_name": {
        "customer name": 1,
        "customer": 0.75,
        "company name": 0.9,
        "company": 0.8,
        "name": 0.6,
    },
    "order_id": {"order id": 1, "order": 0.8, "transaction id": 0.75, "transaction": 0.6},
    "invoice_id": {"invoice id": 1, "invoice": 0.9},
    "line_id": {
        "order line id": 1,
        "invoice line id": 1,
        "transaction line id": 1,
        "line id": 0.9,
        "order item id": 0.8,
        "transaction id": 0.7,
        "id": 0.6,
    },
    "order_date": {
        "order date": 1,
        "date": 0.9,
        "invoice date": 0.9,
        "transaction date": 0.9,
        "revenue date": 0.9,
        "purchase date": 0.85,
        "created date": 0.75,
        "ship date": 0.6,
        "due date": 0.5,
    },
    "sku": {"item id": 1, "item": 0.75},
    "product_name": {"item name": 1, "name": 0.8, "item": 0.7},
    "division": {
        "division": 1,
        "item division": 0.95,
        "item group": 0.95,
        "group": 0.9,
        "item segment": 0.7,
        "item type": 0.7,
        "brand": 0.55,
    },
    "quantity": {"quantity": 1},
    "revenue": {
        "revenue": 0.95,
        "net revenue": 1,
        "total revenue": 1,
        "net total": 0.95,
        "line total": 0.95,
        "total": 0.85,
        "total price": 0.9,
        "net": 0.7,
        "tax revenue": 0.75,
        "tax total": 0.3,
    },
    "unit_price": {
        "unit price": 1,
        "item price": 0.95,
        "price": 0.85,
        "revenue price": 0.85,
        "net price": 0.9,
        "list price": 0.5,
        "total unit": 0.5,
    },
    "cost": {"total cost": 1, "line cost": 1, "revenue cost": 1, "cost": 0.9},
    "unit_cost": {"unit cost": 1, "cost price": 0.9},
    "gross_profit": {"profit": 1, "total profit": 1, "revenue profit": 0.95, "tax profit": 1},
    "branch": {"branch": 1},
    "rep": {"rep": 1},
    "order_type": {"order type": 1, "invoice type": 0.9, "transaction type": 0.9, "type": 0.75},
    "status": {"status": 1},
    "currency": {"currency": 1, "currency id": 1},
    "currency_rate": {"currency rate": 1, "rate": 0.8},
    "is_new": {"new": 0.9, "customer new": 1},
}
SIDE_MEANINGS: dict[str, Patterns] = {
    "customer_id": {"customer id": 1, "company id": 0.8, "customer": 0.7, "id": 0.6},
    "customer_name": {"customer name": 1, "company name": 0.9, "name": 0.8, "company": 0.8},
    "company_name": {"company name": 1, "customer name": 0.9, "company": 0.9, "name": 0.8},
    "enrichment_id": {"company id": 0.9, "id": 0.7, "customer id": 0.6},
    "industry": {"industry": 1},
    "sub_industry": {"industry sub": 1},
    "region": {"region": 1},
    "territory": {"territory": 1},
    "segment": {"segment": 1, "customer segment": 1, "customer group": 0.8, "customer type": 0.8},
    "size": {"size": 1},
    "country": {"country": 1},
    "postcode": {"postcode": 1},
    "sales_rep": {"rep": 1},
    "parent_account": {"parent": 1},
    "sku": {"item id": 1, "item": 0.8},
    "product_name": {"item name": 1, "name": 0.8, "item": 0.7},
    "division": LOG_MEANINGS["division"],
    "family": {"group": 0.9, "item group": 0.9},
    "sale_type": {"sale_type": 1},
    "gp_column": {},
    "qty_column": {},
    "purchase_date": {"purchase date": 1, "order date": 0.8, "date": 0.8, "purchase": 0.7},
    "expiration_date": {"expiration": 1, "expiration date": 1},
    "quantity": {"quantity": 1},
    "stage": {"stage": 1, "deal stage": 1, "status": 0.6},
    "amount": {"total": 1, "revenue": 0.9, "deal total": 1, "deal revenue": 0.9},
    "contact_date": {"contacted": 0.9, "contacted date": 1, "contact date": 1, "date": 0.8},
    "outcome": {"outcome": 1, "status": 0.6},
    "reason": {"reason": 1},
    "until": {"expiration": 1, "expiration date": 1},
    "currency": LOG_MEANINGS["currency"],
    "rate": {"rate": 1, "currency rate": 1},
    "valid_from": {"valid_from": 1, "valid_from date": 1},
}
# What a concept beyond the pattern makes of it; any other names another thing and rules it out.
_QUALIFIERS = {
    "sub": 0.98,
    "order": 0.9,
    "invoice": 0.9,
    "transaction": 0.85,
    "item": 0.9,
    "line": 0.9,
    "customer": 0.8,
    "company": 0.85,
    "ship": 0.55,
    "due": 0.4,
    "created": 0.6,
    "list": 0.55,
    "purchase": 0.85,
    "deal": 0.9,
    "supplier": 0.1,
    "birth": 0.1,
}
# The same among amounts only: nothing else is net, total or per unit.
_OF_AMOUNTS = {
    "net": 0.95,
    "total": 0.85,
    "revenue": 0.85,
    "unit": 0.6,
    "currency": 0.9,
    "tax": 0.4,
    "discount": 0.1,
}
_AMOUNTS = {"quantity", "revenue", "unit_price", "cost", "unit_cost", "gross_profit", "amount"}
# Alone these say little; with a word for a thing beside them they are about that thing.
_BARE = ("id", "name")
# Names and numbers of a thing stand for the thing, where the thing itself is a word.
_BY_NAME_OR_ID = {
    *("division", "family", "branch", "rep", "sales_rep", "order_type", "status", "stage"),
    *("segment", "region", "territory", "industry", "sub_industry", "country", "outcome"),
    "parent_account",
}
_UNKNOWN_WORD = 0.9


def strength(column: str, header: str, meanings: Mapping[str, Patterns]) -> float:
    """Say how surely a header names a column, from 0 (not at all) to 1.

    Parameters
    ----------
    column
        One of ours.
    meanings
        `LOG_MEANINGS` or `SIDE_MEANINGS`.
    """
    if "_".join(tokens(header)) == column:
        return 1.0
    reading = read_header(header)
    best = 0.0
    for pattern, sure in meanings.get(column, {}).items():
        wanted = set(pattern.split())
        others = reading.concepts - wanted
        if wanted <= reading.concepts and not (others and pattern in _BARE):
            best = max(best, sure * _less_sure(column, others))
    return best * _UNKNOWN_WORD ** min(reading.unknown, 4)


def _less_sure(column: str, others: frozenset[str]) -> float:
    known = _QUALIFIERS | (_OF_AMOUNTS if column in _AMOUNTS else {})
    factor = 1.0
    for concept in others:
        harmless = concept in _BARE and column in _BY_NAME_OR_ID
        factor *= 0.95 if harmless else known.get(concept, 0.0)
    return factor
