"""Which products each customer bought on which days, in order: a year of it is a look-up."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from gosales_assets.features.ledger import Whole
from gosales_assets.features.numbering import day_number, numbers_among


@dataclass(frozen=True)
class Purchases:
    """Purchase lines in order of customer, product and day.

    Attributes
    ----------
    skus
        All products, sorted: a product's number is its place here.
    pairs
        Per line: number of the customer, times the number of products, and that of the product.
    days
        Per line: days since 1970.
    """

    skus: pl.Series
    pairs: Whole
    days: Whole

    def between(self, after: date, until: date, taught_until: date) -> pl.DataFrame:
        """Products that each customer bought in (after, until].

        Returns
        -------
        One row per customer and product, in order of their numbers: customer (its number), sku,
        and learned: whether it was bought by ``taught_until``.
        """
        inside = np.flatnonzero((self.days > day_number(after)) & (self.days <= day_number(until)))
        pairs = self.pairs[inside]
        first = np.flatnonzero(np.diff(pairs, prepend=-1))
        customers, products = np.divmod(pairs[first], max(self.skus.len(), 1))
        return pl.DataFrame(
            {
                "customer": customers,
                "sku": self.skus.gather(products),
                "learned": self.days[inside[first]] <= day_number(taught_until),
            }
        )


def purchases_of(lines: pl.LazyFrame, customers: pl.Series) -> Purchases:
    """Put the purchase lines in order.

    Parameters
    ----------
    lines
        star.fact_transactions.
    customers
        All customers, sorted.
    """
    bought = lines.filter(~pl.col("is_return")).select("customer_id", "sku", "order_date").collect()
    skus = bought["sku"].unique().sort()
    days = bought["order_date"].to_physical().cast(pl.Int64).to_numpy()
    first = int(days.min(initial=0))
    span = int(days.max(initial=0)) - first + 1
    buyers = numbers_among(customers, bought["customer_id"])
    pairs = buyers * skus.len() + numbers_among(skus, bought["sku"])
    # Nothing but these numbers is to be put in order, so they are sorted themselves.
    ordered = pl.Series(pairs * span + (days - first)).sort().to_numpy()
    pairs, since = np.divmod(ordered, span)
    return Purchases(skus, pairs, since + first)
