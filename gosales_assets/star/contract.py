"""What the star room hands on: facts, dimensions, and the monthly and daily activity tables."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import FIRST_DAY, Contract, Money, Quantity, table

SCOPES = ["all", "division", "sku_set"]
MATCH_METHODS = [
    "same name",
    "account prefix",
    "similar name, 97 or more",
    "similar name, 94 or more",
]
TAKEN = "taken"
OWN = "not needed: the customers table knows the industry"
OUTDONE = "not needed: surer or newer evidence stands"
TIED = "undecided: as good as a company of another industry"
PAST = "not valid on the last day of the log"
VERDICTS = [TAKEN, OWN, OUTDONE, TIED, PAST]


class FactTransactions(Contract):
    """All order lines of the business, cleaned and keyed: the one place every number comes from."""

    line_id: str = pa.Field(unique=True, description="Identifies the line.")
    customer_id: str = pa.Field(
        str_length={"min_value": 1}, description="Customer; key of star.dim_customer."
    )
    order_id: str = pa.Field(description="Order; made of customer and day where none was given.")
    order_date: pl.Date = pa.Field(
        ge=FIRST_DAY, at_most_days_ahead=0, description="Day of the order."
    )
    sku: str = pa.Field(description="Product; key of star.dim_product.")
    division: str = pa.Field(description="Product line; key of star.dim_division.")
    quantity: Quantity = pa.Field(nullable=True, description="Units; negative for returns.")
    revenue: Money = pa.Field(nullable=True, description="Base currency; null: not in the log.")
    gross_profit: Money = pa.Field(nullable=True, description="Base currency; null: unknown.")
    value: Money = pa.Field(
        description="The money that labels and features use: gross profit or revenue, by setting."
    )
    is_return: bool = pa.Field(
        description="Negative quantity; without units: negative revenue, else negative profit."
    )
    branch: str = pa.Field(nullable=True, description="Selling branch.")
    rep: str = pa.Field(nullable=True, description="Sales representative on the order.")
    order_type: str = pa.Field(nullable=True, description="Order type as written.")
    currency_rate: float = pa.Field(gt=0, description="Rate the money was converted at.")
    source_file: str = pa.Field(description="File the line came from.")
    ingested_at: pl.Datetime = pa.Field(description="When the file was loaded (UTC).")


class DimCustomer(Contract):
    """Every customer of the sales log, with attributes and first and last order.

    Attributes are those that held on the last day of the log.
    """

    customer_id: str = pa.Field(unique=True, str_length={"min_value": 1}, description="Customer.")
    customer_name: str = pa.Field(description="Latest name in the log, else the side table's.")
    normalised_name: str = pa.Field(description="Name in plain lower-case letters, to match by.")
    account_prefix: str = pa.Field(nullable=True, description="Leading number of the name.")
    parent_account: str = pa.Field(
        nullable=True,
        description="Parent account, which need not be a customer; null: none known.",
    )
    industry: str = pa.Field(nullable=True, description="Industry; null: unknown.")
    sub_industry: str = pa.Field(nullable=True, description="Sub-industry; null: unknown.")
    industry_source: str = pa.Field(
        nullable=True,
        isin=["customers", "enrichment"],
        description="customers or enrichment; null: industry unknown.",
    )
    region: str = pa.Field(nullable=True, description="Region; null: unknown.")
    territory: str = pa.Field(nullable=True, description="Territory; null: unknown.")
    segment: str = pa.Field(nullable=True, description="Segment; null: unknown.")
    size: str = pa.Field(nullable=True, description="Size class; null: unknown.")
    country: str = pa.Field(nullable=True, description="Country; null: unknown.")
    postcode: str = pa.Field(nullable=True, description="Postcode; null: unknown.")
    rep: str = pa.Field(
        nullable=True, description="Side table's sales rep, else the rep of the latest order."
    )
    branch: str = pa.Field(nullable=True, description="Branch of the latest order.")
    first_order: pl.Date = pa.Field(
        ge=FIRST_DAY, description="Day of the first purchase or return."
    )
    last_order: pl.Date = pa.Field(
        not_below="first_order",
        at_most_days_ahead=0,
        description="Day of the latest purchase or return.",
    )
    in_log: bool = pa.Field(description="Whether the sales log knows the customer.")
    in_customers: bool = pa.Field(description="Whether the customers table knows the customer.")
    in_enrichment: bool = pa.Field(
        description="Whether a company of the industry file was found for the customer."
    )
    in_installed_base: bool = pa.Field(
        description="Whether the installed base lists a product of the customer."
    )


class IndustryMatches(Contract):
    """Companies of the industry file that customers' names may mean, and which one is taken.

    It is there to be reviewed. Branches of one company may all mean the same one.
    """

    customer_id: str = pa.Field(description="Customer.")
    customer_name: str = pa.Field(description="A name of the customer, past or present.")
    account_prefix: str = pa.Field(nullable=True, description="Leading number of that name.")
    name_source: str = pa.Field(
        isin=["log", "customers"], description="Where it bears that name: log or customers table."
    )
    name_known_from: pl.Date = pa.Field(
        nullable=True, description="Day since when that name is known; null: a snapshot of today."
    )
    enrichment_id: str = pa.Field(nullable=True, description="Foreign id of the company.")
    company_name: str = pa.Field(description="Name of the company that may be meant.")
    industry: str = pa.Field(description="Its industry.")
    sub_industry: str = pa.Field(nullable=True, description="Its sub-industry; null: unknown.")
    valid_from: pl.Date = pa.Field(
        nullable=True, description="Day since when that holds; null: a snapshot of today."
    )
    superseded_on: pl.Date = pa.Field(
        nullable=True, description="Day from which a newer row of the company holds; null: none."
    )
    method: str = pa.Field(
        isin=MATCH_METHODS, description="Evidence: same name, account prefix, or a similar name."
    )
    score: float = pa.Field(
        ge=94, le=100, description="Similarity of the names, 100 for the surest two methods."
    )
    verdict: str = pa.Field(
        isin=VERDICTS, description="Whether star.dim_customer takes the industry, or why not."
    )
    needs_review: bool = pa.Field(
        description="Whether a person should look: a similar name was taken, or nothing could be."
    )


class DimProduct(Contract):
    """Every product ever sold."""

    sku: str = pa.Field(unique=True, description="Product code.")
    product_name: str = pa.Field(nullable=True, description="Latest name; null: none given.")
    division: str = pa.Field(description="Division of its latest line.")
    family: str = pa.Field(nullable=True, description="Product family from the SKU map.")
    sale_type: str = pa.Field(nullable=True, description="Sale type from the SKU map.")
    first_sold: pl.Date = pa.Field(ge=FIRST_DAY, description="Day of the first line.")
    last_sold: pl.Date = pa.Field(
        not_below="first_sold",
        at_most_days_ahead=0,
        description="Day of the latest line.",
    )


class DimDivision(Contract):
    """Every product line, and every named set of products that is a target."""

    division: str = pa.Field(unique=True, description="Key of the division or SKU set.")
    scope: str = pa.Field(isin=SCOPES[1:], description="division, or sku_set.")
    family: str = pa.Field(nullable=True, description="Family from the SKU map.")
    is_target: bool = pa.Field(description="Whether purchases of it are predicted.")
    window_months: int = pa.Field(
        ge=1,
        description="Months to predict, by the settings; labels.target_windows has what was "
        "decided on the data.",
    )
    first_sold: pl.Date = pa.Field(
        nullable=True,
        ge=FIRST_DAY,
        at_most_days_ahead=0,
        description="First line; null: never sold.",
    )


class DimCutoff(Contract):
    """Every cutoff: the last day that features may see, and whether its outcome is known."""

    cutoff: pl.Date = pa.Field(unique=True, description="Last day that features see, inclusive.")
    window_end: pl.Date = pa.Field(
        not_below="cutoff",
        description="Last day of the usual label window (window_months of the settings).",
    )
    is_closed: bool = pa.Field(description="Whether the data reach the end of the usual window.")
    months_known: int = pa.Field(
        ge=0,
        description="Whole months of complete data after the cutoff: a target's window is closed "
        "if it has no more months than this.",
    )
    data_start: pl.Date = pa.Field(ge=FIRST_DAY, description="First order day of the log.")
    data_end: pl.Date = pa.Field(
        not_below="data_start", description="Day up to which the log is complete."
    )


class CustomerMonth(Contract):
    """What each customer bought in each month: overall, per division, and per SKU-set target."""

    customer_id: str = pa.Field(description="Customer.")
    scope: str = pa.Field(isin=SCOPES, description="all, division, or sku_set.")
    division: str = pa.Field(description="Division or SKU set; empty where scope is all.")
    month: pl.Date = pa.Field(ge=FIRST_DAY, description="Last day of the month.")
    orders: int = pa.Field(ge=0, description="Orders with at least one line that is no return.")
    lines: int = pa.Field(ge=1, not_below="returns", description="Order lines, returns included.")
    quantity: Quantity = pa.Field(nullable=True, description="Units, net of returns.")
    revenue: Money = pa.Field(nullable=True, description="Net revenue; null: unknown.")
    gross_profit: Money = pa.Field(nullable=True, description="Net gross profit; null: unknown.")
    value: Money = pa.Field(description="Net value (see fact_transactions.value).")
    returns: int = pa.Field(ge=0, description="Lines that are returns.")
    returned_value: Money = pa.Field(description="Value of the returns, as a positive number.")


class CustomerDay(Contract):
    """The days on which each customer bought something, overall, per division and SKU set."""

    customer_id: str = pa.Field(description="Customer.")
    scope: str = pa.Field(isin=SCOPES, description="all, division, or sku_set.")
    division: str = pa.Field(description="Division or SKU set; empty where scope is all.")
    order_date: pl.Date = pa.Field(
        ge=FIRST_DAY, at_most_days_ahead=0, description="Day with at least one purchase line."
    )
    orders: int = pa.Field(ge=1, description="Orders that day.")
    value: Money = pa.Field(description="Value of that day's lines, returns included.")


class ColumnProfile(Contract):
    """What every column of the raw and star tables is and holds: type, gaps, extremes."""

    table_name: str = pa.Field(description="Table, as room.table.")
    position: int = pa.Field(ge=1, description="Place of the column in the table, from 1.")
    column_name: str = pa.Field(description="Column.")
    type: str = pa.Field(description="Type of its values in the lake.")
    nullable: bool = pa.Field(description="Whether the contract lets values be missing.")
    meaning: str = pa.Field(description="What the column says.")
    rows: int = pa.Field(ge=0, description="Rows of the table.")
    null_share: float = pa.Field(
        nullable=True, ge=0, le=1, description="Share of missing values, 0 to 1; null: no rows."
    )
    distinct_values: int = pa.Field(
        nullable=True,
        ge=0,
        description="Different values; null: not counted, for they differ from run to run.",
    )
    distinct_is_exact: bool = pa.Field(
        description="Whether they were counted; else estimated, to a few per cent."
    )
    minimum: str = pa.Field(
        nullable=True,
        description="Smallest value, its first 80 characters; null: none, or differs by run.",
    )
    maximum: str = pa.Field(
        nullable=True,
        description="Largest value, its first 80 characters; null: none, or differs by run.",
    )
    checksum: str = pa.Field(description="Checksum of the table's content that was described.")


FACT_TRANSACTIONS = table(
    FactTransactions,
    "star.fact_transactions",
    grain="one row per order line",
    sort=("customer_id", "order_date", "line_id"),
    volatile=("ingested_at",),
    published="view",
    parts="month",
)
INDUSTRY_MATCHES = table(
    IndustryMatches,
    "star.industry_matches",
    grain="one row per customer, name (dated or not), and company that the name may mean",
    sort=(
        *("customer_id", "customer_name", "account_prefix", "name_source", "name_known_from"),
        *("method", "company_name", "enrichment_id", "valid_from", "industry", "sub_industry"),
    ),
    may_be_empty=True,
)
DIM_CUSTOMER = table(
    DimCustomer, "star.dim_customer", grain="one row per customer", sort=("customer_id",)
)
DIM_PRODUCT = table(DimProduct, "star.dim_product", grain="one row per product", sort=("sku",))
DIM_DIVISION = table(
    DimDivision, "star.dim_division", grain="one row per division or SKU set", sort=("division",)
)
DIM_CUTOFF = table(DimCutoff, "star.dim_cutoff", grain="one row per cutoff", sort=("cutoff",))
CUSTOMER_MONTH = table(
    CustomerMonth,
    "star.customer_month",
    grain="one row per customer, scope, division and month with any line",
    sort=("customer_id", "scope", "division", "month"),
    published="view",
    parts="month",
)
CUSTOMER_DAY = table(
    CustomerDay,
    "star.customer_day",
    grain="one row per customer, scope, division and day with a purchase",
    sort=("customer_id", "scope", "division", "order_date"),
    published="view",
    parts="month",
)
COLUMN_PROFILE = table(
    ColumnProfile,
    "star.column_profile",
    grain="one row per column of each raw and star table",
    sort=("table_name", "position"),
)
