"""Order lines of a few customers of the real log, for tests that are slow by design."""

from pathlib import Path

import polars as pl

from gosales_assets_tests.star.order_lines import Row, line

UK2Y = Path("online_retail_uk2y") / "transactions.csv.gz"


def uk2y_lines(shared_data: Path, every: int) -> list[Row]:
    """All lines of every so-many-th customer of the uk2y log, in the log's order."""
    log = pl.read_csv(shared_data / UK2Y, infer_schema_length=0)
    customers = log["customer_id"].unique().sort().gather_every(every)
    columns = ["customer_id", "order_date", "order_id", "sku", "division", "quantity", "revenue"]
    own = log.filter(pl.col("customer_id").is_in(customers.implode())).select(columns)
    return [
        line(customer, day[:10], order_id=order, sku=sku, division=division, quantity=units)
        | {"revenue": f"{float(money):.2f}"}
        for customer, day, order, sku, division, units, money in own.iter_rows()
    ]
