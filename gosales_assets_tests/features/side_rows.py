"""Random rows of the tables beside the log: customers with a history, the industry file."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets_tests.features.feature_worlds import CUTOFF
from gosales_assets_tests.star.order_lines import Row

STABLE: dict[str, Any] = {
    "customers": {"file": "c.csv", "stable": ["region", "sub_industry"]},
    "industry_enrichment": {"file": "i.csv", "stable": ["industry"]},
}
"""What the settings declare stable of the side tables."""

FROM_TABLE = [name for name in ATTRIBUTES if name not in ("branch", "rep")]
VALUES = {name: [None, f"{name} one", f"{name} two"] for name in FROM_TABLE} | {
    "industry": [None, "Mining", "Retail"],
    "sub_industry": [None, None, "Coal"],
}


def people(seed: int, customers: int = 12) -> tuple[list[Row], list[Row]]:
    """Random raw.customers and star.industry_matches: snapshots, past rows, and later ones."""
    draw = random.Random(seed)  # noqa: S311 - a test's world
    rows, matches = [], []
    for number in range(customers):
        name = f"c{number:02}"
        days = {_day(draw) for _ in range(draw.choice([0, 1, 2, 3]))}
        rows += [
            {"customer_id": name, "valid_from": day}
            | {"customer_name": draw.choice([None, f"Firm {name}", f"Firm {name} and Sons"])}
            | {column: draw.choice(values) for column, values in VALUES.items()}
            for day in sorted(days, key=lambda day: day or date.min)
        ]
        if draw.random() < 0.5:
            matches.append(match(name, draw.choice(["Metal", "Retail"]), _day(draw)))
    return rows, matches


def match(customer: str, industry: str, since: date | None, **about: Any) -> Row:
    """A company of the same name in the industry file; the customer bore the name for long."""
    return {
        "customer_id": customer,
        "customer_name": customer,
        "name_source": "log",
        "name_known_from": CUTOFF - timedelta(days=2_000),
        "company_name": customer,
        "industry": industry,
        "valid_from": since,
        "method": "same name",
        "score": 100.0,
        "verdict": "taken",
        "needs_review": False,
    } | about


def named(lines: Sequence[Row], seed: int) -> list[Row]:
    """The same lines with their customers' names, which now and then change for good."""
    draw = random.Random(seed)  # noqa: S311 - a test's world
    changed = {f"c{n:02}": CUTOFF + timedelta(days=draw.randint(-700, 180)) for n in range(12)}
    return [row | {"customer_name": _name(row, changed)} for row in lines]


def _name(row: Row, changed: Mapping[str, date]) -> str:
    customer = row["customer_id"]
    return f"Firm {customer}" + (" and Sons" if row["order_date"] > changed[customer] else "")


def companies(seed: int) -> list[Row]:
    """Random raw.industry_enrichment of the firms of `named`: snapshots, past rows, later ones."""
    draw = random.Random(seed)  # noqa: S311 - a test's world
    return [
        {"company_name": f"Firm c{n:02}{end}", "industry": industry, "valid_from": _day(draw)}
        for n in range(12)
        for end in ("", " and Sons")
        for industry in ("Metal", "Retail", "Wood")
        if draw.random() < 0.4
    ]


def _day(draw: random.Random) -> date | None:
    if draw.random() < 0.4:
        return None
    return CUTOFF + timedelta(days=draw.randint(-500, 200))
