"""Small sales logs with known meaning, written the way other people write them."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

FIRST, LAST = date(2021, 1, 4), date(2023, 12, 29)
DIVISIONS = ("Pumps", "Valves", "Pipes", "Service")
TODAY = date(2025, 7, 1)


def sales(rows: int = 1_500, seed: int = 7, first: date = FIRST, last: date = LAST) -> pl.DataFrame:
    """Order lines in our own names; some more columns to choose from: unit_cost, country, note."""
    draw = random.Random(seed)  # noqa: S311 - no secret hangs on it
    span = (last - first).days
    products = [
        (f"P-{at:03d}", f"{DIVISIONS[at % 4][:-1]} model {at}", DIVISIONS[at % 4])
        for at in range(40)
    ]
    prices = {sku: draw.randint(500, 90_000) / 100 for sku, _, _ in products}
    costs = {sku: round(price * draw.uniform(0.4, 0.8), 2) for sku, price in prices.items()}
    names = {at: f"{draw.choice(['Nord', 'Sued', 'Alpha', 'Beta'])} Works {at}" for at in range(80)}
    lines = []
    order = 10_000
    while len(lines) < rows:
        order += 1
        day = first + timedelta(days=round(span * len(lines) / rows))
        customer = draw.randrange(80)
        for sku, name, division in draw.sample(products, draw.randint(1, 4)):
            quantity = draw.choice([1, 1, 2, 3, 5, 10])
            lines.append(
                {
                    "customer_id": f"{4_000 + customer}",
                    "customer_name": names[customer],
                    "order_id": f"A{order}",
                    "order_date": day.isoformat(),
                    "sku": sku,
                    "product_name": name,
                    "division": division,
                    "quantity": str(quantity),
                    "unit_price": f"{prices[sku]:.2f}",
                    "revenue": f"{prices[sku] * quantity:.2f}",
                    "unit_cost": f"{costs[sku]:.2f}",
                    "cost": f"{costs[sku] * quantity:.2f}",
                    "gross_profit": f"{(prices[sku] - costs[sku]) * quantity:.2f}",
                    "rep": ["Ann", "Bob", "Cid"][customer % 3],
                    "currency": "EUR",
                    "country": ["DE", "FR"][customer % 2],
                    "note": "",
                }
            )
    frame = pl.DataFrame(lines[:rows])
    return frame.with_columns(note=pl.Series([f"n {draw.random():.6f}" for _ in range(rows)]))


def write(
    path: Path,
    frame: pl.DataFrame,
    headers: Mapping[str, str],
    *,
    separator: str = ",",
    above: Sequence[str] = (),
    encoding: str = "utf-8",
) -> Path:
    """Write some columns under other headers, in this order."""
    text = frame.select(pl.col(ours).alias(theirs) for ours, theirs in headers.items()).write_csv(
        separator=separator
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*above, text]), encoding=encoding, newline="")
    return path


def day_first(frame: pl.DataFrame, pattern: str = "%d.%m.%Y") -> pl.DataFrame:
    """Dates written in another way."""
    return frame.with_columns(pl.col("order_date").str.to_date().dt.strftime(pattern))


def decimal_comma(frame: pl.DataFrame) -> pl.DataFrame:
    """Amounts as 1.234,50."""
    amounts = ["unit_price", "revenue", "unit_cost", "cost", "gross_profit"]
    return frame.with_columns(
        pl.col(name).map_elements(
            lambda cell: f"{float(cell):,.2f}".translate(str.maketrans(",.", ".,")),
            return_dtype=pl.String,
        )
        for name in amounts
    )
