"""Small worlds for the features' tests: order lines become a lake, a lake becomes matrices."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from gosales_assets.features import layers
from gosales_assets.features.activity import open_star
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.past import past_of
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import CUSTOMERS, INSTALLED_BASE
from gosales_assets.star.activity import by_day, by_month
from gosales_assets.star.contract import (
    CUSTOMER_DAY,
    CUSTOMER_MONTH,
    FACT_TRANSACTIONS,
    INDUSTRY_MATCHES,
)
from gosales_assets.star.scopes import sku_sets
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.labels.laid_out import candidates_of
from gosales_assets_tests.star.order_lines import Row, evaluate, facts_of, line, made, sales_lines

CUTOFF = date(2024, 6, 30)
SKUS = {"p": "Tools", "q": "Tools", "r": "Paint", "s": "Wood"}
TARGETS = ["Brushes", "Paint", "Tools", "Wood"]  # nobody ever buys Brushes
SMALL = Settings.model_validate({"features": {"affinity_min_customers": 2}})


def world(seed: int, customers: int = 12, last_day: date = CUTOFF) -> list[Row]:
    """Random order lines of two and a half years: returns, repeats, gaps, lone buyers."""
    draw = random.Random(seed)  # noqa: S311 - a test's world
    rows = []
    for number in range(customers):
        for order in range(draw.choice([1, 1, 2, 4, 9, 20])):
            day = last_day - timedelta(days=int(900 * draw.random() ** 1.5))
            for _ in range(draw.randint(1, 3)):
                sku, units = draw.choice("pqrs"), draw.choice([1, 2, 5, -1])
                price = Decimal(draw.randint(100, 9_999)) / 100
                rows.append(
                    line(
                        f"c{number:02}",
                        day.isoformat(),
                        order_id=f"o{order}",
                        sku=sku,
                        division=SKUS[sku],
                        quantity=units,
                        revenue=units * price,
                        gross_profit=draw.choice([None, units * price / 4]),
                        branch=draw.choice([None, "North", "South"]),
                        rep=draw.choice([None, "Ann"]),
                    )
                )
    return rows


def rough(rows: Sequence[Row], seed: int) -> list[Row]:
    """The same lines with gaps: unknown units and money, and orders that span days and months."""
    draw = random.Random(seed)  # noqa: S311 - a test's world
    return [
        row
        | {
            "quantity": draw.choice([row["quantity"]] * 5 + [None]),
            "revenue": draw.choice([row["revenue"]] * 5 + [None]),
            "order_id": draw.choice([row["order_id"]] * 5 + ["again"]),
        }
        for row in rows
    ]


def installed_products(seed: int, customers: int = 12, products: int = 30) -> list[Row]:
    """Random raw.installed_base around the cutoff: unknown days, perpetual and ended ones."""
    draw = random.Random(seed)  # noqa: S311 - a test's world
    return [
        {
            "customer_id": f"c{draw.randrange(customers):02}",
            "sku": draw.choice("pqrst"),
            "purchase_date": draw.choice([None, CUTOFF + timedelta(days=draw.randint(-700, 60))]),
            "expiration_date": draw.choice(
                [None, CUTOFF, *(CUTOFF + timedelta(days=draw.randint(-300, 120)) for _ in "abc")]
            ),
            "quantity": 1.0,
        }
        for _ in range(products)
    ]


def fill(
    warehouse: Warehouse,
    facts: pl.DataFrame,
    settings: Settings = SMALL,
    industries: Mapping[str, str] | None = None,
    installed: Sequence[Row] = (),
    customers: Sequence[Row] = (),
    matches: Sequence[Row] = (),
) -> None:
    """Write the star (and what features read beside it) as the rooms before this one would.

    Parameters
    ----------
    industries
        Customer -> industry of a customers table that is a snapshot.
    customers, matches
        Further rows of raw.customers and of star.industry_matches.
    """
    sets = sku_sets(settings)
    warehouse.write(FACT_TRANSACTIONS, facts)
    warehouse.write(CUSTOMER_MONTH, evaluate(lambda t: by_month(t, sets), facts))
    warehouse.write(CUSTOMER_DAY, evaluate(lambda t: by_day(t, sets), facts))
    known = [{"customer_id": c, "industry": i} for c, i in sorted((industries or {}).items())]
    warehouse.write(CUSTOMERS, made(CUSTOMERS, [*known, *customers]))
    warehouse.write(INDUSTRY_MATCHES, made(INDUSTRY_MATCHES, matches))
    warehouse.write(INSTALLED_BASE, made(INSTALLED_BASE, installed))


def learn(
    warehouse: Warehouse,
    settings: Settings = SMALL,
    targets: Sequence[str] = TARGETS,
    cutoff: date = CUTOFF,
) -> layers.Learned:
    """Fit what a cutoff needs."""
    with open_star(warehouse, settings) as star:
        activity = star.as_of(cutoff)
        past = past_of(activity)
        ahead = dict.fromkeys(targets, settings.window_months)
        return layers.fit(past, side_tables(warehouse), targets, ahead, settings)


def matrix(
    warehouse: Warehouse,
    settings: Settings = SMALL,
    targets: Sequence[str] = TARGETS,
    cutoff: date = CUTOFF,
    windows: Mapping[str, int] | None = None,
) -> pl.DataFrame:
    """Feature matrices of all targets of a cutoff, below each other, nothing capped."""
    learned = learn(warehouse, settings, targets, cutoff)
    days = warehouse.read(CUSTOMER_DAY)
    pairs = candidates_of(days, targets, cutoff)
    with open_star(warehouse, settings, windows) as star:
        activity = star.as_of(cutoff)
        past = past_of(activity)
        customer = layers.customer_layer(activity, past, parameters_of(learned.statistics))()
        layer = layers.division_layer(
            activity, past, side_tables(warehouse), learned, targets, settings
        )
        division = pl.concat(layer(target) for target in targets)
    return layers.matrix(pairs, customer, division, {}).sort("division", "customer_id")


def side_tables(warehouse: Warehouse) -> layers.SideTables:
    """What features read beside the sales log."""
    tables = (CUSTOMERS, INDUSTRY_MATCHES, INSTALLED_BASE)
    return layers.SideTables(*(warehouse.read(table) for table in tables))


def facts(rows: Sequence[Row]) -> pl.DataFrame:
    """star.fact_transactions of these lines."""
    return facts_of(sales_lines(*rows))


def cells(frame: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of a matrix by (division, customer)."""
    return {(row["division"], row["customer_id"]): row for row in frame.iter_rows(named=True)}
