"""Completeness: no candidate is lost, and no window is labelled before it has closed."""

from gosales_assets.breaches import Breach


def every_customer(rows: int, customers: int) -> list[Breach]:
    """Compare a division's candidates with the customers who bought anything by the cutoff."""
    if rows == customers:
        return []
    rule = "one candidate per customer with a purchase by the cutoff"
    return [Breach("customer_id", rule, abs(rows - customers), (f"{rows} for {customers}",))]


def closed_windows_only(rows: int, candidates: int, *, is_closed: bool) -> list[Breach]:
    """Compare a division's labels with its candidates: all of them when closed, else none."""
    expected = candidates if is_closed else 0
    if rows == expected:
        return []
    rule = "a closed window labels every candidate" if is_closed else "an open window has no labels"
    return [Breach("label", rule, abs(rows - expected), (f"{rows} for {expected}",))]
