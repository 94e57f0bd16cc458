"""The slow truth of labels: what a customer bought after a cutoff, in plain Python."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

Line = Mapping[str, Any]


def label_of(
    lines: Sequence[Line],
    cutoff: date,
    months: int,
    denied: Collection[str] = (),
    threshold: float = 0,
) -> dict[str, Any]:
    """Cohort, label, net value and orders of one customer and target.

    Parameters
    ----------
    lines
        All lines of the customer that count for the target.
    """
    month = cutoff.year * 12 + cutoff.month
    owns = any(row["order_date"] <= cutoff and not row["is_return"] for row in lines)
    window = [
        row
        for row in lines
        if month < row["order_date"].year * 12 + row["order_date"].month <= month + months
        and row["sku"] not in denied
    ]
    net = sum((row["value"] for row in window), Decimal(0))
    return {
        "cohort": "repeat" if owns else "expansion",
        "label": int(net > threshold),
        "net_gp_window": net,
        "orders_window": len({row["order_id"] for row in window if not row["is_return"]}),
    }


def labels_of(
    lines: Sequence[Line],
    customers: Collection[str],
    targets: Mapping[str, int],
    cutoff: date,
    sets: Mapping[str, Collection[str]],
    **rules: Any,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Labels of these customers, as far as they bought anything by the cutoff.

    Parameters
    ----------
    targets
        Target -> months that are predicted.
    sets
        SKUs of the targets that are SKU sets.

    Returns
    -------
    (target, customer) -> see `label_of`.
    """
    found = {}
    for customer in customers:
        own = [row for row in lines if row["customer_id"] == customer]
        if not any(row["order_date"] <= cutoff and not row["is_return"] for row in own):
            continue
        for target, months in targets.items():
            counts = [
                row
                for row in own
                if (row["sku"] in sets[target] if target in sets else row["division"] == target)
            ]
            found[target, customer] = label_of(counts, cutoff, months, **rules)
    return found
