"""The slow truth of what side tables say: attributes and installed products known by the cutoff."""

from collections import Counter
from typing import Any

from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets_tests.features.oracle_past import Line, Past, Truth

INDUSTRY = ("industry", "sub_industry")


def of_profile(past: Past, customer: str, target: str) -> Truth:
    """Stored rates of the customers with the same attribute."""
    known = attributes(past, customer)
    names = {"industry_owned": ("industry", "ever")} | {
        f"{attribute}_rate": (attribute, "12m") for attribute in ATTRIBUTES
    }
    return {
        f"profile__div__{name}__{window}": _rate(past, f"profile_{name}", known[attribute], target)
        for name, (attribute, window) in names.items()
    }


def attributes(past: Past, customer: str) -> dict[str, str | None]:
    """What could be told of a customer on the evening of the cutoff."""
    stable = past.settings.side_tables["customers"].stable if _given(past, "customers") else []
    own = _told(past, past.customers, customer, stable)
    if not any(own.get(name) for name in INDUSTRY):
        own |= _industry(past, customer)
    lines = sorted(past.of(customer), key=lambda row: row["order_date"])
    for name in ("branch", "rep"):
        named = [row for row in lines if row[name] is not None]
        newest = [r[name] for r in named if r["order_date"] == named[-1]["order_date"]]
        own[name] = min(newest, default=None)
    return {attribute: own.get(attribute) for attribute in ATTRIBUTES}


def _given(past: Past, table: str) -> bool:
    return table in past.settings.side_tables


def _told(past: Past, rows: Any, customer: str, stable: Any) -> dict[str, Any]:
    """The newest row by the cutoff, else the stable columns of the snapshot."""
    own = [row for row in rows if row["customer_id"] == customer]
    dated = [row for row in own if row["valid_from"] and row["valid_from"] <= past.cutoff]
    if dated:
        return dict(max(dated, key=lambda row: row["valid_from"]))
    snapshots = [row for row in own if row["valid_from"] is None]
    return {name: row[name] for row in snapshots for name in stable}


def _industry(past: Past, customer: str) -> dict[str, Any]:
    """The industry file's word, for a customer that it knows by one sure name."""
    names_stable = _given(past, "customers") and (
        "customer_name" in past.settings.side_tables["customers"].stable
    )
    usable = [
        row
        for row in past.matches
        if (
            names_stable
            if row["name_known_from"] is None
            else row["name_known_from"] <= past.cutoff
        )
    ]
    stable = (
        past.settings.side_tables["industry_enrichment"].stable
        if _given(past, "industry_enrichment")
        else []
    )
    told = _told(past, usable, customer, stable)
    return {name: told.get(name) for name in INDUSTRY} if told.get("industry") else {}


def _rate(past: Past, name: str, value: str | None, target: str) -> float | None:
    fitted = past.fitted.get(name)
    if fitted is None or value is None:
        return None
    return fitted["rates"][fitted["values"].index(value)][list(past.targets).index(target)]


def installed_products(past: Past, customer: str, target: str) -> list[Line]:
    """Rows of the installed base that are of a customer and target, whenever they were bought."""
    return [
        row
        for row in past.installed
        if row["customer_id"] == customer and target in _homes(past, row["sku"])
    ]


def _homes(past: Past, sku: str) -> set[str]:
    """Sets of a product, and its division on its newest day: of several that with most lines."""
    lines = [row for row in past.lines if row["sku"] == sku]
    sets = {name for name, skus in past.sets.items() if sku in skus}
    if not lines:
        return sets
    divisions = Counter(row["division"] for row in lines)
    newest = max(row["order_date"] for row in lines)
    then = {row["division"] for row in lines if row["order_date"] == newest}
    return sets | {max(then, key=lambda division: (divisions[division], division))}
