"""What features learn from: who bought what by a cutoff, kept once for all that is fitted."""

import pandera.polars as pa
import polars as pl

from gosales_assets.features.catalog import OFFSET_DAYS
from gosales_assets.tables import Contract, table

_CUTOFF = "Last day that was seen, inclusive."
_CUSTOMER = "Customer."
_PRODUCT = "Product; key of star.dim_product."
_NEWEST = "of the newest line that names one; null: none does."


class CustomerPast(Contract):
    """Since when and how often each customer bought by the cutoff, and who served it last."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    customer_id: str = pa.Field(unique=True, description=_CUSTOMER)
    order_days: int = pa.Field(ge=1, description="Days with an order.")
    oldest: int = pa.Field(ge=0, not_below="recent", description="Days since the first order.")
    recent: int = pa.Field(ge=0, description="Days since the newest order.")
    branch: str = pa.Field(nullable=True, description=f"Branch {_NEWEST}")
    rep: str = pa.Field(nullable=True, description=f"Rep {_NEWEST}")


class DivisionPast(Contract):
    """How much each customer bought of each product line by the cutoff."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    customer_id: str = pa.Field(description=_CUSTOMER)
    division: str = pa.Field(description="Division or SKU set.")
    orders: int = pa.Field(ge=0, description="Orders in the last 12 months.")
    value: float = pa.Field(description="Net value in the last 12 months, in base currency.")
    months: int = pa.Field(ge=0, description="Months with an order, of the last 24.")
    owned: bool = pa.Field(description="Whether it was ever ordered, not only returned.")
    first_age: int = pa.Field(
        nullable=True,
        ge=0,
        not_below="last_age",
        description="Months since the month of the first order; null: never ordered.",
    )
    last_age: int = pa.Field(
        nullable=True,
        ge=0,
        description="Months since the month of the newest order; null: never ordered.",
    )
    learned_until: pl.Date = pa.Field(
        nullable=True,
        description="Newest order day that rules learn of: between 12 months and "
        f"{OFFSET_DAYS} days before the cutoff; null: there is none.",
    )


class PurchaseGaps(Contract):
    """How long customers of each product line waited until they ordered of it again."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    division: str = pa.Field(description="Division or SKU set.")
    gap: int = pa.Field(ge=1, description="Months from a month with an order to the next one.")
    age: int = pa.Field(ge=1, not_below="gap", description="Months since the earlier of the two.")
    customers: int = pa.Field(ge=1, description="Customers who waited so.")


class ProductPast(Contract):
    """The products that each customer bought in the 12 months before the cutoff."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    customer_id: str = pa.Field(description=_CUSTOMER)
    sku: str = pa.Field(description=_PRODUCT)
    learned: bool = pa.Field(
        description=f"Whether that was {OFFSET_DAYS} days ago or more: rules learn of these."
    )


class ProductDivisions(Contract):
    """The divisions that each product's lines belonged to by the cutoff."""

    cutoff: pl.Date = pa.Field(description=_CUTOFF)
    sku: str = pa.Field(description=_PRODUCT)
    division: str = pa.Field(description="Division of some of its lines.")
    newest: pl.Date = pa.Field(description="Day of the newest of these lines.")
    lines: int = pa.Field(ge=1, description="How many lines, returns included.")
    bought: bool = pa.Field(description="Whether any of the last 12 months is no return.")


CUSTOMER_PAST = table(
    CustomerPast,
    "features.customer_past",
    grain="one row per cutoff and customer with any purchase by the cutoff",
    sort=("customer_id",),
    partitions=("cutoff",),
    published="view",
)
DIVISION_PAST = table(
    DivisionPast,
    "features.division_past",
    grain="one row per cutoff, customer, and division or SKU set with any line",
    sort=("customer_id", "division"),
    partitions=("cutoff",),
    published="view",
)
PURCHASE_GAPS = table(
    PurchaseGaps,
    "features.purchase_gaps",
    grain="one row per cutoff, division or SKU set, gap and age",
    sort=("division", "gap", "age"),
    partitions=("cutoff",),
    may_be_empty=True,
)
PRODUCT_PAST = table(
    ProductPast,
    "features.product_past",
    grain="one row per cutoff, customer and product bought in 12 months",
    sort=("customer_id", "sku"),
    partitions=("cutoff",),
    published="view",
    may_be_empty=True,
)
PRODUCT_DIVISIONS = table(
    ProductDivisions,
    "features.product_divisions",
    grain="one row per cutoff, product and division of its lines",
    sort=("sku", "division"),
    partitions=("cutoff",),
    published="view",
)
